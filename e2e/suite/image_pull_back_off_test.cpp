#include <cstdlib>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// A Pod that came before its credential: the cloud is away while the Deployment is applied.
class ImagePullBackOff : public TenancyTest {
  protected:
    static Json cloud_is_away(std::string const& role) {
        return {{"mode", "error"},
                {"role", role},
                {"code", "ServiceUnavailable"},
                {"http", 503},
                {"message", "The request has failed due to a temporary failure."}};
    }
    /// A namespace under a tenancy with this role, whose credential can't be made yet, and in it a
    /// Deployment whose Pod hangs for that. Returns the Pod's name.
    std::string hang(std::string const& ns, std::string const& role) {
        Tenancy tenancy;
        tenancy.name = ns;
        tenancy.namespaces = {ns};
        tenancy.role = role;
        make_tenancy(tenancy);
        // A Pod that is made before its namespace is governed would not name the Secret.
        EXPECT_TRUE(eventually(soon, [&] {
            return get("registrygrant", "effective", ns) ? "" : "the namespace has no grant";
        }));
        EXPECT_TRUE(done(apply(deployment_manifest(ns, "a1", std::string(allowed_image)))));
        std::string pod;
        EXPECT_TRUE(eventually(soon, [&]() -> std::string {
            auto const pods = list("pods", ns, "app=a1");
            std::string const reason =
                pods.empty() ? ""
                             : text_at(pods[0], "/status/containerStatuses/0/state/waiting/reason");
            pod = pods.empty() ? "" : text_at(pods[0], "/metadata/name");
            return reason == "ImagePullBackOff" ? "" : "the Pod waits with: " + reason;
        }));
        return pod;
    }
    /// The note of the operator's Event on the Pod.
    static std::string told(std::string const& ns, std::string const& pod,
                            std::string const& reason) {
        for (Json const& event : list("events", ns)) {
            if (text_at(event, "/involvedObject/name") == pod &&
                text_at(event, "/reason") == reason) {
                return text_at(event, "/message");
            }
        }
        return {};
    }
};

TEST_F(ImagePullBackOff, is_told_when_the_credential_is_there_and_ends_when_it_was_said) {
    std::string ns;
    std::string pod;
    std::string note;
    // A kubelet that happens to try again just then needs no word: another Pod is asked.
    constexpr int pods_at_most = 3;
    for (int i = 0; i < pods_at_most && note.empty(); ++i) {
        ns = make_namespace("ns" + std::to_string(i));
        {
            Fault const away("sts", cloud_is_away("acr-suite-23"));
            pod = hang(ns, "acr-suite-23");
            EXPECT_EQ(told(ns, pod, "CredentialReady"), "");
        }
        ASSERT_TRUE(eventually(std::chrono::seconds(150), [&] {
            note = told(ns, pod, "CredentialReady");
            return note.empty() && !why_not_running(ns, pod).empty()
                       ? "the Pod was told nothing; grant: " + problems_of(ns)
                       : "";
        }));
    }
    std::string const before = "The kubelet tries again within ";
    auto const at = note.find(before);
    ASSERT_NE(at, std::string::npos) << note;
    int const within = std::atoi(note.c_str() + at + before.size());
    EXPECT_GE(within, 10) << note;
    EXPECT_LE(within, 300) << note;
    // The kubelet alone does the rest, in the time that was named (and what starting takes here).
    EXPECT_TRUE(eventually(std::chrono::seconds(within + 30), [&] {
        return why_not_running(ns, pod);
    })) << note;
}

/// Runs alone: it installs the product with other settings, and at the end with the usual ones.
class ImagePullBackOffEviction : public ImagePullBackOff {
  protected:
    static constexpr std::chrono::seconds deploy_at_most{150};
    static std::string overlay() { return repository() + "/config/overlays/evict-waiting-pods/"; }
    void TearDown() override {
        EXPECT_TRUE(done(kubectl({"delete", "-f", overlay() + "role.yaml"})));
        EXPECT_TRUE(done(run({repository() + "/hack/deploy"}, "", deploy_at_most)));
        ImagePullBackOff::TearDown();
    }
};

TEST_F(ImagePullBackOffEviction, brings_another_pod_at_once_where_the_settings_ask_for_it) {
    ASSERT_TRUE(done(kubectl({"apply", "-f", overlay() + "role.yaml"})));
    ASSERT_TRUE(
        done(run({"env", "SETTINGS=" + overlay() + "config.yaml", repository() + "/hack/deploy"},
                 "", deploy_at_most)));
    std::string const ns = make_namespace("ns");
    std::string pod;
    {
        Fault const away("sts", cloud_is_away("acr-suite-24"));
        pod = hang(ns, "acr-suite-24");
        // Its next try has to be far enough away that replacing it is worth it.
        ASSERT_TRUE(throughout(std::chrono::seconds(30), [&] {
            return get("pod", pod, ns) ? "" : "evicted though there is nothing to pull with yet";
        }));
    }
    ASSERT_TRUE(eventually(std::chrono::seconds(150), [&] {
        return told(ns, pod, "Replaced").empty() ? "not evicted; grant: " + problems_of(ns) : "";
    }));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        for (Json const& one : list("pods", ns, "app=a1")) {
            if (text_at(one, "/status/phase") == "Running") {
                return text_at(one, "/metadata/name") != pod ? "" : "the old Pod runs";
            }
        }
        return "no Pod runs";
    }));
}

}  // namespace
}  // namespace e2e
