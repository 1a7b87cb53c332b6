#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// However an image gets into the cluster, it is judged: by generateName, server-side apply, patch,
/// a node's mirror Pod, or a controller of kube-system that nobody could forbid anything.
class EveryWay : public TenancyTest {
  protected:
    std::string const foreign_{foreign_image};
    std::string const allowed_{allowed_image};
};

TEST_F(EveryWay, with_a_generated_name_is_judged) {
    std::string const ns = make_governed_namespace();
    Json pod = pod_manifest(ns, "x", foreign_);
    pod["metadata"].erase("name");
    pod["metadata"]["generateName"] = "batch-";
    EXPECT_TRUE(refused(kubectl({"create", "-f", "-"}, pod.dump()),
                        {"[RT-NotAllowed]", "containers[0]", foreign_}));
    pod["spec"]["containers"][0]["image"] = allowed_;
    EXPECT_TRUE(done(kubectl({"create", "--dry-run=server", "-f", "-"}, pod.dump())));
}

TEST_F(EveryWay, by_server_side_apply_is_judged) {
    std::string const ns = make_governed_namespace();
    EXPECT_TRUE(refused(apply(deployment_manifest(ns, "web", foreign_), {"--server-side"}),
                        {"[RT-NotAllowed]", "spec.template.spec.containers[0].image"}));
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "web", allowed_), {"--server-side"})));
    // A second manager that owns nothing but the image of one container.
    Json const part = {
        {"apiVersion", "apps/v1"},
        {"kind", "Deployment"},
        {"metadata", {{"name", "web"}, {"namespace", ns}}},
        {"spec",
         {{"template",
           {{"spec", {{"containers", Json::array({{{"name", "main"}, {"image", foreign_}}})}}}}}}}};
    EXPECT_TRUE(
        refused(apply(part, {"--server-side", "--force-conflicts", "--field-manager=image-bot"}),
                {"[RT-NotAllowed]", foreign_}));
}

TEST_F(EveryWay, by_patch_is_judged) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "web", allowed_))));
    std::string const strategic =
        R"({"spec":{"template":{"spec":{"containers":[{"name":"main","image":")" + foreign_ +
        R"("}]}}}})";
    std::string const json =
        R"([{"op":"replace","path":"/spec/template/spec/containers/0/image","value":")" + foreign_ +
        R"("}])";
    std::string const merge =
        R"({"spec":{"template":{"spec":{"initContainers":[{"name":"i","image":")" + foreign_ +
        R"("}]}}}})";
    for (auto const& [type, patch] : std::vector<std::pair<std::string, std::string>>{
             {"strategic", strategic}, {"json", json}, {"merge", merge}}) {
        EXPECT_TRUE(refused(
            kubectl({"-n", ns, "patch", "deployment", "web", "--type=" + type, "-p", patch}),
            {"[RT-NotAllowed]", foreign_}))
            << type;
    }
    ASSERT_TRUE(done(apply(pod_manifest(ns, "pod", allowed_))));
    EXPECT_TRUE(refused(kubectl({"-n", ns, "patch", "pod", "pod", "--type=json", "-p",
                                 R"([{"op":"replace","path":"/spec/containers/0/image","value":")" +
                                     foreign_ + R"("}])"}),
                        {"[RT-NotAllowed]", "spec.containers[0].image"}))
        << "the image of a running Pod can be replaced";
}

// Scaling brings no image; the Pods that it makes do.
TEST_F(EveryWay, by_scaling_is_left_to_the_pods) {
    std::string const ns = make_namespace("ns");
    Json deployment = deployment_manifest(ns, "old", foreign_);
    deployment["spec"]["replicas"] = 0;
    ASSERT_TRUE(done(apply(deployment)));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    EXPECT_TRUE(done(kubectl({"-n", ns, "scale", "deployment/old", "--replicas=1"})));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        std::string seen;
        for (Json const& event : list("events", ns)) {
            seen += " " + text_at(event, "/reason");
            if (text_at(event, "/reason") == "FailedCreate" &&
                text_at(event, "/message").find("[RT-NotAllowed]") != std::string::npos) {
                return "";
            }
        }
        return "no ReplicaSet says that its Pods are refused, only:" + seen;
    }));
    EXPECT_TRUE(list("pods", ns).empty());
}

TEST_F(EveryWay, by_controllers_of_kube_system_is_judged) {
    std::string const ns = make_namespace("ns");
    ASSERT_TRUE(done(apply(workload_manifest("DaemonSet", ns, "agent", foreign_))));
    ASSERT_TRUE(done(apply(workload_manifest("StatefulSet", ns, "store", foreign_))));
    ASSERT_TRUE(eventually(
        soon, [&] { return list("pods", ns).size() == 2 ? "" : "their first Pods are missing"; }));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    ASSERT_TRUE(
        done(kubectl({"-n", ns, "delete", "pods", "--all", "--force", "--grace-period=0"})));
    for (std::string const kind : {"DaemonSet", "StatefulSet"}) {
        EXPECT_TRUE(eventually(soon, [&]() -> std::string {
            for (Json const& event : list("events", ns)) {
                if (text_at(event, "/involvedObject/kind") == kind &&
                    text_at(event, "/reason") == "FailedCreate" &&
                    text_at(event, "/message").find("[RT-NotAllowed]") != std::string::npos) {
                    return "";
                }
            }
            return "no Event of the " + kind + " repeats our refusal";
        }));
    }
    EXPECT_TRUE(list("pods", ns).empty());
}

// Mirror Pods show what a node runs from its own disk. They can name no Secret, so none is asked
// for; whoever may create Pods can write the annotation, so their images are judged all the same.
TEST_F(EveryWay, as_a_mirror_pod_is_judged_but_needs_no_secret) {
    std::string const ns = make_governed_namespace();
    auto const nodes = list("nodes");
    ASSERT_FALSE(nodes.empty());
    std::string const node = text_at(nodes.front(), "/metadata/name");
    auto const mirror = [&](std::string const& image) {
        Json pod = pod_manifest(ns, "static-" + node, image);
        pod["metadata"]["annotations"] = {{"kubernetes.io/config.mirror", "0123"},
                                          {"kubernetes.io/config.source", "file"}};
        pod["metadata"]["ownerReferences"] =
            Json::array({{{"apiVersion", "v1"},
                          {"kind", "Node"},
                          {"name", node},
                          {"uid", text_at(nodes.front(), "/metadata/uid")},
                          {"controller", true}}});
        pod["spec"]["nodeName"] = node;
        return pod;
    };
    auto const as_the_node = [&](Json const& pod) {
        return kubectl({"create", "--dry-run=server", "-o", "json", "--as=system:node:" + node,
                        "--as-group=system:nodes", "-f", "-"},
                       pod.dump());
    };
    EXPECT_TRUE(refused(as_the_node(mirror(foreign_)), {"[RT-NotAllowed]", "containers[0]"}));
    EXPECT_TRUE(refused(try_apply(mirror(foreign_)), {"[RT-NotAllowed]", "containers[0]"}));
    auto const accepted = as_the_node(mirror(allowed_));
    ASSERT_TRUE(done(accepted));
    EXPECT_EQ(text_at(Json::parse(accepted.out), "/spec/imagePullSecrets/0/name"), "");
}

}  // namespace
}  // namespace e2e
