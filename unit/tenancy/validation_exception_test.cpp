#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/tenancy/validation.hpp"
#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::catalog;
using testing::exception;
using testing::exception_spec;
using testing::one_registry;
using testing::tenancy;

Json image(std::string_view repository, std::string_view registry = "shared-acr") {
    return {{"registry", registry}, {"repository", repository}};
}

std::shared_ptr<NamespacePolicy const> policy(std::vector<ActiveException> exceptions = {}) {
    return std::make_shared<NamespacePolicy const>(NamespacePolicy::compile(
        {tenancy("cainiao", one_registry("shared-acr", {{{"namespace", "cainiao"}}}))}, {},
        std::move(exceptions), catalog()));
}

Json too_many() {
    Json images = Json::array();
    for (int i = 0; i < 40; ++i) {
        images.push_back(image("alipay/image-number-" + std::to_string(i)));
    }
    return images;
}

ExceptionClock clock_at(std::string_view now) {
    return {parse_rfc3339(now).value(), std::chrono::hours(240)};
}

TEST(ValidateException, OneThatBurstsTheSessionPolicyIsRefusedWithItsSize) {
    std::vector<ExceptionScope> const scopes{{"free", true, nullptr}, {"team", true, policy()}};
    auto const fits = exception("x", exception_spec(Json::array({image("alipay/a1")})));
    EXPECT_TRUE(validate_against(*fits, scopes, catalog(), "demo").empty());
    auto const errors =
        validate_against(*exception("x", exception_spec(too_many())), scopes, catalog(), "demo");
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].pointer, "/spec/images");
    EXPECT_NE(errors[0].message.find("namespace \"team\""), std::string::npos);
    EXPECT_NE(errors[0].message.find("bytes"), std::string::npos) << errors[0].message;
}

TEST(ValidateException, ItsOwnEarlierVersionDoesNotCount) {
    Json half = Json::array();
    for (int i = 0; i < 12; ++i) {
        half.push_back(image("alipay/image-number-" + std::to_string(i)));
    }
    auto const one = exception("x", exception_spec(half));
    std::vector<ExceptionScope> const own{{"team", true, policy({{one, one->expires_at}})}};
    Json other_half = half;
    for (auto& entry : other_half) {
        entry["repository"] = entry["repository"].get<std::string>() + "-other";
    }
    EXPECT_TRUE(
        validate_against(*exception("x", exception_spec(other_half)), own, catalog(), "demo")
            .empty());
    EXPECT_FALSE(
        validate_against(*exception("y", exception_spec(other_half)), own, catalog(), "demo")
            .empty());
}

TEST(WarnAboutException, OfWhatItWillNotDo) {
    struct Case {
        Json images;
        ExceptionScope scope;
        std::string now;
        std::string says;  ///< empty: nothing
    };
    std::string const early = "2026-11-22T00:00:00Z";
    for (auto const& [images, scope, now, says] : std::vector<Case>{
             {Json::array({image("alipay/a1")}), {"team", true, policy()}, early, ""},
             {Json::array({image("alipay/a1")}),
              {"team", true, policy()},
              "2026-12-01T00:00:00Z",
              "has ended (2026-12-01T00:00:00Z)"},
             {Json::array({image("alipay/a1")}),
              {"team", true, nullptr},
              early,
              "no RegistryTenancy governs it"},
             {Json::array({image("alipay/a1")}),
              {"team", false, nullptr},
              early,
              "does not exist (yet)"},
             {Json::array({image("a", "nowhere")}),
              {"team", true, policy()},
              early,
              "Registry \"nowhere\" does not exist"},
             {Json::array({image("a", "docker-hub")}), {"team", true, policy()}, early, ""},
             {Json::array({{{"host", testing::public_host}, {"namespace", "alipay"}}}),
              {"team", true, policy()},
              early,
              "write registry: shared-acr"},
             {Json::array({{{"host", "docker.io"}, {"namespace", "library"}}}),
              {"team", true, policy()},
              early,
              ""},
         }) {
        auto const warnings = warnings_for(*exception("x", exception_spec(images)),
                                           std::vector{scope}, catalog(), "demo", clock_at(now));
        ASSERT_EQ(warnings.size(), says.empty() ? 0U : 1U) << images;
        if (!says.empty()) {
            EXPECT_NE(warnings[0].find(says), std::string::npos) << warnings[0];
            EXPECT_LE(warnings[0].size(), 256U);
        }
    }
}

TEST(WarnAboutException, OfAnEndThatComesEarlierThanItSays) {
    Json spec = exception_spec(Json::array({image("alipay/a1")}));
    spec["expiresAt"] = "2027-11-22T00:00:00Z";
    auto const warnings =
        warnings_for(*exception("x", spec), std::vector{ExceptionScope{"team", true, policy()}},
                     catalog(), "demo", clock_at("2026-11-22T00:00:00Z"));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("ends on 2026-12-02T00:00:00Z"), std::string::npos) << warnings[0];
    EXPECT_NE(warnings[0].find("10 days"), std::string::npos) << warnings[0];
}

TEST(WarnAboutException, OfACredentialThatCannotBeExtended) {
    Json spec = exception_spec(Json::array({image("alipay/a1")}));
    spec["tenancy"] = "nobody";
    auto const warnings =
        warnings_for(*exception("x", spec), std::vector{ExceptionScope{"team", true, policy()}},
                     catalog(), "demo", clock_at("2026-11-22T00:00:00Z"));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("RegistryTenancy \"nobody\" does not give"), std::string::npos)
        << warnings[0];
}

}  // namespace
}  // namespace rt::tenancy
