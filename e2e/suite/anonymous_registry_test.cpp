#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class AnonymousRegistry : public TenancyTest {};

TEST_F(AnonymousRegistry, is_judged_and_pulled_from_without_any_secret) {
    make_registry({{"type", "Anonymous"}, {"anonymous", Json::object()}});
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.registry = name("registry");
    tenancy.role = "";
    tenancy.allow = {{"namespace", "pub"}};
    make_ready_tenancy(tenancy);

    ASSERT_TRUE(done(apply(pod_manifest(ns, "good", own_host() + "/pub/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "good"); }));
    auto const pod = get("pod", "good", ns);
    ASSERT_TRUE(pod);
    EXPECT_FALSE((*pod)["spec"].contains("imagePullSecrets")) << (*pod)["spec"].dump();
    EXPECT_FALSE(pull_secret(ns)) << "there is nothing to write into it";
    EXPECT_EQ(problems_of(ns), "");
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "bad", own_host() + "/cainiao/a1:v0.1")),
                        {"[RT-NotAllowed]", "pub/*"}));
}

}  // namespace
}  // namespace e2e
