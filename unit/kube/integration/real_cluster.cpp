#include "unit/kube/integration/real_cluster.hpp"

#include <cstdlib>

#include "lib/base/random.hpp"

namespace rt::kube {
namespace {

ResourceType const cluster_role_bindings{"rbac.authorization.k8s.io", "v1", "clusterrolebindings",
                                         "ClusterRoleBinding", false};

}  // namespace

ClientConfig RealCluster::admin_config() {
    auto config = load_kubeconfig(std::getenv("RT_KUBECONFIG"));
    if (!config) {
        ADD_FAILURE() << config.error().message;
        return {};
    }
    return *std::move(config);
}

void RealCluster::SetUp() {
    if (std::getenv("RT_KUBECONFIG") == nullptr) {
        GTEST_SKIP() << "RT_KUBECONFIG is not set: no cluster to test against (make cluster-up)";
    }
    auto made = make_client(admin_config(), system_clock());
    ASSERT_TRUE(made) << made.error().message;
    client = *std::move(made);
    ns = "kube-integration-" + system_random().hex(4);
    auto const created = client->create(
        types::namespaces, "",
        {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns}}}}, {});
    ASSERT_TRUE(created) << created.error().message;
}

void RealCluster::TearDown() {
    if (client == nullptr) {
        return;
    }
    for (auto const& [type, key] : cluster_scoped_) {
        EXPECT_TRUE(client->remove(type, key, {}, {})) << key.name;
    }
    auto const removed = client->remove(types::namespaces, {"", ns}, {}, {});
    EXPECT_TRUE(removed || removed.error().kind == ErrorKind::NotFound);
}

std::unique_ptr<Client> RealCluster::client_allowed(Json const& rules) {
    auto const apply = [&](ResourceType const& type, Json object) {
        object["apiVersion"] = type.api_version();
        object["kind"] = type.kind;
        auto const applied = client->apply(type, object, {"kube-integration"}, {});
        ASSERT_TRUE(applied) << applied.error().message;
        if (!type.namespaced) {
            cluster_scoped_.emplace_back(type, key_of(*applied));
        }
    };
    apply(types::service_accounts, {{"metadata", {{"name", "tester"}, {"namespace", ns}}}});
    apply(types::cluster_roles, {{"metadata", {{"name", ns}}}, {"rules", rules}});
    apply(cluster_role_bindings,
          {{"metadata", {{"name", ns}}},
           {"roleRef",
            {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", ns}}},
           {"subjects",
            Json::array({{{"kind", "ServiceAccount"}, {"name", "tester"}, {"namespace", ns}}})}});
    auto const token = client->create_subresource(types::service_accounts, {ns, "tester"}, "token",
                                                  {{"apiVersion", "authentication.k8s.io/v1"},
                                                   {"kind", "TokenRequest"},
                                                   {"spec", {{"expirationSeconds", 600}}}},
                                                  {});
    if (!token) {
        ADD_FAILURE() << token.error().message;
        return nullptr;
    }
    ClientConfig config;
    ClientConfig const admin = admin_config();
    config.server = admin.server;
    config.ca_pem = admin.ca_pem;
    config.ca_file = admin.ca_file;
    config.tls_server_name = admin.tls_server_name;
    config.token = SecretString((*token)["status"]["token"].get_ref<std::string const&>());
    auto made = make_client(std::move(config), system_clock());
    EXPECT_TRUE(made) << made.error().message;
    return made ? *std::move(made) : nullptr;
}

Json RealCluster::secret(std::string const& name, std::string const& value) const {
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata", {{"name", name}, {"namespace", ns}}},
            {"type", "Opaque"},
            {"stringData", {{"value", value}}}};
}

Json RealCluster::config_map(std::string const& name, std::string const& value) const {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", name}, {"namespace", ns}}},
            {"data", {{"value", value}}}};
}

}  // namespace rt::kube
