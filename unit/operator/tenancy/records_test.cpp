#include "operator/tenancy/records.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"
#include "operator/tenancy/grant.hpp"

namespace rt::op {
namespace {

constexpr char annotation[] = R"({"shared-acr":{"issuedAt":"2026-01-02T03:04:05Z",
    "expiresAt":"2026-01-02T04:04:05Z","inputs":"abc","keys":["a/b/"]}})";

Json manager(std::string const& name, std::string const& operation, bool data, bool note,
             bool label) {
    Json fields = Json::object();
    if (data) {
        fields["f:data"]["f:.dockerconfigjson"] = Json::object();
    }
    if (note) {
        fields["f:metadata"]["f:annotations"]["f:registrytenancy.dev/credentials"] = Json::object();
    }
    if (label) {
        fields["f:metadata"]["f:labels"]["f:app.kubernetes.io/managed-by"] = Json::object();
    }
    return {{"manager", name}, {"operation", operation}, {"fieldsV1", std::move(fields)}};
}

Json secret(Json managers, bool labelled = true) {
    Json object = {{"metadata",
                    {{"name", "registry-tenancy"},
                     {"namespace", "n"},
                     {"uid", "u"},
                     {"resourceVersion", "7"},
                     {"annotations", {{"registrytenancy.dev/credentials", annotation}}},
                     {"managedFields", std::move(managers)}}}};
    if (labelled) {
        object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "registry-tenancy-operator";
    }
    return object;
}

constexpr char us[] = "registry-tenancy-operator";

struct OwnershipCase {
    char const* name;
    Json managers;
    bool labelled;
    bool ours;
    bool intact;
};

TEST(SecretRecord, TellsOursFromOthersAndIntactFromTampered) {
    Json const all = manager(us, "Apply", true, true, true);
    std::vector<OwnershipCase> const cases{
        {"as we applied it", Json::array({all}), true, true, true},
        {"data taken over",
         Json::array({manager(us, "Apply", false, true, true),
                      manager("kubectl-edit", "Update", true, false, false)}),
         true, true, false},
        {"annotation taken over", Json::array({manager(us, "Apply", true, false, true)}), true,
         true, false},
        {"label taken over", Json::array({manager(us, "Apply", true, true, false)}), true, true,
         false},
        {"label removed", Json::array({all}), false, true, false},
        {"an update in our name is not an apply",
         Json::array({manager(us, "Update", true, true, true)}), true, true, false},
        {"managers wiped", Json::array(), true, true, false},
        {"somebody else's", Json::array({manager("helm", "Update", true, false, false)}), false,
         false, false},
        {"no managers, no label", Json::array(), false, false, false},
    };
    for (OwnershipCase const& one : cases) {
        SCOPED_TRACE(one.name);
        SecretRecord const record = read_secret_record(secret(one.managers, one.labelled));
        EXPECT_EQ(record.ours, one.ours);
        EXPECT_EQ(record.intact, one.intact);
        EXPECT_EQ(record.credentials.size(), one.ours ? 1U : 0U);
    }
}

TEST(CredentialsAnnotation, ReadsWhatItUnderstandsAndNothingElse) {
    auto const records = read_credentials_annotation(
        R"({"a":{"issuedAt":"2026-01-02T03:04:05Z","inputs":"x"},
            "a#2":{"issuedAt":"2026-01-02T03:04:05Z","expiresAt":"2026-01-02T04:04:05Z",
                   "inputs":"y"}})");
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].registry, "a");
    EXPECT_FALSE(records[0].expires_at);
    EXPECT_EQ(records[1].registry, "a");
    EXPECT_EQ(format_rfc3339(*records[1].expires_at), "2026-01-02T04:04:05Z");
    for (char const* malformed :
         {"", "[]", "{", "null", R"({"a":1})", R"({"a":{"inputs":"x"}})",
          R"({"a":{"issuedAt":"yesterday","inputs":"x"}})",
          R"({"a":{"issuedAt":"2026-01-02T03:04:05Z"}})",
          R"({"a":{"issuedAt":"2026-01-02T03:04:05Z","expiresAt":5,"inputs":"x"}})"}) {
        EXPECT_TRUE(read_credentials_annotation(malformed).empty()) << malformed;
    }
}

TEST(ResourceVersions, CompareAsNumbers) {
    EXPECT_TRUE(newer_version("10", "9"));
    EXPECT_FALSE(newer_version("9", "10"));
    EXPECT_FALSE(newer_version("10", "10"));
    EXPECT_TRUE(newer_version("whatever", "10"));
    EXPECT_TRUE(newer_version("9", "x"));
}

TEST(GrantContentHash, DependsOnContentAlone) {
    Json const one = {{"metadata", {{"resourceVersion", "1"}}}, {"spec", {{"a", 1}}}};
    Json const other = {{"metadata", {{"resourceVersion", "2"}}},
                        {"spec", {{"a", 1}}},
                        {"problems", Json::array()}};
    EXPECT_EQ(grant_content_hash(one), grant_content_hash(other));
    EXPECT_NE(grant_content_hash(one), grant_content_hash({{"spec", {{"a", 2}}}}));
}

TEST(GrantProblems, KeepTheTimeFromWhichTheyStand) {
    WallTime const early = parse_rfc3339("2026-01-02T03:04:05Z").value();
    WallTime const now = parse_rfc3339("2026-01-02T05:00:00Z").value();
    std::vector<GrantProblem> const before{{"acr", "t", "Denied", "old words", early}};
    auto const problems = with_since({{"b", "t", "New", "", {}},
                                      {"acr", "t", "Denied", "new words", {}},
                                      {"acr", "t", "Denied", "told twice", {}}},
                                     before, now);
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_EQ(problems[0].since, early);
    EXPECT_EQ(problems[0].message, "new words");
    EXPECT_EQ(problems[1].since, now);
}

}  // namespace
}  // namespace rt::op
