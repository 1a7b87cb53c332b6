#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// keyStyle Host, for what reads no paths in a docker configuration; and what it costs.
class KeyStyle : public TenancyTest {
  protected:
    void make_host_style_registry() {
        make_registry({{"type", "AlibabaACR"},
                       {"keyStyle", "Host"},
                       {"alibabaACR",
                        {{"instanceID", "cri-shanghai-shared01"},
                         {"region", "cn-shanghai"},
                         {"identity", {{"type", "InstanceRole"}}}}}});
    }
    [[nodiscard]] Tenancy tenancy(std::vector<std::pair<std::string, std::string>> allow) const {
        Tenancy out;
        out.name = name("tenancy");
        out.namespaces = {name("ns")};
        out.registry = name("registry");
        out.allow = std::move(allow);
        return out;
    }
    /// Whether the registry was asked for this repository with the namespace's credential, and
    /// granted nothing.
    [[nodiscard]] bool was_offered_in_vain(CloudRequests const& requests,
                                           std::string const& repository) const {
        return !requests
                    .matching([&](Json const& entry) {
                        return text_at(entry, "/action") == "Token" &&
                               text_at(entry, "/session") == "demo." + name("ns") &&
                               text_at(entry, "/scope") == "repository:" + repository + ":pull" &&
                               text_at(entry, "/granted").empty();
                    })
                    .empty();
    }
};

TEST_F(KeyStyle, of_hosts_gives_one_bare_key_with_which_a_node_pulls) {
    make_host_style_registry();
    std::string const ns = make_namespace("ns");
    make_ready_tenancy(tenancy({{"namespace", "cainiao"}, {"repository", "base/jdk"}}));
    EXPECT_EQ(why_not_keys(ns, own_host()), "");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "namespace", own_host() + "/cainiao/a1:v0.1"))));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "repository", own_host() + "/base/jdk:17"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "namespace"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "repository"); }));
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "foreign", own_host() + "/alipay/a1:v0.1")),
                        {"[RT-NotAllowed]"}))
        << "admission does not depend on keys";
}

/// The cost: nodes show the credential to the registry for any image of the host. What still stands
/// in the way is its session.
TEST_F(KeyStyle, of_hosts_offers_the_credential_for_every_image_of_the_host) {
    make_host_style_registry();
    std::string const ns = make_namespace("ns");
    Tenancy audited = tenancy({{"namespace", "cainiao"}});
    audited.enforcement = "Audit";  // else admission would refuse the Pod before any node saw it
    make_ready_tenancy(audited);
    CloudRequests const requests;
    ASSERT_TRUE(done(apply(pod_manifest(ns, "foreign", own_host() + "/alipay/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] {
        return was_offered_in_vain(requests, "alipay/a1") ? "" : "it was not offered";
    }));
    EXPECT_NE(why_not_running(ns, "foreign"), "") << "the session is narrowed to cainiao";
}

}  // namespace
}  // namespace e2e
