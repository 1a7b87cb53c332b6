#include "e2e/suite/support/exceptions.hpp"

#include <ctime>
#include <nlohmann/json.hpp>

namespace e2e {
namespace {

std::string time_in(std::chrono::seconds delay) {
    std::time_t const at = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) +
                           static_cast<std::time_t>(delay.count());
    std::tm utc{};
    gmtime_r(&at, &utc);
    char text[32];
    std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

}  // namespace

Json exception_manifest(std::string const& name, std::vector<std::string> const& namespaces,
                        Json images, std::chrono::seconds life) {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryException"},
            {"metadata", {{"name", name}}},
            {"spec",
             {{"namespaces", namespaces},
              {"images", std::move(images)},
              {"reason", "an end-to-end test"},
              {"expiresAt", time_in(life)}}}};
}

Json alipay_namespace() {
    return Json::array({{{"registry", "shared-acr"}, {"namespace", "alipay"}}});
}

Json too_many_repositories() {
    Json images = Json::array();
    for (int i = 0; i < 40; ++i) {
        images.push_back({{"registry", "shared-acr"},
                          {"repository", "alipay/image-number-" + std::to_string(i)}});
    }
    return images;
}

}  // namespace e2e
