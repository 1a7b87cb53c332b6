#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class PullPolicy : public TenancyTest {};

// Nodes let Pods use what they have cached; where the tenancy says so, they ask the registry first.
TEST_F(PullPolicy, always_is_put_into_every_container) {
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    Json manifest = tenancy.manifest();
    manifest["spec"]["pullPolicy"] = "Always";
    remember_tenancy(tenancy.name);
    ASSERT_TRUE(done(apply(manifest)));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }));

    Json pod = pod_manifest(ns, "pod", std::string(allowed_image));
    pod["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent";
    pod["spec"]["initContainers"] = Json::array(
        {{{"name", "first"}, {"image", std::string(allowed_image)}, {"imagePullPolicy", "Never"}}});
    pod["spec"]["volumes"] = Json::array(
        {{{"name", "model"},
          {"image", {{"reference", std::string(allowed_image)}, {"pullPolicy", "IfNotPresent"}}}}});
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result =
            kubectl({"create", "--dry-run=server", "-o", "json", "-f", "-"}, pod.dump());
        if (!result.ok()) {
            return result.text();
        }
        Json const made = Json::parse(result.out);
        for (std::string const pointer :
             {"/spec/containers/0/imagePullPolicy", "/spec/initContainers/0/imagePullPolicy",
              "/spec/volumes/0/image/pullPolicy"}) {
            if (text_at(made, pointer) != "Always") {
                return pointer + " is " + text_at(made, pointer);
            }
        }
        return {};
    }));
    // Templates stay as they were written: GitOps tools would see a difference for ever.
    Json deployment = deployment_manifest(ns, "web", std::string(allowed_image));
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent";
    ASSERT_TRUE(done(apply(deployment)));
    EXPECT_EQ(
        text_at(*get("deployment", "web", ns), "/spec/template/spec/containers/0/imagePullPolicy"),
        "IfNotPresent");
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const pods = list("pods", ns, "app=web");
        return !pods.empty() && text_at(pods[0], "/spec/containers/0/imagePullPolicy") == "Always"
                   ? ""
                   : "the Deployment's Pod is not always pulled";
    }));
}

}  // namespace
}  // namespace e2e
