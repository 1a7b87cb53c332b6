#include "operator/publish/publisher.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"
#include "operator/publish/certificates.hpp"
#include "operator/publish/configurations.hpp"
#include "operator/publish/rotation.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"

namespace rt::op::publish {
namespace {

using namespace std::chrono_literals;
using kube::ObjectKey;

ObjectKey const secret_key{"registry-tenancy-system", "registry-tenancy-webhook-cert"};
ObjectKey const main_key{"", "registry-tenancy"};

class PublisherTest : public testing::Test {
  protected:
    PublisherTest() { add_cluster_role(); }

    void add_cluster_role() {
        api_.put(kube::types::cluster_roles,
                 {{"metadata", {{"name", "registry-tenancy-webhook"}}}});
    }
    void add_endpoint() {
        Json slice = Json::parse(R"({"metadata":{"name":"registry-tenancy-webhook-x",
            "namespace":"registry-tenancy-system",
            "labels":{"kubernetes.io/service-name":"registry-tenancy-webhook"}},
            "addressType":"IPv4","ports":[{"port":8443}],
            "endpoints":[{"addresses":["10.0.0.7"],"conditions":{"ready":false}},
                         {"addresses":["10.0.0.8"],"conditions":{"ready":true}}]})");
        api_.put(kube::types::endpoint_slices, slice);
    }
    Result<void> step() { return publisher_.step({}); }
    Json live() {
        return api_.find(kube::types::validating_webhook_configurations, main_key).value();
    }
    Json secret() { return api_.find(kube::types::secrets, secret_key).value(); }
    std::string data(std::string const& key) {
        return *base64_decode(secret()["data"].value(key, std::string()));
    }

    test::FakeClock clock_;
    test::FakeApiServer api_{clock_};
    tenancy::Settings settings_;
    Metrics metrics_;
    std::vector<std::string> probed_;
    Result<void> probe_answer_{};
    Publisher publisher_{settings_, api_, clock_,
                         [this](std::string const& address, int port, std::string const& name,
                                std::string const&, std::stop_token) {
                             probed_.push_back(address + ":" + std::to_string(port) + " " + name);
                             return probe_answer_;
                         },
                         metrics_};
};

TEST_F(PublisherTest, PublishesNothingBeforeAnEndpointAnswers) {
    auto const first = step();
    ASSERT_FALSE(first.has_value());
    EXPECT_NE(first.error().message.find("no endpoint"), std::string::npos);
    EXPECT_FALSE(data("tls.crt").empty()) << "the webhook needs its certificate to become ready";

    add_endpoint();
    probe_answer_ = fail({ErrorKind::Unavailable, "handshake failed"});
    EXPECT_FALSE(step().has_value());
    EXPECT_EQ(api_.count(test::Verb::Apply, kube::types::validating_webhook_configurations), 0);

    probe_answer_ = {};
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(probed_.back(), "10.0.0.8:8443 registry-tenancy-webhook.registry-tenancy-system.svc");
    EXPECT_EQ(ca_bundles_of(live()), std::vector<std::string>{data("ca.crt")});
}

TEST_F(PublisherTest, APassWithNothingToDoChangesNothing) {
    add_endpoint();
    ASSERT_TRUE(step().has_value());
    std::string const before = api_.resource_version();
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(api_.resource_version(), before);
    EXPECT_EQ(probed_.size(), 1U) << "only the first publication could lock a cluster out";
}

TEST_F(PublisherTest, WhatSomebodyChangedIsSetRight) {
    add_endpoint();
    ASSERT_TRUE(step().has_value());
    Json changed = live();
    changed["webhooks"][0]["failurePolicy"] = "Ignore";
    api_.put(kube::types::validating_webhook_configurations, changed);
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(live()["webhooks"][0]["failurePolicy"], "Fail");
}

TEST_F(PublisherTest, BreakGlassOpensUntilItsTimeAndClosesByItself) {
    add_endpoint();
    ASSERT_TRUE(step().has_value());
    Json annotated = live();
    annotated["metadata"]["annotations"][std::string(break_glass_annotation)] =
        format_rfc3339(clock_.wall_now() + 1h);
    api_.put(kube::types::validating_webhook_configurations, annotated);
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(live()["webhooks"][0]["failurePolicy"], "Ignore");
    clock_.advance(1h + 1s);
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(live()["webhooks"][0]["failurePolicy"], "Fail");
}

TEST_F(PublisherTest, WithoutItsClusterRoleItPublishesNothing) {
    add_endpoint();
    api_.erase(kube::types::cluster_roles, {"", "registry-tenancy-webhook"});
    EXPECT_FALSE(step().has_value());
    EXPECT_EQ(api_.count(test::Verb::Apply, kube::types::mutating_webhook_configurations), 0);
}

TEST_F(PublisherTest, TheCertificateRotatesWithOverlap) {
    add_endpoint();
    ASSERT_TRUE(step().has_value());
    std::string const old_leaf = data("tls.crt");
    std::string const old_ca = data("ca.crt");

    clock_.advance(certificate_life * 2 / 3);
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(data("tls.crt"), old_leaf) << "staged, not yet served";
    EXPECT_EQ(split_bundle(data("ca.crt")).size(), 2U);
    EXPECT_EQ(ca_bundles_of(live()).front(), data("ca.crt")) << "both CAs are trusted from now on";
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(data("tls.crt"), old_leaf);

    clock_.advance(staging_time);
    ASSERT_TRUE(step().has_value());
    EXPECT_NE(data("tls.crt"), old_leaf);
    EXPECT_TRUE(signed_by(data("tls.crt"), data("ca.crt")));
    EXPECT_TRUE(signed_by(old_leaf, data("ca.crt"))) << "Pods may still serve the old leaf";
    EXPECT_TRUE(data("next.key").empty());

    clock_.advance(overlap_time);
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(split_bundle(data("ca.crt")).size(), 1U);
    EXPECT_TRUE(signed_by(data("tls.crt"), data("ca.crt")));
    EXPECT_NE(data("ca.crt"), old_ca);
    EXPECT_EQ(ca_bundles_of(live()).front(), data("ca.crt"));
}

TEST_F(PublisherTest, ACrashAfterEveryWriteOfARotationIsResumed) {
    add_endpoint();
    ASSERT_TRUE(step().has_value());
    clock_.advance(certificate_life * 2 / 3);
    for (int crash = 0; crash < 12; ++crash) {
        // Every other pass dies at its first configuration write, right after the Secret's.
        if (crash % 2 == 0) {
            api_.fail_next(test::Verb::Apply, kube::types::mutating_webhook_configurations,
                           {ErrorKind::Unavailable, "killed"});
        }
        (void)step();
        EXPECT_TRUE(signed_by(data("tls.crt"), data("ca.crt")));
        EXPECT_TRUE(signed_by(data("tls.crt"), ca_bundles_of(live()).front()))
            << "what is served is always what API servers trust";
        clock_.advance(5min);
    }
    EXPECT_EQ(split_bundle(data("ca.crt")).size(), 1U);
}

TEST_F(PublisherTest, ASecretThatIsNotOursIsReportedNotOverwritten) {
    api_.put(kube::types::secrets,
             {{"metadata", {{"name", secret_key.name}, {"namespace", secret_key.ns}}},
              {"type", "kubernetes.io/tls"},
              {"data", {{"tls.crt", base64_encode("theirs")}}}});
    auto const done = step();
    ASSERT_FALSE(done.has_value());
    EXPECT_NE(done.error().message.find("servingCertificate: External"), std::string::npos);
    EXPECT_EQ(data("tls.crt"), "theirs");
}

TEST_F(PublisherTest, AnExternalCertificateIsUsedAndNeverWritten) {
    settings_.op.serving_certificate = tenancy::OperatorSettings::ServingCertificate::External;
    add_endpoint();
    EXPECT_FALSE(step().has_value()) << "cert-manager has not written it yet";
    api_.put(
        kube::types::secrets,
        {{"metadata", {{"name", secret_key.name}, {"namespace", secret_key.ns}}},
         {"type", "kubernetes.io/tls"},
         {"data", {{"tls.crt", base64_encode("leaf")}, {"ca.crt", base64_encode("their-ca")}}}});
    ASSERT_TRUE(step().has_value());
    EXPECT_EQ(ca_bundles_of(live()), std::vector<std::string>{"their-ca"});
    EXPECT_EQ(api_.count(test::Verb::Apply, kube::types::secrets), 0);
}

}  // namespace
}  // namespace rt::op::publish
