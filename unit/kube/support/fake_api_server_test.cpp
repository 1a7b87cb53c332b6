#include "unit/support/fake_api_server.hpp"

#include <gtest/gtest.h>

#include "unit/support/fake_clock.hpp"

namespace rt::test {
namespace {

using kube::ObjectKey;
namespace types = kube::types;

Json secret(std::string const& ns, std::string const& name, Json data = Json::object()) {
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata", {{"name", name}, {"namespace", ns}}},
            {"type", "Opaque"},
            {"data", std::move(data)}};
}

class FakeApiServerTest : public ::testing::Test {
  protected:
    Result<Json> apply(Json const& object, std::string const& manager, bool force = true) {
        return api.apply(types::secrets, object, {manager, force}, {});
    }

    FakeClock clock;
    FakeApiServer api{clock};
};

TEST_F(FakeApiServerTest, ApplyCreatesChangesAndRemovesWhatTheManagerLeavesOut) {
    auto const first = apply(secret("a", "s", {{"x", "1"}, {"y", "2"}}), "us");
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_TRUE(apply(secret("a", "s", {{"z", "3"}}), "other"));
    auto const second = apply(secret("a", "s", {{"x", "4"}}), "us");
    ASSERT_TRUE(second);
    EXPECT_EQ((*second)["data"], (Json{{"x", "4"}, {"z", "3"}}));
    EXPECT_EQ((*second)["metadata"]["uid"], (*first)["metadata"]["uid"]);
}

TEST_F(FakeApiServerTest, AnApplyThatChangesNothingWritesNothing) {
    auto const first = apply(secret("a", "s", {{"x", "1"}}), "us");
    auto const second = apply(secret("a", "s", {{"x", "1"}}), "us");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, *second);
}

TEST_F(FakeApiServerTest, ApplyWithoutForceConflictsOverAnotherManagersField) {
    ASSERT_TRUE(apply(secret("a", "s", {{"x", "1"}}), "other"));
    auto const refused = apply(secret("a", "s", {{"x", "2"}}), "us", false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Conflict);
    EXPECT_TRUE(apply(secret("a", "s", {{"x", "2"}}), "us", true));
}

TEST_F(FakeApiServerTest, ApplyWithAUidNeverCreates) {
    Json object = secret("a", "s");
    object["metadata"]["uid"] = "u";
    auto const refused = apply(object, "us");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Conflict);
}

TEST_F(FakeApiServerTest, StaleUpdatesAndFalsePreconditionsConflict) {
    Json const stored = api.put(types::secrets, secret("a", "s"));
    Json changed = stored;
    changed["data"]["x"] = "1";
    ASSERT_TRUE(api.update(types::secrets, changed, "", {}));
    auto const stale = api.update(types::secrets, changed, "", {});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().kind, ErrorKind::Conflict);
    auto const wrong = api.remove(types::secrets, {"a", "s"}, {"another-uid", ""}, {});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().kind, ErrorKind::Conflict);
    EXPECT_TRUE(api.remove(types::secrets, {"a", "s"}, {kube::meta_of(stored).uid, ""}, {}));
    EXPECT_FALSE(api.find(types::secrets, {"a", "s"}));
}

TEST_F(FakeApiServerTest, StatusIsASubresourceOfOurOwnTypes) {
    api.put(types::registries, {{"metadata", {{"name", "r"}}}, {"spec", {{"type", "Anonymous"}}}});
    Json const status = {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                         {"kind", "Registry"},
                         {"metadata", {{"name", "r"}}},
                         {"spec", {{"type", "Harbor"}}},
                         {"status", {{"tenancies", 3}}}};
    auto const written = api.apply(types::registries, status, {"us", true, false, "status"}, {});
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ((*written)["spec"]["type"], "Anonymous");
    EXPECT_EQ((*written)["status"]["tenancies"], 3);
    EXPECT_EQ(kube::meta_of(*written).generation, 1);
}

TEST_F(FakeApiServerTest, NamespacesTerminateAndRefuseWhatIsNew) {
    api.put(types::namespaces, {{"metadata", {{"name", "a"}}}});
    api.put(types::secrets, secret("a", "old"));
    ASSERT_TRUE(api.remove(types::namespaces, {"", "a"}, {}, {}));
    auto const refused = apply(secret("a", "s"), "us");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "NamespaceTerminating");
    EXPECT_EQ(refused.error().kind, ErrorKind::Forbidden);
    api.finish_namespace("a");
    EXPECT_FALSE(api.find(types::secrets, {"a", "old"}));
    EXPECT_FALSE(api.find(types::namespaces, {"", "a"}));
}

TEST_F(FakeApiServerTest, SelectorsAndPagesAndMetadata) {
    for (char const* const name : {"a", "b", "c"}) {
        Json object = secret("n", name, {{"k", "v"}});
        object["metadata"]["labels"] = {{"tier", name}};
        api.put(types::secrets, object);
    }
    kube::ListOptions options;
    options.limit = 2;
    auto const first = api.list_page(types::secrets, options, "", {});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->items.size(), 2U);
    auto const second = api.list_page(types::secrets, options, first->continue_token, {});
    ASSERT_TRUE(second);
    EXPECT_EQ(second->items.size(), 1U);
    EXPECT_EQ(second->continue_token, "");

    struct Case {
        char const* fields;
        char const* labels;
        std::size_t found;
    };
    for (Case const& one : {Case{"metadata.name=b", "", 1}, Case{"metadata.name!=b", "", 2},
                            Case{"", "tier=a", 1}, Case{"", "tier in (a,b)", 2},
                            Case{"", "tier", 3}, Case{"", "!tier", 0}, Case{"", "tier!=c", 2}}) {
        kube::ListOptions selective;
        selective.field_selector = one.fields;
        selective.label_selector = one.labels;
        selective.metadata_only = true;
        auto const page = api.list_page(types::secrets, selective, "", {});
        ASSERT_TRUE(page);
        EXPECT_EQ(page->items.size(), one.found) << one.fields << one.labels;
        for (Json const& item : page->items) {
            EXPECT_FALSE(item.contains("data"));
        }
    }
}

TEST_F(FakeApiServerTest, FaultsComeAndGo) {
    api.fail_next(Verb::Get, types::secrets, Error{ErrorKind::Throttled, "slow down"});
    EXPECT_EQ(api.get(types::secrets, {"a", "s"}, {}).error().kind, ErrorKind::Throttled);
    EXPECT_EQ(api.get(types::secrets, {"a", "s"}, {}).error().kind, ErrorKind::NotFound);
    EXPECT_EQ(api.count(Verb::Get, types::secrets), 2);
    EXPECT_EQ(api.writes(), 0);
}

TEST_F(FakeApiServerTest, ServiceAccountTokens) {
    api.put(types::service_accounts, {{"metadata", {{"name", "sa"}, {"namespace", "a"}}}});
    auto const token = api.create_subresource(types::service_accounts, {"a", "sa"}, "token",
                                              {{"spec", {{"expirationSeconds", 600}}}}, {});
    ASSERT_TRUE(token);
    EXPECT_EQ((*token)["status"]["token"], "token-a-sa-1");
    EXPECT_EQ((*token)["status"]["expirationTimestamp"], "2026-01-02T03:14:05Z");
}

}  // namespace
}  // namespace rt::test
