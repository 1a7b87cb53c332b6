#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

constexpr std::string_view puller = "puller@1146716667364888";

class StaticCredential : public TenancyTest {
  protected:
    /// The fixed credential as `kubectl create secret docker-registry` stores it: for the whole
    /// host.
    void store(std::string const& password) {
        Json const config = {
            {"auths",
             {{own_host(), {{"auth", base64_encoded(std::string(puller) + ":" + password)}}}}}};
        make_product_secret(name("login"), "kubernetes.io/dockerconfigjson",
                            {{".dockerconfigjson", config.dump()}});
    }
};

TEST_F(StaticCredential, is_keyed_by_path_pulls_and_follows_its_source) {
    store("not-the-password");
    make_registry({{"type", "DockerConfigSecret"},
                   {"dockerConfigSecret", {{"secretName", name("login")}}},
                   {"allowUnnarrowed", true}});
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.registry = name("registry");
    tenancy.role = "";
    make_ready_tenancy(tenancy);
    EXPECT_EQ(why_not_keys(ns, own_host() + "/cainiao/"), "");
    ASSERT_TRUE(pull_secret(ns));
    EXPECT_EQ(pull_secret(ns)->login(), std::string(puller) + ":not-the-password");

    // The control: this registry believes no other password.
    std::string const image = own_host() + "/cainiao/a1:v0.1";
    ASSERT_TRUE(done(apply(pod_manifest(ns, "a1", image))));
    EXPECT_TRUE(eventually(soon, [&] {
        std::string const message = waiting_message(ns, "a1");
        return message.find("authorize") != std::string::npos ||
                       message.find("401") != std::string::npos
                   ? ""
                   : "waits: " + message;
    }));

    store("simulated-password-of-the-puller");
    EXPECT_TRUE(eventually(soon, [&] {
        auto const secret = pull_secret(ns);
        return secret &&
                       secret->login() == std::string(puller) + ":simulated-password-of-the-puller"
                   ? ""
                   : "the pull Secret has not followed its source";
    }));
    EXPECT_EQ(why_not_keys(ns, own_host() + "/cainiao/"), "");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "a2", image))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "a2"); }));
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "bad", own_host() + "/alipay/a1:v0.1")),
                        {"[RT-NotAllowed]"}))
        << "what the credential could, the tenancy doesn't allow";
}

}  // namespace
}  // namespace e2e
