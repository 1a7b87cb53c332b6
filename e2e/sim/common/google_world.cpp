#include "e2e/sim/common/google_world.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sim {
namespace {

/// Which permissions a predefined role includes, of those that are asked for here.
constexpr std::pair<std::string_view, std::string_view> role_permissions[] = {
    {"roles/iam.serviceAccountTokenCreator", "iam.serviceAccounts.getAccessToken"},
    {"roles/iam.workloadIdentityUser", "iam.serviceAccounts.getAccessToken"},
    {"roles/iam.serviceAccountUser", "iam.serviceAccounts.actAs"},
    {"roles/artifactregistry.reader", "artifactregistry.repositories.downloadArtifacts"},
    {"roles/artifactregistry.writer", "artifactregistry.repositories.downloadArtifacts"},
    {"roles/artifactregistry.writer", "artifactregistry.repositories.uploadArtifacts"},
};

/// "allUsers", the principal itself, or all of its pool: principalSet://.../POOL/*.
bool stands_for(std::string_view member, std::string_view principal) {
    if (member == "allUsers" || (member == principal && !principal.empty())) {
        return true;
    }
    constexpr std::string_view set = "principalSet://";
    constexpr std::string_view one = "principal://";
    if (member.substr(0, set.size()) != set || member.substr(member.size() - 2) != "/*" ||
        principal.substr(0, one.size()) != one) {
        return false;
    }
    std::string const pool(member.substr(set.size(), member.size() - set.size() - 1));
    return principal.substr(one.size()).substr(0, pool.size()) == pool;
}

template <typename Items>
auto find_named(Items const& items, std::string_view name, auto const& field)
    -> decltype(items.data()) {
    auto const at = std::find_if(items.begin(), items.end(),
                                 [&](auto const& item) { return item.*field == name; });
    return at == items.end() ? nullptr : &*at;
}

}  // namespace

void GooglePolicy::add(std::string const& role, std::vector<std::string> members) {
    bool const known = std::any_of(std::begin(role_permissions), std::end(role_permissions),
                                   [&](auto const& entry) { return entry.first == role; });
    if (!known) {
        throw std::runtime_error("the role \"" + role + "\" is not known here");
    }
    bindings_.push_back({role, std::move(members)});
}

bool GooglePolicy::allows(std::string_view principal, std::string_view permission) const {
    return std::any_of(bindings_.begin(), bindings_.end(), [&](Binding const& binding) {
        bool const includes = std::any_of(
            std::begin(role_permissions), std::end(role_permissions), [&](auto const& entry) {
                return entry.first == binding.role && entry.second == permission;
            });
        return includes && std::any_of(binding.members.begin(), binding.members.end(),
                                       [&](std::string const& member) {
                                           return stands_for(member, principal);
                                       });
    });
}

AttributeCondition::AttributeCondition(std::string const& expression) {
    constexpr std::string_view separator = " || ";
    std::string_view rest = expression;
    while (!rest.empty()) {
        std::string_view const term = rest.substr(0, rest.find(separator));
        rest.remove_prefix(std::min(rest.size(), term.size() + separator.size()));
        constexpr std::string_view equal = "assertion.sub == '";
        constexpr std::string_view starts = "assertion.sub.startsWith('";
        bool const whole = term.substr(0, equal.size()) == equal;
        std::string_view const begin = whole ? equal : starts;
        std::string_view const end = whole ? "'" : "')";
        if (term.size() <= begin.size() + end.size() || term.substr(0, begin.size()) != begin ||
            term.substr(term.size() - end.size()) != end) {
            throw std::runtime_error("the condition \"" + expression + "\" can't be read here");
        }
        terms_.push_back(
            {std::string(term.substr(begin.size(), term.size() - begin.size() - end.size())),
             whole});
    }
}

bool AttributeCondition::holds(std::string_view subject) const {
    return terms_.empty() || std::any_of(terms_.begin(), terms_.end(), [&](Term const& term) {
               return term.whole ? subject == term.text
                                 : subject.substr(0, term.text.size()) == term.text;
           });
}

std::string GoogleProvider::principal_of(std::string const& subject) const {
    return "principal:" + name.substr(0, name.find("/providers/")) + "/subject/" + subject;
}

bool GoogleProvider::takes_audience(std::string const& audience) const {
    return audiences.empty()
               ? audience == name || audience == "https:" + name
               : std::find(audiences.begin(), audiences.end(), audience) != audiences.end();
}

GoogleProvider const* GoogleWorld::find_provider(std::string_view name) const {
    return find_named(providers, name, &GoogleProvider::name);
}

GoogleServiceAccount const* GoogleWorld::find_service_account(std::string_view email) const {
    return find_named(service_accounts, email, &GoogleServiceAccount::email);
}

GoogleRepository const* GoogleWorld::find_repository(std::string_view name) const {
    return find_named(repositories, name, &GoogleRepository::name);
}

}  // namespace sim
