#include "e2e/suite/support/carried_login.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {

testing::AssertionResult carry(std::string const& login, std::string const& host,
                               std::string const& ns, std::string const& secret) {
    Json const config = {{"auths", {{host, {{"auth", base64_encoded(login)}}}}}};
    return done(apply({{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", {{"name", secret}, {"namespace", ns}}},
                       {"type", "kubernetes.io/dockerconfigjson"},
                       {"stringData", {{".dockerconfigjson", config.dump()}}}}));
}

testing::AssertionResult start_carried(std::string const& ns, std::string const& pod,
                                       std::string const& image, std::string const& secret) {
    Json manifest = pod_manifest(ns, pod, image);
    manifest["spec"]["imagePullSecrets"] = Json::array({{{"name", secret}}});
    return done(apply(manifest));
}

testing::AssertionResult refused_by_registry(std::string const& ns, std::string const& pod,
                                             std::vector<std::string> const& signs) {
    return eventually(soon, [&] {
        std::string const message = waiting_message(ns, pod);
        bool const refuses = std::any_of(signs.begin(), signs.end(), [&](std::string const& sign) {
            return message.find(sign) != std::string::npos;
        });
        return refuses ? std::string() : "waits: " + message;
    });
}

}  // namespace e2e
