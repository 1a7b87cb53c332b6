#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tenancy/messages.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::webhook {

enum class Outcome {
    Allowed,
    Warned,   ///< allowed, and the client is told
    Audited,  ///< allowed, and only we take note
    Denied,
    NamespaceUnknown,  ///< ask again when the index may know the namespace
};
/// "allowed", "warned", "audited", "denied", "suspended".
[[nodiscard]] std::string_view name_of(Outcome outcome);

/// What to answer to /validate. Points into the index that it was made from.
struct Decision {
    Outcome outcome = Outcome::Allowed;
    /// The most important finding's; nullopt where there is nothing to say.
    std::optional<tenancy::Reason> reason{};
    /// What denies stands before what only warns; otherwise in the order of the object.
    std::vector<tenancy::Finding> findings{};
    std::size_t images_total = 0;  ///< in the object
    /// Images that an update left as they were, and that nothing allows any more.
    std::size_t grandfathered = 0;
    NamespaceRules const* rules = nullptr;  ///< null where they were not looked up or are not known
    /// For PolicyUnavailable: one clause, a constant.
    std::string_view unavailable{};
};

/// One line for Events and logs.
struct Note {
    tenancy::Reason reason = tenancy::Reason::NotAllowed;
    std::string text{};
};

}  // namespace rt::webhook
