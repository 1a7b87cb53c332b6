#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// ServiceAccounts that enforce mountable Secrets: the API server refuses their Pods any Secret
/// that the ServiceAccount doesn't list, ours included.
class MountableSecrets : public TenancyTest {
  protected:
    static Json account(std::string const& ns, bool lists_ours) {
        Json object = {{"apiVersion", "v1"},
                       {"kind", "ServiceAccount"},
                       {"metadata",
                        {{"name", "strict"},
                         {"namespace", ns},
                         {"annotations", {{"kubernetes.io/enforce-mountable-secrets", "true"}}}}}};
        if (lists_ours) {
            object["imagePullSecrets"] = Json::array({{{"name", std::string(pull_secret_name)}}});
        }
        return object;
    }
};

TEST_F(MountableSecrets, keep_ours_out_unless_the_service_account_lists_it) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(account(ns, false))));
    Json pod = pod_manifest(ns, "pod", std::string(allowed_image));
    pod["spec"]["serviceAccountName"] = "strict";
    // The API server's own words, which name the cause; we are not asked any more.
    auto const result = try_apply(pod);
    EXPECT_TRUE(refused(result, {"registry-tenancy", "service account strict does not reference"}));
    ASSERT_TRUE(done(apply(account(ns, true))));
    EXPECT_TRUE(eventually(soon, [&] {
        auto const again = try_apply(pod);
        return again.ok() ? "" : again.err;
    }));
}

TEST_F(MountableSecrets, are_pointed_out_when_a_tenancy_is_applied) {
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(account(ns, false))));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result = try_apply(tenancy.manifest());
        return result.ok() && result.err.find("Pods of ServiceAccount " + ns + "/strict") !=
                                  std::string::npos
                   ? ""
                   : "no warning in: " + result.text();
    }));
}

}  // namespace
}  // namespace e2e
