#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/exceptions.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

using std::chrono::hours;

/// What the schema of RegistryExceptions alone cannot see (crd_rules/ shows what it can): the
/// credentials that one would extend, the time, and what is there.
class ExceptionsValidated : public TenancyTest {
  protected:
    void TearDown() override {
        kubectl({"delete", "rx", name("exception"), "--ignore-not-found", "--wait=false"});
        TenancyTest::TearDown();
    }

    [[nodiscard]] Json exception(std::string const& ns, Json images, hours life = hours(1)) const {
        return exception_manifest(name("exception"), {ns}, std::move(images), life);
    }

    /// Empty when it is accepted and the warnings show each of the texts. Webhooks learn of
    /// namespaces and tenancies by their watches, so callers ask until it is so.
    static std::string why_not_warned(CommandResult const& result,
                                      std::vector<std::string> const& texts) {
        for (std::string const& text : texts) {
            if (!result.ok() || result.err.find("Warning: ") == std::string::npos ||
                result.err.find(text) == std::string::npos) {
                return "no warning '" + text + "' in: " + result.text();
            }
        }
        return {};
    }
};

TEST_F(ExceptionsValidated, one_that_no_session_policy_can_hold_is_refused_with_its_size) {
    std::string const ns = make_governed_namespace();
    Json const manifest = exception(ns, too_many_repositories());
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const refusal = refused(
            apply(manifest), {"RegistryException", "/spec/images", ns, "bytes", "shared-acr"});
        return refusal ? "" : refusal.message();
    }));
    EXPECT_FALSE(get("registryexception", name("exception")));
    EXPECT_EQ(why_not_keys(ns, keys_of("cainiao/")), "");
    auto const control = apply(exception(ns, alipay_namespace()));
    EXPECT_TRUE(done(control));
    EXPECT_EQ(control.err.find("Warning"), std::string::npos) << control.err;
}

TEST_F(ExceptionsValidated, one_that_has_ended_when_applied_is_accepted_with_a_warning) {
    std::string const ns = make_governed_namespace();
    // Too large as well, which no longer matters to anybody.
    auto const result = apply(exception(ns, too_many_repositories(), -hours(1)));
    EXPECT_EQ(why_not_warned(result, {"the exception has ended", "kept for the record"}), "");
    EXPECT_TRUE(get("registryexception", name("exception")));
}

TEST_F(ExceptionsValidated, what_was_wrong_before_fails_no_update) {
    std::string const ns = make_namespace("ns");
    // Before the tenancy, as GitOps applies in any order, so that nobody could refuse it.
    Json manifest = exception(ns, too_many_repositories());
    ASSERT_TRUE(done(apply(manifest)));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        Json fresh = manifest;
        fresh["metadata"]["name"] = name("another");
        auto const refusal = refused(try_apply(fresh), {"/spec/images"});
        return refusal ? "" : refusal.message();
    })) << "the webhook knows the tenancy now";
    manifest["spec"]["ticket"] = "INC-4711";
    EXPECT_TRUE(done(apply(manifest)));
    manifest["spec"]["images"].push_back({{"registry", "shared-acr"}, {"namespace", "one-more"}});
    EXPECT_TRUE(refused(apply(manifest), {"/spec/images", "bytes"})) << "made worse";
}

TEST_F(ExceptionsValidated, what_it_will_not_do_is_said) {
    std::string const ns = make_governed_namespace();
    std::string const free = make_namespace("free");
    Json ghost = Json::array({{{"registry", name("ghost")}, {"namespace", "x"}}});
    EXPECT_EQ(why_not_warned(try_apply(exception(ns, ghost)),
                             {"Registry \"" + name("ghost") + "\" does not exist (yet)"}),
              "");
    EXPECT_EQ(why_not_warned(try_apply(exception(name("nowhere"), alipay_namespace())),
                             {"\"" + name("nowhere") + "\": does not exist (yet)"}),
              "");
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(try_apply(exception(free, alipay_namespace())),
                              {"\"" + free + "\": no RegistryTenancy governs it"});
    }));
    Json of_nobody = exception(ns, alipay_namespace());
    of_nobody["spec"]["tenancy"] = name("nobody");
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(try_apply(of_nobody),
                              {"does not give this namespace a credential for it"});
    }));
    EXPECT_EQ(why_not_warned(try_apply(exception(ns, Json::array({{{"host", std::string(vpc_host)},
                                                                   {"namespace", "alipay"}}}))),
                             {"belongs to Registry \"shared-acr\"", "images are admitted only"}),
              "");
    EXPECT_EQ(why_not_warned(try_apply(exception(ns, alipay_namespace(), hours(24 * 90))),
                             {"before its expiresAt", "exceptionDaysMax"}),
              "");
    EXPECT_EQ(why_not_warned(try_apply(exception("kube-system", alipay_namespace())),
                             {"kube-system is excluded"}),
              "");
}

TEST_F(ExceptionsValidated, what_it_opens_and_what_its_end_denies_is_previewed) {
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "borrower", std::string(foreign_image)))));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    Json const manifest = exception(ns, alipay_namespace());
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(try_apply(manifest),
                              {"newly allows 1 workload", ns, "Deployment borrower"});
    }));
    ASSERT_TRUE(done(apply(manifest)));
    EXPECT_TRUE(eventually(soon, [&] {
        return why_not_warned(kubectl({"delete", "--dry-run=server", "rx", name("exception")}),
                              {"newly denies 1 workload", ns, "Deployment borrower"});
    }));
    EXPECT_TRUE(get("registryexception", name("exception"))) << "it was a dry run";
}

}  // namespace
}  // namespace e2e
