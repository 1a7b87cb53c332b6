#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/registry/door.hpp"
#include "lib/registry/reason.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::registry {

/// One thing that the tenancy allows, with an image of it to ask about.
struct Asked {
    tenancy::AllowEntry entry;
    Question question;
    bool operator==(Asked const&) const = default;
};

/// Whom the registry lets pull what was asked about.
struct Answers {
    std::set<std::string> holder;  ///< repositories that the credential may pull
    std::set<std::string> anyone;  ///< that one may pull without any
};

struct Verdict {
    Reason reason = Reason::Unknown;
    /// What it is about: refused, or open to everybody.
    std::vector<tenancy::AllowEntry> entries{};
    std::string detail{};  ///< of an error: what was seen; holds no secret
    bool operator==(Verdict const&) const = default;
};

/// Asks a registry's host with and without the credential. That nobody could be asked anonymously
/// says nothing about the credential.
[[nodiscard]] Result<Answers> ask(http::Transport& transport, std::string const& host,
                                  Door const& door, std::span<Asked const> asked,
                                  Login const& login, std::stop_token const& stop);

/// Pure.
[[nodiscard]] Verdict verdict_of(std::span<Asked const> asked, Result<Answers> const& answers);

/// The same in words. Empty where there is nothing to say.
struct Words {
    std::string for_admins;      ///< with role, action and resource
    std::string for_developers;  ///< without them
};
[[nodiscard]] Words words_for(Verdict const& verdict, tenancy::CredentialSpec const& spec,
                              std::string const& host);

}  // namespace rt::registry
