#include "unit/kube/contract/client_contract.hpp"
#include "lib/kube/core/status.hpp"

namespace rt::kube {
namespace {

TEST_F(ClientContract, CreateGetUpdateAndTheirConflicts) {
    auto const created = client().create(config_maps, ns, config_map("a", "1"), {});
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_EQ(client().create(config_maps, ns, config_map("a", "1"), {}).error().kind,
              ErrorKind::AlreadyExists);
    Json changed = *client().get(config_maps, {ns, "a"}, {});
    changed["data"]["value"] = "2";
    auto const updated = client().update(config_maps, changed, "", {});
    ASSERT_TRUE(updated) << updated.error().message;
    auto const stale = client().update(config_maps, changed, "", {});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().kind, ErrorKind::Conflict);
    EXPECT_EQ(stale.error().code, "Conflict");
    auto const patched =
        client().merge_patch(config_maps, {ns, "a"}, {{"data", {{"value", nullptr}}}}, "", {});
    ASSERT_TRUE(patched);
    EXPECT_FALSE(patched->contains("data"));
    auto const absent = client().get(config_maps, {ns, "b"}, {});
    EXPECT_EQ(absent.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(absent.error().http_status, 404);
}

TEST_F(ClientContract, ServerSideApplyOwnsGuardsAndSkips) {
    auto const first = client().apply(config_maps, config_map("a", "1"), {"us"}, {});
    ASSERT_TRUE(first) << first.error().message;
    auto const again = client().apply(config_maps, config_map("a", "1"), {"us"}, {});
    ASSERT_TRUE(again);
    EXPECT_EQ(meta_of(*again).resource_version, meta_of(*first).resource_version);
    auto const refused =
        client().apply(config_maps, config_map("a", "2"), {"other", /*force=*/false}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Conflict);
    auto const taken = client().apply(config_maps, config_map("a", "2"), {"other"}, {});
    ASSERT_TRUE(taken);

    Json stale = config_map("a", "3");
    stale["metadata"]["resourceVersion"] = meta_of(*first).resource_version;
    EXPECT_EQ(client().apply(config_maps, stale, {"us"}, {}).error().kind, ErrorKind::Conflict);
    Json absent = config_map("b", "1");
    absent["metadata"]["uid"] = meta_of(*first).uid;
    EXPECT_EQ(client().apply(config_maps, absent, {"us"}, {}).error().kind, ErrorKind::Conflict);

    auto const dry = client().apply(config_maps, config_map("c", "1"), {"us", true, true}, {});
    EXPECT_TRUE(dry);
    EXPECT_EQ(client().get(config_maps, {ns, "c"}, {}).error().kind, ErrorKind::NotFound);
}

TEST_F(ClientContract, DeletesOnlyWhatItsPreconditionsMean) {
    auto const created = client().create(config_maps, ns, config_map("a", "1"), {});
    ASSERT_TRUE(created);
    ObjectMeta const meta = meta_of(*created);
    auto const other =
        client().remove(config_maps, {ns, "a"}, {"00000000-0000-0000-0000-000000000000", ""}, {});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::Conflict);
    EXPECT_EQ(client().remove(config_maps, {ns, "a"}, {meta.uid, "1"}, {}).error().kind,
              ErrorKind::Conflict);
    EXPECT_TRUE(client().remove(config_maps, {ns, "a"}, {meta.uid, meta.resource_version}, {}));
    EXPECT_EQ(client().remove(config_maps, {ns, "a"}, {}, {}).error().kind, ErrorKind::NotFound);
}

TEST_F(ClientContract, ListsInPagesAndWithoutData) {
    for (char const* const name : {"a", "b", "c"}) {
        ASSERT_TRUE(client().create(types::secrets, ns, secret(name), {}));
    }
    ListOptions options;
    options.ns = ns;
    options.limit = 2;
    auto const first = client().list_page(types::secrets, options, "", {});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->items.size(), 2U);
    EXPECT_NE(first->continue_token, "");
    EXPECT_EQ(first->items[0]["kind"], "Secret");
    auto const all = list_all(client(), types::secrets, options, {});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->items.size(), 3U);

    options.metadata_only = true;
    auto const metadata = list_all(client(), types::secrets, options, {});
    ASSERT_TRUE(metadata);
    ASSERT_EQ(metadata->items.size(), 3U);
    EXPECT_EQ(metadata->items[0]["kind"], "PartialObjectMetadata");
    EXPECT_FALSE(metadata->items[0].contains("data"));
    EXPECT_EQ(meta_of(metadata->items[0]).ns, ns);

    options.field_selector = "metadata.name=b";
    auto const one = list_all(client(), types::secrets, options, {});
    ASSERT_TRUE(one);
    ASSERT_EQ(one->items.size(), 1U);
    EXPECT_EQ(key_of(one->items[0]).name, "b");
}

TEST_F(ClientContract, AVersionFromTheFutureSaysSo) {
    ListOptions options;
    options.ns = ns;
    options.resource_version = "900000000000";
    auto const page = client().list_page(config_maps, options, "", {});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, codes::resource_version_too_large) << page.error().message;
    EXPECT_EQ(page.error().kind, ErrorKind::Unavailable);
    EXPECT_TRUE(page.error().retry_after.has_value());
}

TEST_F(ClientContract, ATerminatingNamespaceIsRecognised) {
    Json holding = config_map("holding", "1");
    holding["metadata"]["finalizers"] = {"registrytenancy.dev/test"};
    ASSERT_TRUE(client().create(config_maps, ns, holding, {}));
    ASSERT_TRUE(client().remove(types::namespaces, {"", ns}, {}, {}));
    auto const refused = client().apply(types::secrets, secret("late"), {"us"}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, codes::namespace_terminating) << refused.error().message;
    EXPECT_EQ(refused.error().kind, ErrorKind::Forbidden);
    EXPECT_TRUE(client().merge_patch(config_maps, {ns, "holding"},
                                     {{"metadata", {{"finalizers", nullptr}}}}, "", {}));
}

TEST_F(ClientContract, AnApplyRemovesWhatItsManagerLeavesOutAndNothingElse) {
    Json wide = config_map("a", "1");
    wide["data"]["extra"] = "x";
    wide["metadata"]["labels"] = {{"ours", "1"}};
    ASSERT_TRUE(client().apply(config_maps, wide, {"us"}, {}));
    Json theirs = config_map("a", "1");
    theirs["data"] = {{"theirs", "y"}};
    ASSERT_TRUE(client().apply(config_maps, theirs, {"other"}, {}));
    auto const narrow = client().apply(config_maps, config_map("a", "2"), {"us"}, {});
    ASSERT_TRUE(narrow) << narrow.error().message;
    EXPECT_EQ((*narrow)["data"], (Json{{"value", "2"}, {"theirs", "y"}}));
    EXPECT_TRUE(meta_of(*narrow).labels.empty());
}

TEST_F(ClientContract, AWatchTellsWhatHappenedSinceItsVersion) {
    ListOptions list;
    list.ns = ns;
    auto const page = client().list_page(types::secrets, list, "", {});
    ASSERT_TRUE(page);
    auto const created = client().create(types::secrets, ns, secret("a"), {});
    ASSERT_TRUE(created) << created.error().message;
    ASSERT_TRUE(client().create(types::secrets, ns, secret("other"), {}));
    ASSERT_TRUE(client().merge_patch(types::secrets, {ns, "a"},
                                     {{"metadata", {{"labels", {{"l", "1"}}}}}}, "", {}));
    ASSERT_TRUE(client().remove(types::secrets, {ns, "a"}, {}, {}));
    WatchOptions watch;
    watch.ns = ns;
    watch.resource_version = page->resource_version;
    watch.field_selector = "metadata.name=a";
    watch.metadata_only = true;
    std::vector<WatchEventType> seen;
    std::string deleted_at;
    auto const watched = client().watch(types::secrets, watch,
                                        [&](WatchEvent const& event) {
                                            EXPECT_EQ(key_of(*event.object), (ObjectKey{ns, "a"}));
                                            EXPECT_FALSE(event.object->contains("data"));
                                            seen.push_back(event.type);
                                            deleted_at = meta_of(*event.object).resource_version;
                                            return event.type != WatchEventType::Deleted;
                                        },
                                        {});
    EXPECT_TRUE(watched) << watched.error().message;
    EXPECT_EQ(seen, (std::vector<WatchEventType>{WatchEventType::Added, WatchEventType::Modified,
                                                 WatchEventType::Deleted}));
    EXPECT_NE(deleted_at, meta_of(*created).resource_version);
}

TEST_F(ClientContract, TheTypeOfASecretCannotChange) {
    ASSERT_TRUE(client().create(types::secrets, ns, secret("a"), {}));
    Json other = secret("a");
    other["type"] = "example.com/other";
    auto const refused = client().apply(types::secrets, other, {"us"}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::InvalidArgument);
    EXPECT_EQ(refused.error().http_status, 422);
}

TEST_F(ClientContract, AnAbsentNamespaceIsNotFound) {
    Json object = config_map("a", "1");
    object["metadata"]["namespace"] = "absent-" + ns;
    auto const refused = client().apply(config_maps, object, {"us"}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::NotFound);
}

TEST_F(ClientContract, AServiceAccountGetsTokens) {
    ASSERT_TRUE(client().create(types::service_accounts, ns,
                                {{"apiVersion", "v1"},
                                 {"kind", "ServiceAccount"},
                                 {"metadata", {{"name", "sa"}, {"namespace", ns}}}},
                                {}));
    auto const token = client().create_subresource(types::service_accounts, {ns, "sa"}, "token",
                                                   {{"apiVersion", "authentication.k8s.io/v1"},
                                                    {"kind", "TokenRequest"},
                                                    {"spec", {{"expirationSeconds", 600}}}},
                                                   {});
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_FALSE((*token)["status"]["token"].get_ref<std::string const&>().empty());
    EXPECT_EQ(client()
                  .create_subresource(types::service_accounts, {ns, "absent"}, "token",
                                      Json::object(), {})
                  .error()
                  .kind,
              ErrorKind::NotFound);
}

}  // namespace
}  // namespace rt::kube
