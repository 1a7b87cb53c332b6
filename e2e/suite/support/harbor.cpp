#include "e2e/suite/support/harbor.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {

testing::AssertionResult apply_harbor_registry() {
    std::string const secret = "e2e-harbor-robot";
    auto const applied =
        done(apply({{"apiVersion", "v1"},
                    {"kind", "Secret"},
                    {"metadata", {{"name", secret}, {"namespace", product_namespace}}},
                    {"stringData",
                     {{"username", "robot$registry-tenancy"},
                      {"password", "simulated-secret-of-registry-tenancys-robot"}}}}));
    if (!applied) {
        return applied;
    }
    Json const identity = {{"type", "AccessKey"}, {"accessKey", {{"secretName", secret}}}};
    return done(
        apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
               {"kind", "Registry"},
               {"metadata", {{"name", "e2e-harbor"}}},
               {"spec",
                {{"hosts", {harbor_host}},
                 {"type", "Harbor"},
                 {"harbor", {{"url", "https://" + harbor_host}, {"identity", identity}}}}}}));
}

CommandResult harbor_api(std::string const& method, std::string const& path,
                         std::string const& body) {
    std::vector<std::string> arguments = {"--user", "admin:simulated-password-of-the-admin",
                                          "--request", method};
    if (!body.empty()) {
        arguments.insert(arguments.end(), {"--data", body});
    }
    arguments.push_back("https://" + harbor_host + "/api/v2.0" + path);
    return cloud_curl(arguments);
}

Json harbor_robots(std::string const& part) {
    CommandResult const result = harbor_api("GET", "/robots?page_size=100&q=name%3D~" + part);
    Json list = Json::parse(result.out, nullptr, false);
    if (!result.ok() || !list.is_array()) {
        throw std::runtime_error("Harbor's robots: " + result.text());
    }
    return list;
}

}  // namespace e2e
