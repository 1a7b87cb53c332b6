#include "operator/publish/certificates.hpp"

#include <gtest/gtest.h>

#include "lib/base/time.hpp"

namespace rt::op::publish {
namespace {

WallTime const now = *parse_rfc3339("2026-01-02T03:04:05Z");

TEST(Certificates, APairIsForItsNamesAndSignedByItsCa) {
    auto const pair =
        make_serving_pair({"a.b.svc", "a.b.svc.cluster.local"}, now, std::chrono::hours(24));
    ASSERT_TRUE(pair.has_value());
    auto const info = inspect_certificate(pair->certificate_pem);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->dns_names, (std::vector<std::string>{"a.b.svc", "a.b.svc.cluster.local"}));
    EXPECT_EQ(info->not_before, now - std::chrono::hours(1));
    EXPECT_EQ(info->not_after, now + std::chrono::hours(24));
    EXPECT_TRUE(signed_by(pair->certificate_pem, pair->ca_pem));
    EXPECT_NE(pair->key_pem.reveal().find("PRIVATE KEY"), std::string_view::npos);
}

TEST(Certificates, EveryPairHasItsOwnCa) {
    auto const one = make_serving_pair({"a"}, now, std::chrono::hours(1));
    auto const two = make_serving_pair({"a"}, now, std::chrono::hours(1));
    EXPECT_FALSE(signed_by(one->certificate_pem, two->ca_pem));
    std::string const bundle = two->ca_pem + one->ca_pem;
    EXPECT_EQ(split_bundle(bundle).size(), 2U);
    EXPECT_TRUE(signed_by(one->certificate_pem, bundle));
}

TEST(Certificates, GarbageIsAnError) {
    EXPECT_FALSE(inspect_certificate("").has_value());
    EXPECT_FALSE(inspect_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n").has_value());
    EXPECT_FALSE(inspect_certificate(std::string(100'000, '-')).has_value());
    EXPECT_FALSE(signed_by("x", "y"));
    EXPECT_TRUE(split_bundle("-----BEGIN CERTIFICATE-----\ncut").empty());
}

}  // namespace
}  // namespace rt::op::publish
