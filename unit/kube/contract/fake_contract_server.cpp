#include "unit/kube/contract/client_contract.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"

namespace rt::kube {
namespace {

class FakeContractServer final : public ContractServer {
  public:
    FakeContractServer() {
        api_.require_namespaces(true);
        api_.put(types::namespaces, {{"metadata", {{"name", ns()}}}});
    }
    Client& client() override { return api_; }
    std::string ns() const override { return "contract"; }

  private:
    test::FakeClock clock_;
    test::FakeApiServer api_{clock_};
};

}  // namespace

std::unique_ptr<ContractServer> make_contract_server() {
    return std::make_unique<FakeContractServer>();
}

}  // namespace rt::kube
