#include "lib/kube/core/status.hpp"
#include "unit/kube/integration/real_cluster.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

class ClientIntegration : public RealCluster {};

TEST_F(ClientIntegration, SaysItsVersion) {
    auto const version = client->raw_get("/version", {});
    ASSERT_TRUE(version) << version.error().message;
    EXPECT_NE(version->find("gitVersion"), std::string::npos);
    EXPECT_EQ(client->raw_get("/readyz", {}).value_or(""), "ok");
}

TEST_F(ClientIntegration, CreateGetUpdateAndTheirConflicts) {
    auto const created = client->create(config_maps, ns, config_map("a", "1"), {});
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_EQ(client->create(config_maps, ns, config_map("a", "1"), {}).error().kind,
              ErrorKind::AlreadyExists);
    Json changed = *client->get(config_maps, {ns, "a"}, {});
    changed["data"]["value"] = "2";
    auto const updated = client->update(config_maps, changed, "", {});
    ASSERT_TRUE(updated) << updated.error().message;
    auto const stale = client->update(config_maps, changed, "", {});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().kind, ErrorKind::Conflict);
    EXPECT_EQ(stale.error().code, "Conflict");
    auto const patched =
        client->merge_patch(config_maps, {ns, "a"}, {{"data", {{"value", nullptr}}}}, "", {});
    ASSERT_TRUE(patched);
    EXPECT_FALSE(patched->contains("data"));
    auto const absent = client->get(config_maps, {ns, "b"}, {});
    EXPECT_EQ(absent.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(absent.error().http_status, 404);
}

TEST_F(ClientIntegration, ServerSideApplyOwnsGuardsAndSkips) {
    auto const first = client->apply(config_maps, config_map("a", "1"), {"us"}, {});
    ASSERT_TRUE(first) << first.error().message;
    auto const again = client->apply(config_maps, config_map("a", "1"), {"us"}, {});
    ASSERT_TRUE(again);
    EXPECT_EQ(meta_of(*again).resource_version, meta_of(*first).resource_version);
    auto const refused =
        client->apply(config_maps, config_map("a", "2"), {"other", /*force=*/false}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Conflict);
    auto const taken = client->apply(config_maps, config_map("a", "2"), {"other"}, {});
    ASSERT_TRUE(taken);

    Json stale = config_map("a", "3");
    stale["metadata"]["resourceVersion"] = meta_of(*first).resource_version;
    EXPECT_EQ(client->apply(config_maps, stale, {"us"}, {}).error().kind, ErrorKind::Conflict);
    Json absent = config_map("b", "1");
    absent["metadata"]["uid"] = meta_of(*first).uid;
    EXPECT_EQ(client->apply(config_maps, absent, {"us"}, {}).error().kind, ErrorKind::Conflict);

    auto const dry = client->apply(config_maps, config_map("c", "1"), {"us", true, true}, {});
    EXPECT_TRUE(dry);
    EXPECT_EQ(client->get(config_maps, {ns, "c"}, {}).error().kind, ErrorKind::NotFound);
}

TEST_F(ClientIntegration, DeletesOnlyWhatItsPreconditionsMean) {
    auto const created = client->create(config_maps, ns, config_map("a", "1"), {});
    ASSERT_TRUE(created);
    ObjectMeta const meta = meta_of(*created);
    auto const other =
        client->remove(config_maps, {ns, "a"}, {"00000000-0000-0000-0000-000000000000", ""}, {});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::Conflict);
    EXPECT_EQ(client->remove(config_maps, {ns, "a"}, {meta.uid, "1"}, {}).error().kind,
              ErrorKind::Conflict);
    EXPECT_TRUE(client->remove(config_maps, {ns, "a"}, {meta.uid, meta.resource_version}, {}));
    EXPECT_EQ(client->remove(config_maps, {ns, "a"}, {}, {}).error().kind, ErrorKind::NotFound);
}

TEST_F(ClientIntegration, ListsInPagesAndWithoutData) {
    for (char const* const name : {"a", "b", "c"}) {
        ASSERT_TRUE(client->create(types::secrets, ns, secret(name, "x"), {}));
    }
    ListOptions options;
    options.ns = ns;
    options.limit = 2;
    auto const first = client->list_page(types::secrets, options, "", {});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->items.size(), 2U);
    EXPECT_NE(first->continue_token, "");
    EXPECT_EQ(first->items[0]["kind"], "Secret");
    auto const all = list_all(*client, types::secrets, options, {});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->items.size(), 3U);

    options.metadata_only = true;
    auto const metadata = list_all(*client, types::secrets, options, {});
    ASSERT_TRUE(metadata);
    ASSERT_EQ(metadata->items.size(), 3U);
    EXPECT_EQ(metadata->items[0]["kind"], "PartialObjectMetadata");
    EXPECT_FALSE(metadata->items[0].contains("data"));
    EXPECT_EQ(meta_of(metadata->items[0]).ns, ns);

    options.field_selector = "metadata.name=b";
    auto const one = list_all(*client, types::secrets, options, {});
    ASSERT_TRUE(one);
    ASSERT_EQ(one->items.size(), 1U);
    EXPECT_EQ(key_of(one->items[0]).name, "b");
}

TEST_F(ClientIntegration, AVersionFromTheFutureSaysSo) {
    ListOptions options;
    options.ns = ns;
    options.resource_version = "900000000000";
    auto const page = client->list_page(config_maps, options, "", {});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, codes::resource_version_too_large) << page.error().message;
    EXPECT_EQ(page.error().kind, ErrorKind::Unavailable);
    EXPECT_TRUE(page.error().retry_after.has_value());
}

TEST_F(ClientIntegration, ATerminatingNamespaceIsRecognised) {
    Json holding = config_map("holding", "1");
    holding["metadata"]["finalizers"] = {"registrytenancy.dev/test"};
    ASSERT_TRUE(client->create(config_maps, ns, holding, {}));
    ASSERT_TRUE(client->remove(types::namespaces, {"", ns}, {}, {}));
    auto const refused = client->apply(types::secrets, secret("late", "x"), {"us"}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, codes::namespace_terminating) << refused.error().message;
    EXPECT_EQ(refused.error().kind, ErrorKind::Forbidden);
    EXPECT_TRUE(client->merge_patch(config_maps, {ns, "holding"},
                                    {{"metadata", {{"finalizers", nullptr}}}}, "", {}));
}

TEST_F(ClientIntegration, ATypeThatIsNotServedIsNotFound) {
    ResourceType const unknown{"nothing.example.com", "v1", "nothings", "Nothing", false};
    auto const page = client->list_page(unknown, {}, "", {});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().kind, ErrorKind::NotFound);
}

/// The operator's permission on pull Secrets: this one name, in all namespaces.
TEST_F(ClientIntegration, RightsOnOneSecretNameAreEnoughForItsListWatchAndApply) {
    auto const limited = client_allowed(
        Json::array({{{"apiGroups", {""}},
                      {"resources", {"secrets"}},
                      {"resourceNames", {"registry-tenancy"}},
                      {"verbs", {"get", "list", "watch", "create", "patch", "delete"}}}}));
    ASSERT_NE(limited, nullptr);
    auto const applied =
        limited->apply(types::secrets, secret("registry-tenancy", "x"), {"us"}, {});
    ASSERT_TRUE(applied) << applied.error().message;
    auto const other = limited->apply(types::secrets, secret("another", "x"), {"us"}, {});
    EXPECT_EQ(other.error().kind, ErrorKind::Forbidden);
    EXPECT_EQ(limited->list_page(types::secrets, {}, "", {}).error().kind, ErrorKind::Forbidden);

    ListOptions options;
    options.field_selector = "metadata.name=registry-tenancy";
    options.metadata_only = true;
    auto const page = limited->list_page(types::secrets, options, "", {});
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_GE(page->items.size(), 1U);

    WatchOptions watch;
    watch.field_selector = options.field_selector;
    watch.metadata_only = true;
    watch.resource_version = page->resource_version;
    watch.timeout = 5s;
    Json changed = secret("registry-tenancy", "y");
    ASSERT_TRUE(limited->apply(types::secrets, changed, {"us"}, {}));
    ASSERT_TRUE(client->apply(types::secrets, secret("another", "x"), {"us"}, {}));
    std::vector<std::string> names;
    auto const watched = limited->watch(types::secrets, watch,
                                        [&](WatchEvent const& event) {
                                            names.push_back(key_of(*event.object).name);
                                            EXPECT_FALSE(event.object->contains("data"));
                                            return names.empty();
                                        },
                                        {});
    EXPECT_TRUE(watched) << watched.error().message;
    EXPECT_EQ(names, std::vector<std::string>{"registry-tenancy"});
}

TEST_F(ClientIntegration, AWrongTokenAndAWrongCaAreDifferentTroubles) {
    ClientConfig config = admin_config();
    config.client_certificate_pem.clear();
    config.client_certificate_file.clear();
    config.client_key_pem = SecretString();
    config.client_key_file.clear();
    config.token = SecretString("not-a-token");
    auto const unknown = make_client(std::move(config), system_clock());
    ASSERT_TRUE(unknown);
    auto const refused = (*unknown)->get(types::namespaces, {"", ns}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Unauthenticated);
    EXPECT_EQ(refused.error().message.find("not-a-token"), std::string::npos);

    ClientConfig distrustful = admin_config();
    distrustful.ca_pem.clear();
    distrustful.ca_file.clear();
    auto const system = make_client(std::move(distrustful), system_clock());
    ASSERT_TRUE(system);
    auto const failed = (*system)->get(types::namespaces, {"", ns}, {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::Unavailable);
}

}  // namespace
}  // namespace rt::kube
