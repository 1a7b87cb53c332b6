#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/failure_matrix.hpp"
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
    /// A Registry of the stored credential, and a ready tenancy of it for this namespace.
    Tenancy govern(std::string const& ns) {
        make_registry({{"type", "DockerConfigSecret"},
                       {"dockerConfigSecret", {{"secretName", name("login")}}},
                       {"allowUnnarrowed", true}});
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {ns};
        tenancy.registry = name("registry");
        tenancy.role = "";
        make_ready_tenancy(tenancy);
        return tenancy;
    }
};

TEST_F(StaticCredential, is_keyed_by_path_pulls_and_follows_its_source) {
    store("not-the-password");
    std::string const ns = make_namespace("ns");
    govern(ns);
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

/// Its type can't be changed where it stands: it is another Secret of the same name.
std::shared_ptr<void> instead_of(std::string const& secret, std::string const& type,
                                 Json const& data, std::function<void()> const& mend) {
    std::string const ns(product_namespace);
    EXPECT_TRUE(done(kubectl({"-n", ns, "delete", "secret", secret})));
    if (!type.empty()) {
        EXPECT_TRUE(done(apply({{"apiVersion", "v1"},
                                {"kind", "Secret"},
                                {"type", type},
                                {"metadata", {{"name", secret}, {"namespace", ns}}},
                                {"stringData", data}})));
    }
    return {nullptr, [=](void*) {
                kubectl({"-n", ns, "delete", "secret", secret, "--ignore-not-found"});
                mend();
            }};
}

std::vector<std::string> const wrongs = {"is_deleted", "is_garbage", "is_of_another_type",
                                         "knows_another_host"};

/// What can be wrong with the source: there is no cloud that could throttle, hang or judge clocks.
class StaticCredentialFaults : public StaticCredential,
                               public testing::WithParamInterface<std::size_t> {
  protected:
    Trouble trouble() {
        std::string const config_type = "kubernetes.io/dockerconfigjson";
        auto const becoming = [this](std::string const& type, Json const& data) {
            return [=, this](Victim const&) {
                return instead_of(name("login"), type, data,
                                  [this] { store("simulated-password-of-the-puller"); });
            };
        };
        // The API server itself refuses a docker configuration that is no JSON.
        std::vector<Trouble> const all = {
            {wrongs[0], becoming("", {}), denied, "SecretNotFound", {"does not exist; create it"}},
            {wrongs[1],
             becoming(config_type, {{".dockerconfigjson", R"({"auths":"nonsense"})"}}),
             denied,
             "InvalidArgument",
             {"docker config"}},
            {wrongs[2],
             becoming("Opaque", {{"password", "not-the-password"}}),
             denied,
             "NotFound",
             {"key .dockerconfigjson: missing"}},
            {wrongs[3],
             becoming(config_type, {{".dockerconfigjson",
                                     R"({"auths":{"other.example.com":{"auth":"YTpi"}}})"}}),
             denied,
             "NotFound",
             {"has no entry for any host"}},
        };
        return all[GetParam()];
    }
};

TEST_P(StaticCredentialFaults, keep_the_secret_that_works) {
    store("simulated-password-of-the-puller");
    std::string const ns = make_namespace("ns");
    Tenancy const tenancy = govern(ns);
    Tenancy changed = tenancy;
    changed.allow.emplace_back("repository", "base/jdk");
    Tenancy again = tenancy;
    again.allow.emplace_back("repository", "base/jre");
    expect_last_good_stays(trouble(), {name("tenancy"),
                                       {ns, ""},
                                       {changed.manifest(), again.manifest()},
                                       own_host() + "/cainiao/a1:v0.1",
                                       name("login"),
                                       false});
}

INSTANTIATE_TEST_SUITE_P(Each, StaticCredentialFaults,
                         testing::Range(std::size_t{0}, wrongs.size()),
                         [](auto const& each) { return "the_secret_" + wrongs[each.param]; });

}  // namespace
}  // namespace e2e
