#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class NamespaceLifecycle : public TenancyTest {
  protected:
    Tenancy tenancy_of(std::string const& ns) const {
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {ns};
        return tenancy;
    }

    static std::string summary_of(std::string const& tenancy) {
        auto const object = get("registrytenancy", tenancy);
        return object ? text_at(*object, "/status/namespaces/summary") : "no tenancy";
    }
};

TEST_F(NamespaceLifecycle, a_tenancy_may_come_before_its_namespaces) {
    std::string const ns = name("later");
    make_ready_tenancy(tenancy_of(ns));
    EXPECT_EQ(summary_of(name("tenancy")), "0/0");
    make_namespace("later");
    EXPECT_TRUE(eventually(soon, [&] { return why_not_keys(ns, keys_of("cainiao/")); }));
    EXPECT_TRUE(eventually(soon, [&] {
        return summary_of(name("tenancy")) == "1/1" ? "" : summary_of(name("tenancy"));
    }));
}

TEST_F(NamespaceLifecycle, a_namespace_and_its_pod_may_come_in_one_apply) {
    std::string const ns = name("with-pod");
    remember_namespace(ns);
    make_ready_tenancy(tenancy_of(ns));
    ASSERT_TRUE(done(apply(Json::array(
        {namespace_manifest(ns), pod_manifest(ns, "a1", std::string(allowed_image))}))));
    auto const pod = get("pod", "a1", ns);
    ASSERT_TRUE(pod);
    EXPECT_EQ((*pod)["spec"]["imagePullSecrets"].dump(), R"([{"name":"registry-tenancy"}])");
    // The node may have tried before the Secret was there, and tries again after a while.
    EXPECT_TRUE(eventually(std::chrono::seconds(90), [&] { return why_not_running(ns, "a1"); }));
}

TEST_F(NamespaceLifecycle, a_brand_new_namespace_is_no_way_around_the_rules) {
    std::string const ns = name("too-fast");
    remember_namespace(ns);
    make_ready_tenancy(tenancy_of(ns));
    EXPECT_TRUE(refused(apply(Json::array({namespace_manifest(ns),
                                           pod_manifest(ns, "a1", std::string(foreign_image))})),
                        {"[RT-NotAllowed]"}));
    EXPECT_FALSE(get("pod", "a1", ns));
}

TEST_F(NamespaceLifecycle, a_terminating_namespace_goes_in_peace) {
    std::string const stays = make_namespace("stays");
    std::string const goes = make_namespace("goes");
    Tenancy tenancy = tenancy_of(stays);
    tenancy.namespaces.push_back(goes);
    make_ready_tenancy(tenancy);
    ASSERT_TRUE(done(
        kubectl({"delete", "namespace", goes, "--timeout=60s"}, "", std::chrono::seconds(75))));
    EXPECT_TRUE(eventually(
        soon, [&] { return summary_of(tenancy.name) == "1/1" ? "" : summary_of(tenancy.name); }));
    EXPECT_EQ(why_not_ready(tenancy.name), "");
}

TEST_F(NamespaceLifecycle, a_namespace_that_moves_keeps_its_secret_and_changes_its_keys) {
    Tenancy first;
    first.name = name("first");
    first.team = name("one");
    Tenancy second;
    second.name = name("second");
    second.team = name("two");
    second.allow = {{"repository", "base/jdk"}};
    std::string const ns = make_namespace("moves", first.team);
    make_tenancy(second);
    make_ready_tenancy(first);
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->keys(), keys_of("cainiao/"));

    ASSERT_TRUE(done(kubectl({"label", "namespace", ns, "--overwrite", "team=" + second.team})));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_keys(ns, keys_of("base/jdk")); }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, before->uid);
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const refusal = refused(try_apply(pod_manifest(ns, "old", std::string(allowed_image))),
                                     {"[RT-NotAllowed]"});
        return refusal ? "" : refusal.message();
    }));
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "new", std::string(base_image)))));
}

TEST_F(NamespaceLifecycle, narrowing_drops_keys_at_once_and_in_place) {
    std::string const ns = make_namespace("ns");
    Tenancy tenancy = tenancy_of(ns);
    tenancy.allow = {{"namespace", "cainiao"}, {"repository", "base/jdk"}};
    make_ready_tenancy(tenancy);
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->logins.size(), 4U) << before->keys();
    tenancy.allow = {{"repository", "base/jdk"}};
    make_tenancy(tenancy);
    EXPECT_TRUE(eventually(soon, [&] { return why_not_keys(ns, keys_of("base/jdk")); }));
    EXPECT_EQ(pull_secret(ns)->uid, before->uid);
    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }));
    EXPECT_NE(pull_secret(ns)->login(), before->login()) << "the session must be narrowed, too";
}

}  // namespace
}  // namespace e2e
