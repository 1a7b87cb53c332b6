#include <cstdlib>

#include "lib/base/random.hpp"
#include "unit/kube/contract/client_contract.hpp"

namespace rt::kube {
namespace {

class RealContractServer final : public ContractServer {
  public:
    explicit RealContractServer(std::unique_ptr<Client> client)
        : client_(std::move(client)), ns_("kube-contract-" + system_random().hex(4)) {
        auto const created = client_->create(
            types::namespaces, "",
            {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns_}}}}, {});
        EXPECT_TRUE(created) << created.error().message;
    }
    ~RealContractServer() override {
        auto const removed = client_->remove(types::namespaces, {"", ns_}, {}, {});
        EXPECT_TRUE(removed || removed.error().kind == ErrorKind::NotFound);
    }
    RealContractServer(RealContractServer const&) = delete;
    RealContractServer& operator=(RealContractServer const&) = delete;
    Client& client() override { return *client_; }
    std::string ns() const override { return ns_; }

  private:
    std::unique_ptr<Client> client_;
    std::string ns_;
};

}  // namespace

std::unique_ptr<ContractServer> make_contract_server() {
    char const* const path = std::getenv("RT_KUBECONFIG");
    if (path == nullptr) {
        return nullptr;
    }
    auto config = load_kubeconfig(path);
    if (!config) {
        ADD_FAILURE() << config.error().message;
        return nullptr;
    }
    auto client = make_client(*std::move(config), system_clock());
    if (!client) {
        ADD_FAILURE() << client.error().message;
        return nullptr;
    }
    return std::make_unique<RealContractServer>(*std::move(client));
}

}  // namespace rt::kube
