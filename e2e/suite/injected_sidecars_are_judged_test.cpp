#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Somebody else's mutation that adds a container to Pods of one namespace, as service meshes do.
/// MutatingAdmissionPolicies run before webhooks and, with IfNeeded, once more after them.
class InjectedSidecar : public TenancyTest {
  protected:
    /// `condition`: CEL that says when the sidecar is added.
    void inject(std::string const& ns, std::string const& image, std::string const& condition) {
        std::string const named = name("sidecar");
        made_ = {"mutatingadmissionpolicybinding/" + named, "mutatingadmissionpolicy/" + named};
        std::string const patch =
            "(" + condition + " && !object.spec.containers.exists(c, c.name == 'mesh')) ? " +
            "[JSONPatch{op: 'add', path: '/spec/containers/-', value: " +
            "Object.spec.containers{name: 'mesh', image: '" + image + "'}}] : []";
        Json const rule = {{"apiGroups", {""}},
                           {"apiVersions", {"v1"}},
                           {"resources", {"pods"}},
                           {"operations", {"CREATE"}}};
        Json const only = {{"matchLabels", {{"kubernetes.io/metadata.name", ns}}}};
        ASSERT_TRUE(done(
            apply({{"apiVersion", version()},
                   {"kind", "MutatingAdmissionPolicy"},
                   {"metadata", {{"name", named}}},
                   {"spec",
                    {{"matchConstraints",
                      {{"resourceRules", Json::array({rule})}, {"namespaceSelector", only}}},
                     {"failurePolicy", "Fail"},
                     {"reinvocationPolicy", "IfNeeded"},
                     {"mutations", Json::array({{{"patchType", "JSONPatch"},
                                                 {"jsonPatch", {{"expression", patch}}}}})}}}})));
        ASSERT_TRUE(done(apply({{"apiVersion", version()},
                                {"kind", "MutatingAdmissionPolicyBinding"},
                                {"metadata", {{"name", named}}},
                                {"spec", {{"policyName", named}}}})));
    }
    /// The containers and pull Secrets of a Pod as admission leaves it; or the refusal.
    std::string admitted(std::string const& ns) {
        auto const result = kubectl({"create", "--dry-run=server", "-o", "json", "-f", "-"},
                                    pod_manifest(ns, "pod", std::string(allowed_image)).dump());
        if (!result.ok()) {
            return result.err;
        }
        Json const pod = Json::parse(result.out);
        std::string text;
        for (Json const& container : pod["spec"]["containers"]) {
            text += text_at(container, "/name") + " ";
        }
        for (Json const& secret : pod["spec"].value("imagePullSecrets", Json::array())) {
            text += "+" + text_at(secret, "/name");
        }
        return text;
    }
    /// Empty when the Pod is refused for its second container.
    std::string why_sidecar_not_refused(std::string const& ns) {
        std::string const text = admitted(ns);
        return text.find("[RT-NotAllowed]") != std::string::npos &&
                       text.find("containers[1]") != std::string::npos
                   ? ""
                   : "instead of a refusal of containers[1]: " + text;
    }
    static constexpr char once_our_secret_is_there[] =
        "has(object.spec.imagePullSecrets) && "
        "object.spec.imagePullSecrets.exists(s, s.name == 'registry-tenancy')";

    void TearDown() override {
        TenancyTest::TearDown();
        for (std::string const& one : made_) {
            kubectl({"delete", "--ignore-not-found", one});
        }
    }

  private:
    static std::string version() {
        bool const stable =
            kubectl({"api-versions"}).out.find("admissionregistration.k8s.io/v1\n") !=
                std::string::npos &&
            kubectl({"get", "--raw", "/apis/admissionregistration.k8s.io/v1"})
                    .out.find("mutatingadmissionpolicies") != std::string::npos;
        return stable ? "admissionregistration.k8s.io/v1" : "admissionregistration.k8s.io/v1beta1";
    }
    std::vector<std::string> made_;
};

TEST_F(InjectedSidecar, is_judged_when_it_comes_before_us) {
    std::string const ns = make_governed_namespace();
    inject(ns, std::string(foreign_image), "true");
    EXPECT_TRUE(eventually(soon, [&] { return why_sidecar_not_refused(ns); }));
}

// The sidecar is added in the second round only, once our Secret stands in the Pod: after us.
TEST_F(InjectedSidecar, is_judged_when_it_comes_after_us) {
    std::string const ns = make_governed_namespace();
    inject(ns, std::string(foreign_image), once_our_secret_is_there);
    EXPECT_TRUE(eventually(soon, [&] { return why_sidecar_not_refused(ns); }));
}

TEST_F(InjectedSidecar, that_is_allowed_gets_along_with_our_secret) {
    std::string const ns = make_governed_namespace();
    inject(ns, std::string(allowed_image), once_our_secret_is_there);
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        std::string const text = admitted(ns);
        return text == "main mesh +registry-tenancy" ? "" : "admitted as: " + text;
    })) << "injected once by each, although both are asked again";
}

}  // namespace
}  // namespace e2e
