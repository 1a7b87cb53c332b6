#include "e2e/sim/common/google_reader.hpp"

#include <stdexcept>

namespace sim {
namespace {

/// Runs `read`, and says where in the file it complained.
template <typename Read>
void located(std::string const& where, Read const& read) {
    try {
        read();
    } catch (std::runtime_error const& error) {
        throw std::runtime_error(where + ": " + error.what());
    }
}

GooglePolicy read_policy(YamlMapping const& owner) {
    GooglePolicy policy;
    std::size_t index = 0;
    for (const YAML::Node& entry : owner.entries("bindings")) {
        std::string const where = owner.where("bindings") + "/" + std::to_string(index++);
        YamlMapping const map(entry, where, {"role", "members"});
        std::string const role = map.required_text("role");
        located(where, [&] { policy.add(role, map.texts("members")); });
    }
    return policy;
}

GoogleProvider read_provider(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where, {"name", "issuer", "audiences", "condition"});
    GoogleProvider provider;
    provider.name = map.required_text("name");
    provider.issuer = map.required_text("issuer");
    provider.audiences = map.texts("audiences");
    std::string const condition = map.text("condition", "");
    located(where, [&] { provider.condition = AttributeCondition(condition); });
    return provider;
}

GoogleServiceAccount read_service_account(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where,
                          {"email", "bindings", "tokenSecondsAtMost", "tokenSecondsOverride"});
    return {map.required_text("email"), read_policy(map),
            map.number("tokenSecondsAtMost", 3600, 3600, 43200),
            map.number("tokenSecondsOverride", 0, 0, 43200)};
}

GoogleRepository read_repository(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where, {"name", "bindings"});
    return {map.required_text("name"), read_policy(map)};
}

}  // namespace

GoogleWorld read_google_world(const YAML::Node& section) {
    YamlMapping const file(section, "/google",
                           {"node", "providers", "serviceAccounts", "repositories"});
    YamlMapping const node(file.node("node"), "/google/node", {"email", "scopes", "tokenSeconds"});
    GoogleWorld world;
    world.node = {node.required_text("email"), node.texts("scopes"),
                  node.number("tokenSeconds", 3599, 1, 3600)};
    auto const each = [&](std::string const& key, auto const& read) {
        std::size_t index = 0;
        for (const YAML::Node& entry : file.entries(key)) {
            read(entry, file.where(key) + "/" + std::to_string(index++));
        }
    };
    each("providers", [&](const YAML::Node& entry, std::string const& where) {
        world.providers.push_back(read_provider(entry, where));
    });
    each("serviceAccounts", [&](const YAML::Node& entry, std::string const& where) {
        world.service_accounts.push_back(read_service_account(entry, where));
    });
    each("repositories", [&](const YAML::Node& entry, std::string const& where) {
        world.repositories.push_back(read_repository(entry, where));
    });
    if (world.find_service_account(world.node.email) == nullptr) {
        throw std::runtime_error("/google/node/email: there is no service account \"" +
                                 world.node.email + "\" in /google/serviceAccounts");
    }
    return world;
}

}  // namespace sim
