#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/exceptions.hpp"
#include "e2e/suite/support/tenancy_test.hpp"
#include "e2e/suite/support/traces.hpp"

namespace e2e {
namespace {

/// "True InForce", or what is missing.
std::string condition_of(std::string const& exception, std::string const& type) {
    auto const object = get("registryexception", exception);
    if (!object || !object->contains("status")) {
        return "no status";
    }
    for (Json const& one : (*object)["status"]["conditions"]) {
        if (text_at(one, "/type") == type) {
            return text_at(one, "/status") + " " + text_at(one, "/reason");
        }
    }
    return "no condition " + type;
}

/// The Secret's keys for two paths of the shared registry, sorted as PullSecret::keys() does.
std::string keys_of_both(std::string const& first, std::string const& second) {
    std::string keys;
    for (std::string_view const host : {vpc_host, public_host}) {
        keys += (keys.empty() ? "" : " ") + std::string(host) + "/" + first + " " +
                std::string(host) + "/" + second;
    }
    return keys;
}

class Exceptions : public TenancyTest {
  protected:
    void TearDown() override {
        for (std::string const& exception : exceptions_) {
            if (HasFailure()) {
                std::cout << kubectl({"get", "rx", exception, "-o", "yaml"}).text();
            }
            kubectl({"delete", "rx", exception, "--ignore-not-found", "--wait=false"});
        }
        TenancyTest::TearDown();
    }

    [[nodiscard]] Json exception(std::string const& ns, Json images,
                                 std::chrono::seconds life) const {
        return exception_manifest(name("exception"), {ns}, std::move(images), life);
    }
    /// Applies it and waits until the operator has seen it.
    void make_exception(Json const& manifest) {
        std::string const named = text_at(manifest, "/metadata/name");
        exceptions_.push_back(named);
        CommandResult const result = apply(manifest);
        ASSERT_TRUE(done(result));
        ASSERT_TRUE(eventually(soon, [&] {
            std::string const active = condition_of(named, "Active");
            return active.starts_with("no ") ? active : std::string();
        }));
    }

  private:
    std::vector<std::string> exceptions_;
};

/// Empty when the webhook refuses the image.
std::string why_open(std::string const& ns, std::string const& image) {
    auto const refusal = refused(try_apply(pod_manifest(ns, "probe", image)), {"[RT-NotAllowed]"});
    return refusal ? "" : refusal.message();
}

/// Empty when it admits the image and says that only an exception allows it.
std::string why_closed(std::string const& ns, std::string const& image) {
    auto const result = try_apply(pod_manifest(ns, "probe", image));
    return result.ok() && result.err.find("Warning: RT-Exception") != std::string::npos
               ? ""
               : result.text();
}

TEST_F(Exceptions, open_a_registry_namespace_with_a_warning_an_event_and_a_pull_that_works) {
    std::string const ns = make_governed_namespace();
    std::string const image(foreign_image);
    EXPECT_EQ(why_open(ns, image), "");
    make_exception(exception(ns, alipay_namespace(), std::chrono::minutes(30)));
    ASSERT_TRUE(eventually(soon, [&] { return why_closed(ns, image); }));
    EXPECT_TRUE(
        eventually(soon, [&] { return why_not_keys(ns, keys_of_both("alipay/", "cainiao/")); }));
    auto const result = apply(pod_manifest(ns, "borrowed", image));
    EXPECT_TRUE(done(result));
    EXPECT_NE(result.err.find(name("exception")), std::string::npos) << result.text();
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "borrowed"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_no_event(ns, "RT-Exception"); }));
    EXPECT_TRUE(
        eventually(soon, [&] { return why_no_annotation(ns, "exceptions", name("exception")); }));
    EXPECT_EQ(condition_of(name("exception"), "Ready"), "True Active");
    auto const grant = get("registrygrant", "effective", ns);
    ASSERT_TRUE(grant);
    EXPECT_EQ(text_at(*grant, "/spec/exceptions/0/name"), name("exception"));
    // What it does not name stays closed.
    EXPECT_EQ(why_open(ns, std::string(base_image)), "");
}

TEST_F(Exceptions, close_in_their_second_and_take_their_key_with_them) {
    std::string const ns = make_governed_namespace();
    std::string const image(foreign_image);
    make_exception(exception(ns, alipay_namespace(), std::chrono::seconds(25)));
    ASSERT_TRUE(eventually(soon, [&] { return why_closed(ns, image); }));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "borrowed", image))));
    EXPECT_TRUE(eventually(soon, [&] { return why_open(ns, image); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_keys(ns, keys_of("cainiao/")); }));
    EXPECT_TRUE(eventually(soon, [&] {
        std::string const active = condition_of(name("exception"), "Active");
        return active == "False Expired" ? "" : active;
    }));
    EXPECT_EQ(condition_of(name("exception"), "Ready"), "True Expired");
    auto const grant = get("registrygrant", "effective", ns);
    ASSERT_TRUE(grant);
    EXPECT_FALSE((*grant)["spec"].contains("exceptions"));
    EXPECT_TRUE(eventually(soon, [&] { return why_no_event(ns, "ExceptionEnded"); }));
    // What runs already may go on and be touched.
    EXPECT_TRUE(done(kubectl({"-n", ns, "label", "pod/borrowed", "touched=yes"})));
}

TEST_F(Exceptions, announce_their_end_a_day_before) {
    std::string const ns = make_governed_namespace();
    make_exception(
        exception(ns, alipay_namespace(), std::chrono::hours(24) + std::chrono::seconds(15)));
    // The Event of a cluster-scoped object stands in namespace default.
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        for (Json const& event : list("events", "default")) {
            if (text_at(event, "/reason") == "ExceptionEnding" &&
                text_at(event, "/involvedObject/name") == name("exception")) {
                return "";
            }
        }
        return "no Event ExceptionEnding";
    }));
    EXPECT_EQ(condition_of(name("exception"), "Ending").substr(0, 4), "True");
    EXPECT_EQ(why_closed(ns, std::string(foreign_image)), "") << "it still allows";
}

TEST_F(Exceptions, that_have_ended_when_applied_are_accepted_as_inactive) {
    std::string const ns = make_governed_namespace();
    make_exception(exception(ns, alipay_namespace(), -std::chrono::hours(1)));
    EXPECT_EQ(condition_of(name("exception"), "Active"), "False Expired");
    EXPECT_EQ(condition_of(name("exception"), "Ready"), "True Expired");
    EXPECT_EQ(why_open(ns, std::string(foreign_image)), "");
    EXPECT_EQ(why_not_keys(ns, keys_of("cainiao/")), "");
}

TEST_F(Exceptions, for_a_digest_open_this_digest_alone) {
    std::string const ns = make_governed_namespace();
    std::string const digest = "sha256:" + std::string(64, 'a');
    std::string const repository = std::string(vpc_host) + "/alipay/a1";
    make_exception(exception(
        ns,
        Json::array(
            {{{"registry", "shared-acr"}, {"repository", "alipay/a1"}, {"digest", digest}}}),
        std::chrono::minutes(30)));
    ASSERT_TRUE(eventually(soon, [&] { return why_closed(ns, repository + "@" + digest); }));
    EXPECT_EQ(why_open(ns, repository + "@sha256:" + std::string(64, 'b')), "");
    EXPECT_EQ(why_open(ns, repository + ":v0.1"), "");
    // Credentials go by repository.
    EXPECT_TRUE(
        eventually(soon, [&] { return why_not_keys(ns, keys_of_both("alipay/a1", "cainiao/")); }));
}

TEST_F(Exceptions, for_hosts_and_for_every_host_reach_admission_alone) {
    std::string const ns = make_governed_namespace();
    EXPECT_EQ(why_open(ns, "nginx"), "");
    Json manifest = exception(ns, Json::array({{{"host", "docker.io"}, {"namespace", "library"}}}),
                              std::chrono::hours(1));
    make_exception(manifest);
    ASSERT_TRUE(eventually(soon, [&] { return why_closed(ns, "nginx"); }));
    EXPECT_EQ(why_open(ns, "bitnami/nginx"), "");
    manifest["spec"]["images"] = Json::array({{{"host", "*"}, {"namespace", "*"}}});
    ASSERT_TRUE(done(apply(manifest)));
    EXPECT_TRUE(eventually(soon, [&] { return why_closed(ns, "quay.io/some/thing:1"); }));
    EXPECT_EQ(why_not_keys(ns, keys_of("cainiao/")), "");
    ASSERT_TRUE(done(kubectl({"delete", "rx", name("exception")})));
    EXPECT_TRUE(eventually(soon, [&] { return why_open(ns, "quay.io/some/thing:1"); }));
}

// Applied before the tenancy, as GitOps does in any order, so that nobody could refuse it.
TEST_F(Exceptions, that_would_burst_the_session_policy_are_left_out_and_the_tenancy_works) {
    std::string const ns = make_namespace("ns");
    make_exception(exception(ns, too_many_repositories(), std::chrono::hours(1)));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    make_ready_tenancy(tenancy);
    EXPECT_EQ(why_not_keys(ns, keys_of("cainiao/")), "");
    EXPECT_TRUE(eventually(soon, [&] {
        std::string const ready = condition_of(name("exception"), "Ready");
        return ready == "False PolicyTooLarge" ? "" : ready;
    }));
    EXPECT_NE(problems_of(ns).find("PolicyTooLarge"), std::string::npos);
    EXPECT_TRUE(done(apply(pod_manifest(ns, "a1", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "a1"); }));
}

}  // namespace
}  // namespace e2e
