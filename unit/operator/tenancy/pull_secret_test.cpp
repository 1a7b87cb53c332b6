#include "operator/tenancy/pull_secret.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;

WallTime now() {
    return parse_rfc3339("2026-01-02T03:04:05Z").value();
}

/// A stored credential; keys as given, password = name.
StoredCredential stored(std::string const& registry, std::string const& inputs,
                        std::vector<std::string> const& keys, std::string const& password,
                        std::chrono::seconds left = 1h) {
    StoredCredential credential;
    credential.record = {registry, inputs, now() - 10min, now() + left};
    for (std::string const& key : keys) {
        credential.logins.emplace(key, StoredCredential::Login{"user", SecretString(password)});
    }
    return credential;
}

RegistryCredential minted(std::string const& password) {
    return {"user", SecretString(password), now(), now() + 1h};
}

/// "key=password inputs" per key.
std::vector<std::string> shown(SecretContent const& content) {
    std::vector<std::string> lines;
    for (StoredCredential const& credential : content.credentials) {
        for (auto const& [key, login] : credential.logins) {
            lines.push_back(key + "=" + std::string(login.password.reveal()) + " " +
                            credential.record.inputs);
        }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

using Lines = std::vector<std::string>;

class Merge : public testing::Test {
  protected:
    Merge() {
        existing.credentials.push_back(stored("acr", "old", {"h/a/", "h/b/"}, "last-good"));
        existing.credentials.push_back(stored("hub", "hub1", {"d/x/"}, "hub-good"));
    }
    SecretContent existing;
    std::vector<WantedCredential> wanted{{"acr", "new", {"h/a/", "h/c/"}},
                                         {"hub", "hub1", {"d/x/"}}};
    std::map<std::size_t, RegistryCredential> mints;
    Holds holds;
};

TEST_F(Merge, WithoutAMintKeepsTheLastGoodUnderKeysStillWanted) {
    EXPECT_EQ(shown(merge_content(wanted, mints, existing, holds, now())),
              (Lines{"d/x/=hub-good hub1", "h/a/=last-good old"}));
}

TEST_F(Merge, AMintReplacesItsOwnAndNoOther) {
    mints.emplace(0, minted("fresh"));
    EXPECT_EQ(shown(merge_content(wanted, mints, existing, holds, now())),
              (Lines{"d/x/=hub-good hub1", "h/a/=fresh new", "h/c/=fresh new"}));
}

TEST_F(Merge, WhatHasExpiredGoes) {
    existing.credentials[1].record.expires_at = now();
    EXPECT_EQ(shown(merge_content(wanted, mints, existing, holds, now())),
              (Lines{"h/a/=last-good old"}));
}

TEST_F(Merge, ARegistryThatIsNotWantedGoes) {
    wanted.pop_back();
    EXPECT_EQ(shown(merge_content(wanted, mints, existing, holds, now())),
              (Lines{"h/a/=last-good old"}));
}

TEST_F(Merge, HoldsKeepWhatIsNotWanted) {
    wanted.clear();
    holds.registries.insert("hub");
    EXPECT_EQ(shown(merge_content(wanted, mints, existing, holds, now())),
              (Lines{"d/x/=hub-good hub1"}));
    holds.keys["acr"].insert("h/b/");
    EXPECT_EQ(shown(merge_content(wanted, mints, existing, holds, now())),
              (Lines{"d/x/=hub-good hub1", "h/b/=last-good old"}));
    holds.everything = true;
    EXPECT_EQ(merge_content(wanted, mints, existing, holds, now()).keys().size(), 3U);
}

TEST_F(Merge, HeldThingsExpireToo) {
    holds.everything = true;
    EXPECT_TRUE(merge_content(wanted, mints, existing, holds, now() + 2h).credentials.empty());
}

TEST_F(Merge, TwoCredentialsOfOneRegistryEachKeepTheirKeys) {
    existing.credentials.clear();
    existing.credentials.push_back(stored("acr", "one", {"h/a/"}, "first"));
    existing.credentials.push_back(stored("acr", "two", {"h/b/"}, "second"));
    wanted = {{"acr", "one", {"h/a/"}}, {"acr", "two", {"h/b/"}}};
    mints.emplace(1, minted("fresh"));
    EXPECT_EQ(shown(merge_content(wanted, mints, existing, holds, now())),
              (Lines{"h/a/=first one", "h/b/=fresh two"}));
}

TEST(PullSecret, SurvivesTheWayThroughTheApiServer) {
    SecretContent content;
    content.credentials.push_back(stored("acr", "one", {"h/a/"}, "first:with:colons"));
    content.credentials.push_back(stored("acr", "two", {"h/b/"}, "second"));
    content.credentials.push_back(stored("hub", "three", {"d"}, "third"));
    content.credentials[2].record.expires_at.reset();
    Json const secret = render_secret("n", content, "uid-1", "17").value();
    EXPECT_EQ(secret.at("metadata").at("uid"), "uid-1");
    EXPECT_EQ(secret.at("metadata").at("resourceVersion"), "17");
    auto const read = read_secret_content(secret);
    ASSERT_TRUE(read);
    EXPECT_EQ(shown(*read), shown(content));
    ASSERT_EQ(read->credentials.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(read->credentials[i].record, content.credentials[i].record) << i;
    }
}

TEST(PullSecret, GuardsAreLeftOutWhereThereAreNone) {
    Json const secret = render_secret("n", {}, "", "").value();
    EXPECT_FALSE(secret.at("metadata").contains("uid"));
    EXPECT_FALSE(secret.at("metadata").contains("resourceVersion"));
}

TEST(PullSecret, OverTheLimitIsRefusedWithTheFigures) {
    SecretContent content;
    std::vector<std::string> keys;
    for (int i = 0; i < 200; ++i) {
        keys.push_back("registry.example.com/path-" + std::to_string(i) + "/");
    }
    content.credentials.push_back(stored("acr", "one", keys, std::string(1500, 'x')));
    auto const secret = render_secret("n", content, "", "");
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().kind, ErrorKind::InvalidArgument);
    EXPECT_NE(secret.error().message.find("200 keys"), std::string::npos);
    EXPECT_NE(secret.error().message.find("262144"), std::string::npos);
    EXPECT_EQ(secret.error().message.find("xxx"), std::string::npos);
}

TEST(PullSecret, GarbageInDataIsCorruptAndNotQuoted) {
    for (std::string const data : {"", "not base64!", "e30=", "bm8ganNvbg=="}) {
        auto const content = read_secret_content({{"data", {{".dockerconfigjson", data}}}});
        if (!content) {
            EXPECT_EQ(content.error().message.find("no json"), std::string::npos);
        } else {
            EXPECT_TRUE(content->credentials.empty());
        }
    }
    EXPECT_FALSE(read_secret_content(Json::object()));
}

TEST(Inputs, MatchWhileTheirSourceSecretIsMissing) {
    EXPECT_TRUE(inputs_match("abc-1", "abc-1"));
    EXPECT_FALSE(inputs_match("abc-1", "abc-2"));
    EXPECT_TRUE(inputs_match("abc-1", "abc"));
    EXPECT_TRUE(inputs_match("abc", "abc"));
    EXPECT_FALSE(inputs_match("abc", "abc-1"));
    EXPECT_FALSE(inputs_match("abd-1", "abc"));
}

}  // namespace
}  // namespace rt::op
