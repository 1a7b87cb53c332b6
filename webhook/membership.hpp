#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/kube/core/object.hpp"

namespace rt::webhook {

using NamespaceLabels = std::map<std::string, std::string>;

/// Which namespaces a tenancy selects.
struct Selection {
    std::vector<std::string> namespaces{};  ///< by name
    std::optional<kube::LabelSelector>
        namespace_selector{};  ///< by label; an empty one matches none

    [[nodiscard]] bool matches(std::string_view ns, NamespaceLabels const& labels) const;
    bool operator==(Selection const&) const = default;
};

/// Finds the tenancies that may select a namespace without asking each of them: by name, by one
/// label that their selector demands, or (negative and existence selectors only) by asking.
class MembershipTable {
  public:
    void set(std::string const& tenancy, Selection const& selection);
    void erase(std::string const& tenancy);
    /// Names of the tenancies that select the namespace; sorted, unique.
    [[nodiscard]] std::vector<std::string> tenancies_of(std::string_view ns,
                                                        NamespaceLabels const& labels) const;

  private:
    using Names = std::vector<std::string>;
    static void remove(std::unordered_map<std::string, Names>& table, std::string const& key,
                       std::string const& tenancy);

    std::map<std::string, Selection> selections_;
    std::unordered_map<std::string, Names> by_name_;
    std::unordered_map<std::string, Names> by_label_;  ///< "key=value"
    Names others_;
};

}  // namespace rt::webhook
