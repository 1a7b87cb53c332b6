#pragma once

#include <string>
#include <string_view>

#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/registry.hpp"

/// The blocks of a Registry's spec that belong to one type each: read, reported on and written.
/// One file per cloud (registry_block_*.cpp); what they share is in registry_block_parts.hpp.
///
/// may_be_host_of() is false for a host that is the cloud's own name of another registry than the
/// block says: roles and session policies would be about other repositories than the images.
namespace rt::tenancy {

[[nodiscard]] AlibabaAcrSpec read_alibaba_acr(Json const* value, std::string const& pointer,
                                              FieldErrors& errors);
[[nodiscard]] Json alibaba_acr_json(AlibabaAcrSpec const& spec);
[[nodiscard]] bool may_be_host_of(AlibabaAcrSpec const& spec, std::string_view host);

[[nodiscard]] AmazonEcrSpec read_amazon_ecr(Json const* value, std::string const& pointer,
                                            FieldErrors& errors);
[[nodiscard]] Json amazon_ecr_json(AmazonEcrSpec const& spec);
/// EKS Pod Identity: identity OIDC without a role, because EKS' association has it.
[[nodiscard]] bool pod_identity(AmazonEcrSpec const& spec);
[[nodiscard]] bool may_be_host_of(AmazonEcrSpec const& spec, std::string_view host);

[[nodiscard]] GoogleArtifactRegistrySpec read_google_artifact_registry(Json const* value,
                                                                       std::string const& pointer,
                                                                       FieldErrors& errors);
[[nodiscard]] Json google_artifact_registry_json(GoogleArtifactRegistrySpec const& spec);
[[nodiscard]] bool may_be_host_of(GoogleArtifactRegistrySpec const& spec, std::string_view host);

[[nodiscard]] AzureAcrSpec read_azure_acr(Json const* value, std::string const& pointer,
                                          FieldErrors& errors);
[[nodiscard]] Json azure_acr_json(AzureAcrSpec const& spec);
/// The directory's tokens go to registries of its own cloud; to a name of the user's own only where
/// the Registry says where the token endpoint is.
[[nodiscard]] bool may_be_host_of(AzureAcrSpec const& spec, std::string_view host, bool has_realm);
/// What the names of that cloud's registries end in: .azurecr.io, .azurecr.cn, .azurecr.us.
[[nodiscard]] std::string_view host_suffix(AzureAcrSpec::Cloud cloud);

[[nodiscard]] HarborSpec read_harbor(Json const* value, std::string const& pointer,
                                     FieldErrors& errors);
[[nodiscard]] Json harbor_json(HarborSpec const& spec);

[[nodiscard]] DockerConfigSecretSpec read_docker_config_secret(Json const* value,
                                                               std::string const& pointer,
                                                               FieldErrors& errors);

}  // namespace rt::tenancy
