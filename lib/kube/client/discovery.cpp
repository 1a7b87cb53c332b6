#include "lib/kube/client/discovery.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace rt::kube {
namespace {

/// Nothing has more; each costs a request.
constexpr std::size_t versions_max = 8;

/// nullopt: the server knows no such path.
Result<std::optional<Json>> get(Client& client, std::string const& path,
                                std::stop_token const& stop) {
    auto const text = client.raw_get(path, stop);
    if (!text && text.error().kind == ErrorKind::NotFound) {
        return std::optional<Json>();
    }
    if (!text) {
        return fail(text.error());
    }
    RT_TRY(Json document, parse_json(*text));
    return std::optional(std::move(document));
}

Json const& list_in(Json const& object, std::string_view name) {
    static Json const none = Json::array();
    Json const* const list = find(object, name);
    return list != nullptr && list->is_array() ? *list : none;
}

/// The preferred one first.
std::vector<std::string> versions_of(Json const& group) {
    std::vector<std::string> versions;
    auto const add = [&](std::string version) {
        if (!version.empty() && versions.size() < versions_max &&
            std::find(versions.begin(), versions.end(), version) == versions.end()) {
            versions.push_back(std::move(version));
        }
    };
    if (Json const* const preferred = find(group, "preferredVersion")) {
        add(string_at(*preferred, "version"));
    }
    for (Json const& version : list_in(group, "versions")) {
        add(string_at(version, "version"));
    }
    return versions;
}

class Discoverer {
  public:
    Discoverer(Client& client, std::stop_token stop) : client_(client), stop_(std::move(stop)) {}

    Result<std::optional<ResourceType>> find_type(GroupResource const& wanted) {
        RT_TRY(auto const* const versions, versions_of_group(wanted.group));
        for (std::string const& version : *versions) {
            RT_TRY(auto const* const resources, resources_of(wanted.group + '/' + version));
            for (Json const& one : list_in(*resources, "resources")) {
                if (string_at(one, "name") == wanted.resource) {
                    Json const* const namespaced = find(one, "namespaced");
                    return std::optional(
                        ResourceType{wanted.group, version, wanted.resource, string_at(one, "kind"),
                                     namespaced != nullptr && *namespaced == true});
                }
            }
        }
        return std::optional<ResourceType>();
    }

  private:
    Result<std::vector<std::string> const*> versions_of_group(std::string const& group) {
        auto const [found, fresh] = versions_.try_emplace(group);
        if (fresh) {
            RT_TRY(auto const document, get(client_, "/apis/" + group, stop_));
            found->second = document ? versions_of(*document) : std::vector<std::string>();
        }
        return &found->second;
    }

    Result<Json const*> resources_of(std::string const& group_version) {
        auto const [found, fresh] = resources_.try_emplace(group_version);
        if (fresh) {
            RT_TRY(auto document, get(client_, "/apis/" + group_version, stop_));
            found->second = document ? *std::move(document) : Json::object();
        }
        return &std::as_const(found->second);
    }

    Client& client_;
    std::stop_token stop_;
    std::map<std::string, std::vector<std::string>> versions_;
    std::map<std::string, Json> resources_;
};

}  // namespace

Result<std::vector<std::optional<ResourceType>>> discover(Client& client,
                                                          std::vector<GroupResource> const& wanted,
                                                          std::stop_token const& stop) {
    Discoverer discoverer(client, stop);
    std::vector<std::optional<ResourceType>> types;
    for (GroupResource const& one : wanted) {
        RT_TRY(auto type, discoverer.find_type(one));
        types.push_back(std::move(type));
    }
    return types;
}

}  // namespace rt::kube
