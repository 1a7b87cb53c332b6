#include "operator/cloud/token_source.hpp"

#include "operator/cloud/alibaba/source.hpp"
#include "operator/cloud/amazon/source.hpp"
#include "operator/cloud/azure/source.hpp"
#include "operator/cloud/google/source.hpp"
#include "operator/cloud/harbor/source.hpp"
#include "operator/cloud/static/source.hpp"

namespace rt::op {
namespace {

class SourceByType final : public CredentialSource {
  public:
    explicit SourceByType(CredentialSourceContext const& context)
        : alibaba_(alibaba::make_source(context)),
          amazon_(amazon::make_source(context)),
          google_(google::make_source(context)),
          azure_(azure::make_source(context)),
          harbor_(harbor::make_source(context)),
          static_(static_secret::make_source(context)) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override {
        tenancy::Registry const& registry = *request.spec.registry;
        switch (registry.type) {
            case tenancy::RegistryType::AlibabaACR:
                return alibaba_->mint(request, std::move(stop));
            case tenancy::RegistryType::AmazonECR:
                return amazon_->mint(request, std::move(stop));
            case tenancy::RegistryType::GoogleArtifactRegistry:
                return google_->mint(request, std::move(stop));
            case tenancy::RegistryType::AzureACR:
                return azure_->mint(request, std::move(stop));
            case tenancy::RegistryType::Harbor:
                return harbor_->mint(request, std::move(stop));
            case tenancy::RegistryType::DockerConfigSecret:
                return static_->mint(request, std::move(stop));
            case tenancy::RegistryType::Anonymous:
                break;
        }
        return fail(invalid_argument("Registry " + registry.meta.name + " of type " +
                                     std::string(tenancy::name_of(registry.type)) +
                                     " has no credentials to mint"));
    }

    [[nodiscard]] bool leaves_behind(tenancy::Registry const& registry) const override {
        return harbor_->leaves_behind(registry) || azure_->leaves_behind(registry);
    }
    Result<SweepResult> sweep(SweepRequest const& request, std::stop_token stop) override {
        auto& source = request.registry->azure_acr ? azure_ : harbor_;
        return source->sweep(request, std::move(stop));
    }

  private:
    std::unique_ptr<CredentialSource> alibaba_;
    std::unique_ptr<CredentialSource> amazon_;
    std::unique_ptr<CredentialSource> google_;
    std::unique_ptr<CredentialSource> azure_;
    std::unique_ptr<CredentialSource> harbor_;
    std::unique_ptr<CredentialSource> static_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_credential_sources(CredentialSourceContext context) {
    return std::make_unique<SourceByType>(context);
}

}  // namespace rt::op
