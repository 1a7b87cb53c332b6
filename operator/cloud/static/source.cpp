#include "operator/cloud/static/source.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "lib/tenancy/docker_config.hpp"
#include "operator/cloud/secret_data.hpp"

namespace rt::op::static_secret {
namespace {

/// "https://HOST/v1/" and "HOST/path" both name HOST.
std::string_view host_of(std::string_view key) {
    for (std::string_view const scheme : {"https://", "http://"}) {
        if (key.starts_with(scheme)) {
            key.remove_prefix(scheme.size());
        }
    }
    return key.substr(0, key.find('/'));
}

bool names_host(tenancy::DockerConfigEntry const& entry, std::string const& host) {
    for (std::string const& key : entry.keys) {
        if (host_of(key) == host) {
            return true;
        }
    }
    return false;
}

class StaticSource final : public CredentialSource {
  public:
    explicit StaticSource(CredentialSourceContext context) : context_(std::move(context)) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override {
        tenancy::Registry const& registry = *request.spec.registry;
        if (!registry.allow_unnarrowed) {
            return fail(invalid_argument(
                "Registry " + registry.meta.name +
                ": a DockerConfigSecret cannot be narrowed to `allow`, and whoever can create Pods "
                "in "
                "a governed namespace can read it; set spec.allowUnnarrowed: true to accept that"));
        }
        std::string const& name = registry.docker_config_secret->secret_name;
        RT_TRY(auto entries, read(name, std::move(stop)));
        std::vector<std::string> hosts;
        for (tenancy::RegistryHost const& host : registry.hosts) {
            hosts.push_back(host.str());
            for (tenancy::DockerConfigEntry& entry : entries) {
                if (names_host(entry, host.str())) {
                    return RegistryCredential{std::move(entry.username), std::move(entry.password),
                                              context_.clock.wall_now(), std::nullopt};
                }
            }
        }
        return fail(Error{ErrorKind::NotFound, "Secret " + context_.product_namespace + "/" + name +
                                                   " has no entry for any host of Registry " +
                                                   registry.meta.name + " (" + join(hosts, ", ") +
                                                   "); add one under \"auths\""});
    }

  private:
    Result<std::vector<tenancy::DockerConfigEntry>> read(std::string const& name,
                                                         std::stop_token stop) {
        std::string const called = "Secret " + context_.product_namespace + "/" + name;
        auto const secret = context_.api.get(kube::types::secrets,
                                             {context_.product_namespace, name}, std::move(stop));
        if (!secret && secret.error().kind == ErrorKind::NotFound) {
            return fail(Error{ErrorKind::NotFound,
                              called +
                                  " does not exist; create it (kubectl create secret "
                                  "docker-registry), or correct the Registry's dockerConfigSecret",
                              "SecretNotFound"});
        }
        if (!secret) {
            return fail(secret.error());
        }
        RT_TRY(SecretString const content, secret_data(*secret, ".dockerconfigjson"));
        auto entries = tenancy::parse_docker_config(content.reveal());
        return entries ? std::move(entries) : fail(entries.error().with_context(called));
    }

    CredentialSourceContext context_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context) {
    return std::make_unique<StaticSource>(std::move(context));
}

}  // namespace rt::op::static_secret
