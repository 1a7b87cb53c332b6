#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// The wall behind the webhook. A namespace that no tenancy governs is one where the webhook lets
/// everything pass; there the minted password is put by hand under the host's own key, which the
/// node offers for every image of that host.
class RegistryItself : public TenancyTest {
  protected:
    static void put_by_hand(std::string const& ns, std::string const& secret,
                            std::string const& login) {
        Json const config = {
            {"auths", {{std::string(vpc_host), {{"auth", base64_encoded(login)}}}}}};
        Json const object = {{"apiVersion", "v1"},
                             {"kind", "Secret"},
                             {"type", "kubernetes.io/dockerconfigjson"},
                             {"metadata", {{"name", secret}, {"namespace", ns}}},
                             {"stringData", {{".dockerconfigjson", config.dump()}}}};
        ASSERT_TRUE(done(apply(object)));
    }

    static void start(std::string const& ns, std::string const& pod, std::string_view image,
                      std::string const& secret) {
        Json object = pod_manifest(ns, pod, std::string(image));
        object["spec"]["imagePullSecrets"] = Json::array({{{"name", secret}}});
        ASSERT_TRUE(done(apply(object)));
    }
};

TEST_F(RegistryItself, refuses_a_foreign_image_because_the_session_was_narrowed) {
    std::string const governed = make_governed_namespace();
    auto const minted = pull_secret(governed);
    ASSERT_TRUE(minted);
    auto const control = run({repository() + "/e2e/cluster/mint-control"});
    ASSERT_TRUE(done(control));
    Json const wide = Json::parse(control.out);

    std::string const ns = make_namespace("ungoverned");
    put_by_hand(ns, "narrowed", minted->login());
    put_by_hand(ns, "wide", text_at(wide, "/username") + ":" + text_at(wide, "/password"));
    start(ns, "foreign-narrowed", foreign_image, "narrowed");
    start(ns, "own-narrowed", allowed_image, "narrowed");
    start(ns, "foreign-wide", foreign_image, "wide");

    EXPECT_TRUE(eventually(soon, [&] {
        std::string const message = waiting_message(ns, "foreign-narrowed");
        return message.find("insufficient_scope") != std::string::npos ? "" : "waits: " + message;
    }));
    // Both controls: the password itself is good, and the role is wider than the session.
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "own-narrowed"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "foreign-wide"); }));
}

}  // namespace
}  // namespace e2e
