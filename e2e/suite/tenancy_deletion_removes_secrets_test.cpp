#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class TenancyDeletion : public TenancyTest {
  protected:
    void delete_tenancy() const {
        ASSERT_TRUE(done(kubectl({"delete", "registrytenancy", name("tenancy")})));
    }
};

/// Which of Secret and grant are there.
std::string what_is_there(std::string const& ns) {
    std::string out;
    if (pull_secret(ns)) {
        out += "Secret ";
    }
    if (get("registrygrant", "effective", ns)) {
        out += "RegistryGrant";
    }
    return out;
}

TEST_F(TenancyDeletion, removes_secret_and_grant_after_the_grace) {
    std::string const ns = make_governed_namespace();
    delete_tenancy();
    // Shorter than the grace, because the clocks of both sides and of kubectl differ a little.
    EXPECT_TRUE(throughout(grace - std::chrono::seconds(10), [&] {
        std::string const there = what_is_there(ns);
        return there == "Secret RegistryGrant" ? "" : "there is only: " + there;
    }));
    EXPECT_TRUE(eventually(std::chrono::seconds(40), [&] {
        std::string const there = what_is_there(ns);
        return there.empty() ? "" : "still there: " + there;
    }));
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "free", std::string(foreign_image)))))
        << "a namespace that nothing governs any more is free";
}

TEST_F(TenancyDeletion, leaves_the_rules_in_force_within_the_grace) {
    std::string const ns = make_governed_namespace();
    delete_tenancy();
    EXPECT_TRUE(throughout(std::chrono::seconds(10), [&]() -> std::string {
        auto const refusal =
            refused(try_apply(pod_manifest(ns, "p", std::string(foreign_image))), {"[RT-"});
        return refusal ? "" : refusal.message();
    }));
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "p", std::string(allowed_image)))));
}

TEST_F(TenancyDeletion, and_re_creation_within_the_grace_passes_unnoticed) {
    std::string const ns = make_governed_namespace();
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    delete_tenancy();
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    EXPECT_TRUE(throughout(grace + std::chrono::seconds(10), [&]() -> std::string {
        auto const now = pull_secret(ns);
        if (!now) {
            return "the Secret is gone";
        }
        return now->uid == before->uid && now->login() == before->login()
                   ? ""
                   : "the credential was replaced";
    }));
}

}  // namespace
}  // namespace e2e
