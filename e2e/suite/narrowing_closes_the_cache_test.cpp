#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

// What a node has pulled for one Pod it gives to another only with the same right (KEP-2535): the
// keys of the pull Secret decide also about images that nobody pulls any more.
class NarrowingClosesTheCache : public TenancyTest {
  protected:
    static Json if_not_present(std::string const& ns, std::string const& pod,
                               std::string_view image) {
        Json manifest = pod_manifest(ns, pod, std::string(image));
        manifest["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent";
        return manifest;
    }
    /// Applies it and waits until it runs.
    static void run(Json const& pod) {
        std::string const ns = text_at(pod, "/metadata/namespace");
        std::string const name = text_at(pod, "/metadata/name");
        ASSERT_TRUE(done(apply(pod)));
        ASSERT_TRUE(eventually(soon, [&] { return why_not_running(ns, name); }));
    }
    /// What the kubelet said about the Pod's image.
    static std::string events_of(std::string const& ns, std::string const& pod) {
        std::string out;
        for (Json const& event : list("events", ns)) {
            if (text_at(event, "/involvedObject/name") == pod) {
                out += text_at(event, "/reason") + ": " + text_at(event, "/message") + "\n";
            }
        }
        return out;
    }
    /// Empty when the kubelet has said that it used what was there.
    static std::string why_not_from_cache(std::string const& ns, std::string const& pod) {
        std::string const events = events_of(ns, pod);
        return events.find("already present on machine") != std::string::npos ? "" : events;
    }
    /// The kubelet says "Pulling image" before it asks the registry.
    static bool was_pulled(std::string const& ns, std::string const& pod) {
        return events_of(ns, pod).find("Pulling image") != std::string::npos;
    }
};

TEST_F(NarrowingClosesTheCache, for_the_key_that_went_and_for_no_other) {
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.role = "acr-suite-22";
    tenancy.allow = {{"namespace", "cainiao"}, {"namespace", "alipay"}};
    // Audit: admission would refuse the second Pod before any node saw it.
    tenancy.enforcement = "Audit";
    make_ready_tenancy(tenancy);
    run(pod_manifest(ns, "first-kept", std::string(allowed_image)));
    run(pod_manifest(ns, "first-gone", std::string(foreign_image)));
    run(if_not_present(ns, "cached-gone", foreign_image));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_from_cache(ns, "cached-gone"); }))
        << "what this test is about is not there: the image is not cached";
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);

    tenancy.allow = {{"namespace", "cainiao"}};
    make_ready_tenancy(tenancy);
    ASSERT_TRUE(eventually(soon, [&] { return why_not_keys(ns, keys_of("cainiao/")); }));
    EXPECT_EQ(pull_secret(ns)->uid, before->uid) << "narrowing must not replace the Secret";

    run(if_not_present(ns, "kept", allowed_image));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_from_cache(ns, "kept"); }));
    EXPECT_FALSE(was_pulled(ns, "kept")) << "the key stayed: nothing was to be pulled";

    ASSERT_TRUE(done(apply(if_not_present(ns, "gone", foreign_image))));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        std::string const message = waiting_message(ns, "gone");
        return message.find(foreign_image) != std::string::npos ? "" : "waits with: " + message;
    }));
    EXPECT_TRUE(was_pulled(ns, "gone")) << "the control: " << events_of(ns, "gone");
    EXPECT_NE(why_not_from_cache(ns, "gone"), "") << events_of(ns, "gone");
    EXPECT_NE(why_not_running(ns, "gone"), "");
    EXPECT_EQ(why_not_running(ns, "first-gone"), "") << "what runs goes on running";
}

/// What keyStyle Host costs: the one key stays, so the node goes on giving away what it has.
TEST_F(NarrowingClosesTheCache, only_where_keys_have_paths) {
    make_registry({{"type", "AlibabaACR"},
                   {"keyStyle", "Host"},
                   {"alibabaACR",
                    {{"instanceID", "cri-shanghai-shared01"},
                     {"region", "cn-shanghai"},
                     {"identity", {{"type", "InstanceRole"}}}}}});
    std::string const ns = make_namespace("ns");
    std::string const foreign = own_host() + "/alipay/a1:v0.1";
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.registry = name("registry");
    tenancy.allow = {{"namespace", "cainiao"}, {"namespace", "alipay"}};
    tenancy.enforcement = "Audit";
    make_ready_tenancy(tenancy);
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    run(pod_manifest(ns, "first", foreign));

    tenancy.allow = {{"namespace", "cainiao"}};
    make_ready_tenancy(tenancy);
    ASSERT_TRUE(eventually(soon, [&] {
        auto const now = pull_secret(ns);
        return now && now->login() != before->login() ? "" : "not minted anew";
    }));
    EXPECT_EQ(why_not_keys(ns, own_host()), "");
    run(if_not_present(ns, "again", foreign));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_from_cache(ns, "again"); }));
    EXPECT_FALSE(was_pulled(ns, "again"));
}

// The role hands out sessions of 60 s.
TEST_F(NarrowingClosesTheCache, an_ordinary_refresh_opens_it_for_the_same_pods) {
    std::string const ns = make_governed_namespace("acr-short");
    run(pod_manifest(ns, "first", std::string(allowed_image)));
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    ASSERT_TRUE(eventually(soon, [&]() -> std::string {
        auto const now = pull_secret(ns);
        return now && now->issued_at.at("shared-acr") > before->issued_at.at("shared-acr")
                   ? ""
                   : "not refreshed yet";
    }));
    EXPECT_EQ(pull_secret(ns)->uid, before->uid);
    run(if_not_present(ns, "later", allowed_image));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_from_cache(ns, "later"); }));
    EXPECT_FALSE(was_pulled(ns, "later")) << "a refresh must cause no pull";
}

}  // namespace
}  // namespace e2e
