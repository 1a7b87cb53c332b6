#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/registry_block_parts.hpp"
#include "lib/tenancy/registry_blocks.hpp"

namespace rt::tenancy {
namespace {

bool is_lower(char character) {
    return character >= 'a' && character <= 'z';
}

void read_instance_role(FieldReader& block, Identity& identity) {
    identity.service_account = block.text("serviceAccount", 254);
    if (!identity.service_account.empty() && !is_google_service_account(identity.service_account)) {
        block.report("serviceAccount", in_quotes(identity.service_account) +
                                           " is no Google service account: write its email, for "
                                           "example operator@PROJECT.iam.gserviceaccount.com");
    }
}

/// Pools and their providers: 4 to 32 lower-case letters, digits and dashes.
bool is_pool_id(std::string_view text) {
    return text.size() >= 4 && text.size() <= 32 &&
           std::all_of(text.begin(), text.end(), [](char character) {
               return is_lower(character) || (character >= '0' && character <= '9') ||
                      character == '-';
           });
}

/// //iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
bool is_audience(std::string_view text) {
    auto const parts = split(text, '/');
    return parts.size() == 11 && parts[0].empty() && parts[1].empty() &&
           parts[2] == "iam.googleapis.com" && parts[3] == "projects" &&
           is_number(parts[4], 1, 20) && parts[5] == "locations" && parts[6] == "global" &&
           parts[7] == "workloadIdentityPools" && is_pool_id(parts[8]) && parts[9] == "providers" &&
           is_pool_id(parts[10]);
}

void read_federation(FieldReader& block, Identity& identity) {
    identity.audience = block.required_text(
        "audience", 256, "write the full name of the workload identity provider");
    if (!identity.audience.empty() && !is_audience(identity.audience)) {
        block.report("audience", in_quotes(identity.audience) +
                                     " is no workload identity provider: write its full name, "
                                     "//iam.googleapis.com/projects/NUMBER/locations/global/"
                                     "workloadIdentityPools/POOL/providers/PROVIDER");
    }
}

constexpr std::array identities{
    IdentityBlock{Identity::Type::InstanceRole, &read_instance_role, false},
    IdentityBlock{Identity::Type::OIDC, &read_federation},
    IdentityBlock{Identity::Type::ServiceAccount, &read_federation},
};

/// us, europe-west3
bool is_location(std::string_view text) {
    auto const words = split(text, '-');
    auto const is_word = [](std::string_view word) {
        return !word.empty() && std::all_of(word.begin(), word.end(), is_lower);
    };
    if (words.size() == 1) {
        return is_word(words[0]);
    }
    std::size_t const digits =
        std::min(words.back().find_first_of("0123456789"), words.back().size());
    std::string_view const number = words.back().substr(digits);
    return words.size() == 2 && is_word(words[0]) && is_word(words[1].substr(0, digits)) &&
           is_number(number, 1, 2) && number.front() != '0';
}

}  // namespace

GoogleArtifactRegistrySpec read_google_artifact_registry(Json const* value,
                                                         std::string const& pointer,
                                                         FieldErrors& errors) {
    GoogleArtifactRegistrySpec spec;
    FieldReader reader(value, pointer, errors);
    spec.location = reader.required_text("location", 32, "write where the repositories are");
    if (!spec.location.empty() && !is_location(spec.location)) {
        reader.report("location", in_quotes(spec.location) +
                                      " is no location of Artifact Registry: write it as in the "
                                      "host name before -docker.pkg.dev, for example europe-west3");
    }
    spec.identity = read_identity(reader, identities, errors);
    reader.refuse_unknown();
    return spec;
}

Json google_artifact_registry_json(GoogleArtifactRegistrySpec const& spec) {
    return {{"location", spec.location}, {"identity", identity_json(spec.identity)}};
}

bool may_be_host_of(GoogleArtifactRegistrySpec const& spec, std::string_view host) {
    constexpr std::string_view suffix = "-docker.pkg.dev";
    return !host.ends_with(suffix) || host == spec.location + std::string(suffix);
}

}  // namespace rt::tenancy
