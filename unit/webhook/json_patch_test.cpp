#include "webhook/admission/json_patch.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "unit/webhook/reviews.hpp"

namespace rt::webhook {
namespace {

Json patched(Json const& object, Injection const& injection, std::string* patch = nullptr) {
    ReviewReader reader;
    test::PaddedBody const body(test::admission_review(object).dump());
    EXPECT_EQ(reader.read(body.view()), ReadStatus::Readable) << reader.problem();
    std::string const text = json_patch(reader.review(), injection);
    if (patch != nullptr) {
        *patch = text;
    }
    return text.empty() ? object : object.patch(Json::parse(text));
}

TEST(JsonPatch, AppendsAndNeverReplaces) {
    Injection const secret{.pull_secret = true};
    Json const ours{{"name", "registry-tenancy"}};
    Json object = test::pod("a");
    EXPECT_EQ(patched(object, secret)["spec"]["imagePullSecrets"], Json::array({ours}));
    object["spec"]["imagePullSecrets"] = nullptr;
    EXPECT_EQ(patched(object, secret)["spec"]["imagePullSecrets"], Json::array({ours}));
    object["spec"]["imagePullSecrets"] = Json::array();
    EXPECT_EQ(patched(object, secret)["spec"]["imagePullSecrets"], Json::array({ours}));
    object["spec"]["imagePullSecrets"] = {{{"name", "mine"}}, Json::object()};
    EXPECT_EQ(patched(object, secret)["spec"]["imagePullSecrets"],
              (Json::array({{{"name", "mine"}}, Json::object(), ours})));
}

TEST(JsonPatch, IsEmptyWhereThereIsNothingToDo) {
    std::string patch = "x";
    (void)patched(test::pod("a"), {}, &patch);
    EXPECT_EQ(patch, "");
}

TEST(JsonPatch, SetsThePullPolicyOfEveryImage) {
    Json object = test::pod("a");
    object["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent";
    object["spec"]["containers"].push_back(
        {{"name", "b"}, {"image", "b"}, {"imagePullPolicy", "Always"}});
    object["spec"]["initContainers"] = {{{"name", "c"}, {"image", "c"}}};
    object["spec"]["volumes"] = {{{"name", "d"}, {"emptyDir", Json::object()}},
                                 {{"name", "e"}, {"image", {{"reference", "e"}}}}};
    Json const result = patched(object, {.pull_secret = true, .pull_always = true});
    EXPECT_EQ(result["spec"]["containers"][0]["imagePullPolicy"], "Always");
    EXPECT_EQ(result["spec"]["containers"][1]["imagePullPolicy"], "Always");
    EXPECT_EQ(result["spec"]["initContainers"][0]["imagePullPolicy"], "Always");
    EXPECT_EQ(result["spec"]["volumes"][1]["image"]["pullPolicy"], "Always");
    EXPECT_EQ(result["spec"]["volumes"][0], object["spec"]["volumes"][0]);
}

/// nlohmann's patch() throws where a path does not exist, as the API server's does.
TEST(JsonPatch, AppliesToEveryShapeAPodCanHave) {
    std::mt19937 random(7);
    auto const chance = [&] { return std::bernoulli_distribution(0.5)(random); };
    auto const list = [&](auto const& entry) {
        Json result = Json::array();
        for (int i = std::uniform_int_distribution<int>(0, 3)(random); i > 0; --i) {
            result.push_back(entry());
        }
        return result;
    };
    auto const maybe = [&](Json& spec, char const* key, Json value) {
        switch (std::uniform_int_distribution<int>(0, 3)(random)) {
            case 0:
                spec[key] = nullptr;
                break;
            case 1:
                break;
            default:
                spec[key] = std::move(value);
        }
    };
    for (int round = 0; round < 2'000; ++round) {
        Json object = test::pod("a");
        Json& spec = object["spec"];
        auto const container = [&] {
            Json entry{{"name", "n"}, {"image", "i"}};
            maybe(entry, "imagePullPolicy", chance() ? "Never" : "Always");
            return entry;
        };
        maybe(spec, "containers", list(container));
        maybe(spec, "initContainers", list(container));
        maybe(spec, "ephemeralContainers", list(container));
        maybe(spec, "imagePullSecrets",
              list([&] { return chance() ? Json::object() : Json{{"name", "other"}}; }));
        maybe(spec, "volumes", list([&] {
                  Json entry{{"name", "v"}};
                  maybe(entry, "image", chance() ? Json::object() : Json{{"reference", "r"}});
                  return entry;
              }));
        Json const before = spec.contains("imagePullSecrets") && spec["imagePullSecrets"].is_array()
                                ? spec["imagePullSecrets"]
                                : Json::array();
        Injection const injection{.pull_secret = chance(), .pull_always = chance()};
        Json result;
        ASSERT_NO_THROW(result = patched(object, injection)) << object.dump();
        if (injection.pull_secret) {
            Json expected = before;
            expected.push_back({{"name", "registry-tenancy"}});
            EXPECT_EQ(result["spec"]["imagePullSecrets"], expected) << object.dump();
        }
    }
}

TEST(JsonPatch, APodWithoutSpecGetsNone) {
    Json object = test::pod("a");
    object.erase("spec");
    ReviewReader reader;
    test::PaddedBody const body(test::admission_review(object).dump());
    ASSERT_EQ(reader.read(body.view()), ReadStatus::Readable);
    EXPECT_TRUE(decide_injection(reader.review(), PolicyView{}, AdmissionSettings{}).nothing());
}

}  // namespace
}  // namespace rt::webhook
