#include <nlohmann/json.hpp>

#include "e2e/suite/support/bypass_test.hpp"
#include "e2e/suite/support/environment.hpp"

namespace e2e {
namespace {

/// The ways past an allow-list that lead through an object: B1 to B24, B33, B36, B40, B44 and B50
/// of docs/bypass-vectors.md. Those through the cluster's configuration:
/// bypass_vectors_setup_test.cpp.
class BypassVectors : public BypassTest {
  protected:
    CommandResult patch_old(std::string const& type, Json const& patch) {
        return kubectl({"-n", ns(), "patch", "pod/old", "--type=" + type, "-p", patch.dump()});
    }
};

Json container(std::string const& name, std::string_view image) {
    return {{"name", name}, {"image", std::string(image)}};
}

/// Takes the finalizers off, so that a namespace can go.
void release(std::string const& ns, std::string const& pod) {
    EXPECT_TRUE(done(kubectl({"-n", ns, "patch", "pod/" + pod, "--type=json", "-p",
                              R"([{"op":"remove","path":"/metadata/finalizers"}])"})));
}

TEST_F(BypassVectors, b01_a_container) {
    EXPECT_TRUE(is_refused(pod(foreign_image)));
    EXPECT_TRUE(done(try_apply(pod(allowed_image)))) << "the control";
}

TEST_F(BypassVectors, b02_an_init_container_or_sidecar) {
    EXPECT_TRUE(is_refused(pod(allowed_image, [](Json& spec) {
        spec["initContainers"] = Json::array({container("first", foreign_image)});
    })));
    EXPECT_TRUE(is_refused(pod(allowed_image, [](Json& spec) {
        spec["initContainers"] = Json::array({container("sidecar", foreign_image)});
        spec["initContainers"][0]["restartPolicy"] = "Always";
    })));
}

TEST_F(BypassVectors, b03_an_ephemeral_container) {
    ASSERT_TRUE(done(apply(pod(allowed_image))));
    Json const patch = {
        {"spec", {{"ephemeralContainers", Json::array({container("debug", foreign_image)})}}}};
    auto const add = [&](Json const& what) {
        return kubectl({"-n", ns(), "patch", "pod/pod", "--subresource=ephemeralcontainers",
                        "--type=strategic", "-p", what.dump()});
    };
    EXPECT_TRUE(refused(add(patch), {"[RT-NotAllowed]", "ephemeralContainers[0]"}));
    Json fine = patch;
    fine["spec"]["ephemeralContainers"][0]["image"] = std::string(allowed_image);
    EXPECT_TRUE(done(add(fine))) << "the control";
}

TEST_F(BypassVectors, b04_an_image_volume) {
    auto const with_volume = [&](std::string const& reference) {
        return pod(allowed_image, [&](Json& spec) {
            spec["volumes"] = Json::array({{{"name", "v"}, {"image", {{"reference", reference}}}}});
        });
    };
    EXPECT_TRUE(is_refused(with_volume(std::string(foreign_image))));
    // The API server lets white space pass here.
    EXPECT_TRUE(refused(try_apply(with_volume(" " + std::string(allowed_image))),
                        {"[RT-Unparseable]", "volumes[0]"}));
    EXPECT_FALSE(try_apply(with_volume("")).ok());
    EXPECT_TRUE(done(try_apply(with_volume(std::string(allowed_image))))) << "the control";
}

TEST_F(BypassVectors, b05_a_changed_image) {
    ASSERT_TRUE(done(apply(pod(allowed_image))));
    EXPECT_TRUE(refused(
        kubectl({"-n", ns(), "set", "image", "pod/pod", "main=" + std::string(foreign_image)}),
        {"[RT-NotAllowed]"}));
}

// The Pod is older than the tenancy, so that its foreign image may stay where it is.
TEST_F(BypassVectors, b06_images_that_change_places) {
    make_old_pod({{"containers", Json::array({container("one", foreign_image),
                                              container("two", allowed_image)})}});
    auto const places = [&](std::string_view one, std::string_view two) {
        return patch_old(
            "strategic",
            {{"spec",
              {{"containers", Json::array({container("one", one), container("two", two)})}}}});
    };
    EXPECT_TRUE(refused(places(allowed_image, foreign_image), {"[RT-NotAllowed]", "\"two\""}));
    EXPECT_TRUE(done(kubectl({"-n", ns(), "label", "pod/old", "touched=yes"}))) << "the control";
    release(ns(), "old");
}

TEST_F(BypassVectors, b07_a_pod_that_is_being_deleted) {
    Json object = pod(allowed_image);
    object["metadata"]["finalizers"] = Json::array({"example.com/keep"});
    ASSERT_TRUE(done(apply(object)));
    ASSERT_TRUE(done(kubectl({"-n", ns(), "delete", "pod/pod", "--wait=false"})));
    EXPECT_TRUE(refused(
        kubectl({"-n", ns(), "set", "image", "pod/pod", "main=" + std::string(foreign_image)}),
        {"[RT-NotAllowed]"}));
    release(ns(), "pod");
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        return get("pod", "pod", ns()) ? "the Pod is still there" : "";
    }));
}

TEST_F(BypassVectors, b08_a_pull_secret_of_ones_own) {
    auto const with_secret = [&](std::string_view image) {
        return pod(image, [](Json& spec) {
            spec["imagePullSecrets"] = Json::array({{{"name", "stolen"}}});
        });
    };
    EXPECT_TRUE(is_refused(with_secret(foreign_image)));
    EXPECT_TRUE(done(try_apply(with_secret(allowed_image)))) << "policy Any leaves other Secrets";
    // enforcement_modes_test.cpp shows policy Listed.
}

TEST_F(BypassVectors, b09_a_service_account_with_a_pull_secret) {
    Json const account = {{"apiVersion", "v1"},
                          {"kind", "ServiceAccount"},
                          {"metadata", {{"name", "account"}, {"namespace", ns()}}},
                          {"imagePullSecrets", Json::array({{{"name", "its-own"}}})}};
    ASSERT_TRUE(done(apply(account)));
    auto const as_account = [&](std::string_view image) {
        return pod(image, [](Json& spec) { spec["serviceAccountName"] = "account"; });
    };
    EXPECT_TRUE(is_refused(as_account(foreign_image)));
    ASSERT_TRUE(done(apply(as_account(allowed_image))));
    EXPECT_EQ((*get("pod", "pod", ns()))["spec"]["imagePullSecrets"].dump(),
              R"([{"name":"its-own"},{"name":"registry-tenancy"}])");
}

TEST_F(BypassVectors, b11_a_cached_image) {
    for (std::string const policy : {"IfNotPresent", "Never", "Always"}) {
        SCOPED_TRACE(policy);
        EXPECT_TRUE(is_refused(pod(foreign_image, [&](Json& spec) {
            spec["containers"][0]["imagePullPolicy"] = policy;
        })));
    }
}

TEST_F(BypassVectors, b12_an_image_id) {
    std::string const hex = "4e5021d210f65ebe915670c7089120120bc0a303b90208592851708c1b8c04bd";
    for (std::string const& id : {"sha256:" + hex, std::string("sha256:4e50"), hex}) {
        SCOPED_TRACE(id);
        EXPECT_TRUE(refused(
            try_apply(
                pod(id, [](Json& spec) { spec["containers"][0]["imagePullPolicy"] = "Never"; })),
            {"[RT-Unparseable]", "image ID"}));
    }
}

TEST_F(BypassVectors, b16_a_mirror_pod) {
    Json object = pod(foreign_image, [](Json& spec) { spec["nodeName"] = "no-such-node"; });
    object["metadata"]["annotations"] = {{"kubernetes.io/config.mirror", "forged"}};
    EXPECT_TRUE(is_refused(object));
}

// The workload is older than the tenancy; its Pods are not.
TEST_F(BypassVectors, b22_a_workload_that_makes_the_pod) {
    std::string const old_ns = make_namespace("ns");
    Json old = deployment_manifest(old_ns, "old", std::string(foreign_image));
    old["spec"]["replicas"] = 0;
    ASSERT_TRUE(done(apply(old)));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {old_ns};
    make_ready_tenancy(tenancy);
    EXPECT_TRUE(is_refused(deployment_manifest(old_ns, "new", std::string(foreign_image))));
    ASSERT_TRUE(done(kubectl({"-n", old_ns, "scale", "deployment/old", "--replicas=1"})));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        for (Json const& event : list("events", old_ns)) {
            if (text_at(event, "/reason") == "FailedCreate" &&
                text_at(event, "/message").find("[RT-NotAllowed]") != std::string::npos) {
                return {};
            }
        }
        return "no Event says that the ReplicaSet's Pod was refused";
    }));
    EXPECT_TRUE(list("pods", old_ns).empty());
}

TEST_F(BypassVectors, b23_every_way_to_send_an_object) {
    Json generated = pod(foreign_image);
    generated["metadata"].erase("name");
    generated["metadata"]["generateName"] = "pod-";
    EXPECT_TRUE(refused(kubectl({"create", "-f", "-"}, generated.dump()), {"[RT-NotAllowed]"}));
    std::string const path = "/api/v1/namespaces/" + ns() + "/pods";
    EXPECT_TRUE(refused(kubectl({"create", "--raw", path, "-f", "-"}, pod(foreign_image).dump()),
                        {"RT-NotAllowed"}));
    EXPECT_TRUE(refused(kubectl({"apply", "--server-side", "-f", "-"}, pod(foreign_image).dump()),
                        {"[RT-NotAllowed]"}));
    ASSERT_TRUE(done(apply(pod(allowed_image))));
    Json const image(std::string{foreign_image});
    Json const merged = {
        {"spec", {{"containers", Json::array({{{"name", "main"}, {"image", image}}})}}}};
    Json const operation =
        Json::array({{{"op", "replace"}, {"path", "/spec/containers/0/image"}, {"value", image}}});
    auto const patch = [&](std::string const& type, Json const& body) {
        return kubectl({"-n", ns(), "patch", "pod/pod", "--type=" + type, "-p", body.dump()});
    };
    EXPECT_TRUE(refused(patch("strategic", merged), {"[RT-NotAllowed]"}));
    EXPECT_TRUE(refused(patch("json", operation), {"[RT-NotAllowed]"}));
    Json whole;
    // The kubelet writes the Pod's status meanwhile: a conflict says nothing of the image.
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        whole = *get("pod", "pod", ns());
        whole["spec"]["containers"][0]["image"] = image;
        auto const verdict =
            refused(kubectl({"replace", "-f", "-"}, whole.dump()), {"[RT-NotAllowed]"});
        return verdict ? std::string() : verdict.message();
    }));
    EXPECT_TRUE(refused(patch("merge", {{"spec", {{"containers", whole["spec"]["containers"]}}}}),
                        {"[RT-NotAllowed]"}));
}

TEST_F(BypassVectors, b33_a_pod_that_takes_long_to_judge) {
    Json object = pod(allowed_image);
    for (int i = 0; i < 2'000; ++i) {
        object["spec"]["containers"].push_back(
            container("c" + std::to_string(i), std::string(foreign_image) + std::to_string(i)));
    }
    // Refused by our answer, not by a timeout, which would read "context deadline exceeded".
    EXPECT_TRUE(refused(kubectl({"create", "--dry-run=server", "-f", "-"}, object.dump()),
                        {"[RT-NotAllowed] 2000 of 2001 images"}));
}

// It runs in the API server after our mutating webhook could have seen the Pod, or before it:
// either way the validating webhook sees the outcome.
TEST_F(BypassVectors, b36_a_mutating_policy_that_changes_the_image) {
    Json const policy = {
        {"apiVersion", "admissionregistration.k8s.io/v1"},
        {"kind", "MutatingAdmissionPolicy"},
        {"metadata", {{"name", name("policy")}}},
        {"spec",
         {{"matchConstraints",
           {{"namespaceSelector", {{"matchLabels", {{"kubernetes.io/metadata.name", ns()}}}}},
            {"resourceRules", Json::array({{{"apiGroups", Json::array({""})},
                                            {"apiVersions", Json::array({"v1"})},
                                            {"operations", Json::array({"CREATE"})},
                                            {"resources", Json::array({"pods"})}}})}}},
          {"failurePolicy", "Fail"},
          {"reinvocationPolicy", "IfNeeded"},
          {"mutations", Json::array({{{"patchType", "JSONPatch"},
                                      {"jsonPatch",
                                       {{"expression",
                                         "[JSONPatch{op: 'replace', path: "
                                         "'/spec/containers/0/image', value: '" +
                                             std::string(foreign_image) + "'}]"}}}}})}}}};
    Json const binding = {{"apiVersion", "admissionregistration.k8s.io/v1"},
                          {"kind", "MutatingAdmissionPolicyBinding"},
                          {"metadata", {{"name", name("policy")}}},
                          {"spec", {{"policyName", name("policy")}}}};
    ASSERT_TRUE(done(apply(policy)));
    ASSERT_TRUE(done(apply(binding)));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const answer = is_refused(pod(allowed_image));
        return answer ? "" : answer.message();
    }));
    EXPECT_TRUE(done(kubectl({"delete", "mutatingadmissionpolicybinding/" + name("policy"),
                              "mutatingadmissionpolicy/" + name("policy")})));
}

TEST_F(BypassVectors, b40_two_readings_of_one_object) {
    std::string const path = "/api/v1/namespaces/" + ns() + "/pods";
    for (auto const& [first, second] :
         {std::pair(allowed_image, foreign_image), std::pair(foreign_image, allowed_image)}) {
        std::string const body = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"twice"},)"
                                 R"("spec":{"containers":[{"name":"main","image":")" +
                                 std::string(first) + R"(","image":")" + std::string(second) +
                                 R"("}]}})";
        auto const answer = kubectl({"create", "--raw", path, "-f", "-"}, body);
        auto const stored = get("pod", "twice", ns());
        ASSERT_TRUE(stored || !answer.ok());
        if (stored) {
            EXPECT_EQ(text_at(*stored, "/spec/containers/0/image"), allowed_image);
            EXPECT_TRUE(done(kubectl({"-n", ns(), "delete", "pod/twice", "--grace-period=0"})));
        }
    }
}

TEST_F(BypassVectors, b44_a_tag_beside_a_digest) {
    std::string const digest = "@sha256:" + std::string(64, 'a');
    EXPECT_TRUE(refused(try_apply(pod(std::string(foreign_image) + digest)),
                        {"[RT-NotAllowed]", "/alipay/a1" + digest + " (written"}));
    EXPECT_TRUE(done(try_apply(pod(std::string(allowed_image) + digest)))) << "the control";
}

TEST_F(BypassVectors, b50_unicode_white_space_and_look_alikes) {
    for (std::string const hostile :
         {"\u200b", "\u00a0", "\t", "\n", "\x1b[2K", "\u0430", "%2f..%2falipay/a1",
          "/../../alipay/a1", "\\..\\alipay", "?x=/alipay", "#"}) {
        std::string const image = std::string(vpc_host) + "/cainiao/a1" + hostile + "x";
        SCOPED_TRACE(image);
        EXPECT_TRUE(refused(try_apply(pod(image)), {"[RT-"}));
    }
    Tenancy tenancy;
    tenancy.name = name("second");
    tenancy.namespaces = {ns()};
    for (std::string const path :
         {"c\u0430iniao", "cainiao\n", "cainiao ", "../alipay", "Cainiao"}) {
        SCOPED_TRACE(path);
        tenancy.allow = {{"namespace", path}};
        EXPECT_FALSE(try_apply(tenancy.manifest()).ok());
    }
}

}  // namespace
}  // namespace e2e
