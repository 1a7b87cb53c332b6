#pragma once

#include <string>
#include <string_view>

#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/registry.hpp"

/// The blocks of a Registry's spec that belong to one type each: read, reported on and written.
namespace rt::tenancy {

[[nodiscard]] AlibabaAcrSpec read_alibaba_acr(Json const* value, std::string const& pointer,
                                              FieldErrors& errors);
[[nodiscard]] Json alibaba_acr_json(AlibabaAcrSpec const& spec);

[[nodiscard]] AmazonEcrSpec read_amazon_ecr(Json const* value, std::string const& pointer,
                                            FieldErrors& errors);
[[nodiscard]] Json amazon_ecr_json(AmazonEcrSpec const& spec);
/// False for a host that is Amazon's own name of another account's or region's registry: the
/// session policy would be about other repositories than the images.
[[nodiscard]] bool may_be_host_of(AmazonEcrSpec const& spec, std::string_view host);

[[nodiscard]] DockerConfigSecretSpec read_docker_config_secret(Json const* value,
                                                               std::string const& pointer,
                                                               FieldErrors& errors);

/// Reports a block that its discriminator does not want, or the lack of one that it needs.
void check_block(FieldReader& reader, std::string_view key, bool present, bool wanted,
                 bool required, std::string_view type, std::string_view owner);

}  // namespace rt::tenancy
