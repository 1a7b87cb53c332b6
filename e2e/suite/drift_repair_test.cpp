#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class Drift : public TenancyTest {
  protected:
    /// kubectl in the operator's name, which the guarding policies let pass.
    static CommandResult in_its_name(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(),
                         {"--as", std::string(operator_user), "--as-group", "system:masters"});
        return kubectl(arguments);
    }
};

TEST_F(Drift, is_not_possible_for_an_ordinary_admin) {
    std::string const ns = make_governed_namespace();
    EXPECT_TRUE(
        refused(kubectl({"-n", ns, "delete", "secret", "registry-tenancy"}), {"operator alone"}));
    EXPECT_TRUE(refused(kubectl({"-n", ns, "label", "secret", "registry-tenancy", "a=b"}),
                        {"operator alone"}));
    EXPECT_TRUE(
        refused(kubectl({"-n", ns, "delete", "registrygrant", "effective"}), {"operator alone"}));
}

TEST_F(Drift, of_a_deleted_secret_is_minted_again) {
    std::string const ns = make_governed_namespace();
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    ASSERT_TRUE(done(in_its_name({"-n", ns, "delete", "secret", "registry-tenancy"})));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_keys(ns, keys_of("cainiao/")); }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_NE(after->uid, before->uid);
    EXPECT_NE(after->login(), before->login());
    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
}

TEST_F(Drift, of_an_edited_secret_is_repaired_in_place) {
    std::string const ns = make_governed_namespace();
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    std::string const config = R"({"auths":{"evil.example.com":{"auth":"YTpi"}}})";
    Json const patch = {{"data", {{".dockerconfigjson", base64_encoded(config)}}}};
    ASSERT_TRUE(done(in_its_name(
        {"-n", ns, "patch", "secret", "registry-tenancy", "--type=merge", "-p", patch.dump()})));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_keys(ns, keys_of("cainiao/")); }));
    EXPECT_EQ(pull_secret(ns)->uid, before->uid);
    ASSERT_TRUE(done(apply(pod_manifest(ns, "a1", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "a1"); }));
}

TEST_F(Drift, of_a_grant_is_repaired) {
    std::string const ns = make_governed_namespace();
    auto const summary = [&] {
        auto const grant = get("registrygrant", "effective", ns);
        return grant ? text_at(*grant, "/summary") : std::string("no grant");
    };
    ASSERT_TRUE(done(in_its_name({"-n", ns, "delete", "registrygrant", "effective"})));
    EXPECT_TRUE(eventually(
        soon, [&] { return summary() == "shared-acr: cainiao/*" ? "" : "deleted: " + summary(); }));
    ASSERT_TRUE(done(in_its_name({"-n", ns, "patch", "registrygrant", "effective", "--type=merge",
                                  "-p", R"({"summary":"everything is allowed"})"})));
    EXPECT_TRUE(eventually(
        soon, [&] { return summary() == "shared-acr: cainiao/*" ? "" : "edited: " + summary(); }));
}

}  // namespace
}  // namespace e2e
