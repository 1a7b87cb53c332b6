#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "lib/base/digest.hpp"
#include "operator/cloud/token_source.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/fake_random.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::op {

/// A source of credentials, what it works with faked, and the Registry and credential it is asked
/// for, which the constructor of a test describes.
class SourceTest : public testing::Test {
  protected:
    SourceTest(std::string const& registry, tenancy::RegistryType type, std::string const& host) {
        registry_->meta.name = registry;
        registry_->type = type;
        registry_->hosts = {*tenancy::RegistryHost::parse(host)};
        spec_.registry = registry_;
    }

    CredentialSourceContext context() {
        return {clouds_, api_, clock_, random_, product_namespace_};
    }
    /// Puts a Secret into the operator's namespace; `data` in clear.
    void put_secret(std::string const& name, Json const& data) {
        Json secret{{"apiVersion", "v1"},
                    {"kind", "Secret"},
                    {"metadata", {{"name", name}, {"namespace", product_namespace_}}}};
        for (auto const& [key, value] : data.items()) {
            secret["data"][key] = base64_encode(value.get<std::string>());
        }
        api_.put(kube::types::secrets, secret);
    }

    std::string const product_namespace_ = "registry-tenancy-system";
    std::shared_ptr<tenancy::Registry> registry_ = std::make_shared<tenancy::Registry>();
    tenancy::CredentialSpec spec_;
    test::FakeClock clock_;
    test::FakeRandom random_;
    test::ScriptedTransport clouds_;
    test::FakeApiServer api_{clock_};
};

}  // namespace rt::op
