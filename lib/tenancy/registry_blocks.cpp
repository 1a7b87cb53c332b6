#include "lib/tenancy/registry_blocks.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "lib/tenancy/registry_block_parts.hpp"

namespace rt::tenancy {
namespace {

constexpr std::array harbor_identities{
    IdentityBlock{Identity::Type::AccessKey, &read_access_key},
};

}  // namespace

HarborSpec read_harbor(Json const* value, std::string const& pointer, FieldErrors& errors) {
    constexpr std::size_t url_characters_max = 2048;
    HarborSpec spec;
    FieldReader reader(value, pointer, errors);
    spec.url = reader.required_text(
        "url", url_characters_max, "write where Harbor is, for example https://harbor.example.com");
    // Past the scheme there is a host and nothing more.
    constexpr std::string_view scheme = "https://";
    if (!spec.url.empty() &&
        (!is_https_url(spec.url) || spec.url.find('/', scheme.size()) != std::string::npos)) {
        reader.report("url", in_quotes(spec.url) +
                                 " is no address of a Harbor: write https:// and the host, without "
                                 "path, user, query and fragment, for example "
                                 "https://harbor.example.com");
    }
    spec.identity = read_identity(reader, harbor_identities, errors);
    reader.refuse_unknown();
    return spec;
}

Json harbor_json(HarborSpec const& spec) {
    return {{"url", spec.url}, {"identity", identity_json(spec.identity)}};
}

DockerConfigSecretSpec read_docker_config_secret(Json const* value, std::string const& pointer,
                                                 FieldErrors& errors) {
    FieldReader block(value, pointer, errors);
    DockerConfigSecretSpec spec{read_secret_name(block)};
    block.refuse_unknown();
    return spec;
}

}  // namespace rt::tenancy
