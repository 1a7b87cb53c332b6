#include <nlohmann/json.hpp>

#include "e2e/suite/support/carried_login.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// The wall behind the webhook. A namespace that no tenancy governs is one where the webhook lets
/// everything pass; there the minted password is put by hand under the host's own key, which the
/// node offers for every image of that host.
class RegistryItself : public TenancyTest {};

TEST_F(RegistryItself, refuses_a_foreign_image_because_the_session_was_narrowed) {
    std::string const governed = make_governed_namespace();
    auto const minted = pull_secret(governed);
    ASSERT_TRUE(minted);
    auto const control = run({repository() + "/e2e/cluster/mint-control"});
    ASSERT_TRUE(done(control));
    Json const wide = Json::parse(control.out);

    std::string const ns = make_namespace("ungoverned");
    std::string const host(vpc_host);
    ASSERT_TRUE(carry(minted->login(), host, ns, "narrowed"));
    ASSERT_TRUE(
        carry(text_at(wide, "/username") + ":" + text_at(wide, "/password"), host, ns, "wide"));
    ASSERT_TRUE(start_carried(ns, "foreign-narrowed", std::string(foreign_image), "narrowed"));
    ASSERT_TRUE(start_carried(ns, "own-narrowed", std::string(allowed_image), "narrowed"));
    ASSERT_TRUE(start_carried(ns, "foreign-wide", std::string(foreign_image), "wide"));

    EXPECT_TRUE(refused_by_registry(ns, "foreign-narrowed", {"insufficient_scope"}));
    // Both controls: the password itself is good, and the role is wider than the session.
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "own-narrowed"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "foreign-wide"); }));
}

}  // namespace
}  // namespace e2e
