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
                      {"resourceNames", {"kube-integration"}},
                      {"verbs", {"get", "list", "watch", "create", "patch", "delete"}}}}));
    ASSERT_NE(limited, nullptr);
    auto const applied =
        limited->apply(types::secrets, secret("kube-integration", "x"), {"us"}, {});
    ASSERT_TRUE(applied) << applied.error().message;
    auto const other = limited->apply(types::secrets, secret("another", "x"), {"us"}, {});
    EXPECT_EQ(other.error().kind, ErrorKind::Forbidden);
    EXPECT_EQ(limited->list_page(types::secrets, {}, "", {}).error().kind, ErrorKind::Forbidden);

    ListOptions options;
    options.field_selector = "metadata.name=kube-integration";
    options.metadata_only = true;
    auto const page = limited->list_page(types::secrets, options, "", {});
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_GE(page->items.size(), 1U);

    WatchOptions watch;
    watch.field_selector = options.field_selector;
    watch.metadata_only = true;
    watch.resource_version = page->resource_version;
    watch.timeout = 5s;
    Json changed = secret("kube-integration", "y");
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
    EXPECT_EQ(names, std::vector<std::string>{"kube-integration"});
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
