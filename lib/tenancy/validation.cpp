#include "lib/tenancy/validation.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/registry_block_parts.hpp"
#include "lib/tenancy/session_policy.hpp"

namespace rt::tenancy {
namespace {

constexpr std::size_t external_id_bytes_min = 2;
constexpr std::size_t external_id_bytes_max = 1224;
constexpr std::size_t warning_bytes_max = 256;

bool is_expanded_external_id(std::string_view text) {
    return text.size() >= external_id_bytes_min && text.size() <= external_id_bytes_max &&
           std::all_of(text.begin(), text.end(), [](char character) {
               return (character >= 'a' && character <= 'z') ||
                      (character >= 'A' && character <= 'Z') ||
                      (character >= '0' && character <= '9') ||
                      std::string_view("_+=,.@:/-").find(character) != std::string_view::npos;
           });
}

std::string name_in_quotes(Registry const& registry) {
    return '"' + registry.meta.name + '"';
}

/// "of type T" or, where the identity matters, "of type T with identity I".
std::string kind_of(Registry const& registry) {
    std::string text = "of type " + std::string(name_of(registry.type));
    if (registry.role_cloud() && registry.identity() != nullptr) {
        text += " with identity " + std::string(name_of(registry.identity()->type));
    }
    if (registry.azure_acr && registry.azure_acr->scope_map_tokens) {
        text += " and scopeMapTokens";
    }
    return text;
}

/// How a role of `registry` is written.
std::string_view form_of(Registry const& registry) {
    switch (registry.type) {
        case RegistryType::AlibabaACR:
            return "acs:ram::ACCOUNT:role/NAME";
        case RegistryType::GoogleArtifactRegistry:
            return "NAME@PROJECT.iam.gserviceaccount.com";
        case RegistryType::AzureACR:
            return "of a client ID, a GUID in lower case";
        default:
            break;
    }
    std::string_view const partition =
        registry.amazon_ecr ? registry.amazon_ecr->partition() : std::string_view();
    if (partition == "aws-cn") {
        return "arn:aws-cn:iam::ACCOUNT:role/NAME";
    }
    return partition == "aws-us-gov" ? "arn:aws-us-gov:iam::ACCOUNT:role/NAME"
                                     : "arn:aws:iam::ACCOUNT:role/NAME";
}

bool has_form(Registry const& registry, Role const& role) {
    return role.cloud() == registry.role_cloud() &&
           (!registry.amazon_ecr || role.partition() == registry.amazon_ecr->partition());
}

/// The token of a ServiceAccount reaches roles of the provider's own account alone.
bool reaches_role(Registry const& registry, Role const& role) {
    return !registry.alibaba_acr ||
           registry.alibaba_acr->identity.type != Identity::Type::ServiceAccount ||
           account_of_provider(registry.alibaba_acr->identity) == role.account();
}

std::optional<RoleProblem> external_id_problem(Registry const& registry,
                                               TenancyRegistry const& wanted, std::string_view ns,
                                               std::string_view cluster) {
    if (wanted.external_id.empty()) {
        return std::nullopt;
    }
    if (!registry.takes_external_id()) {
        return RoleProblem{"externalID", "ExternalIDInvalid",
                           "Registry " + name_in_quotes(registry) + " is " + kind_of(registry) +
                               ", which sends no external ID: remove externalID from the "
                               "RegistryTenancy"};
    }
    if (!is_expanded_external_id(expand_placeholders(wanted.external_id, ns, cluster))) {
        return RoleProblem{
            "externalID", "ExternalIDInvalid",
            "the externalID is none after {cluster} and {namespace} are put in: 2 to "
            "1224 letters, digits and _ + = , . @ : / - are allowed"};
    }
    return std::nullopt;
}

}  // namespace

std::optional<RoleProblem> role_problem(Registry const& registry, TenancyRegistry const& wanted,
                                        std::string_view ns, std::string_view cluster) {
    auto const problem = [&](std::string reason, std::string const& what) {
        return RoleProblem{
            "role", std::move(reason),
            "Registry " + name_in_quotes(registry) + " is " + kind_of(registry) + ", " + what};
    };
    if (registry.role_use() == Registry::RoleUse::None) {
        if (!wanted.role) {
            return std::nullopt;
        }
        return problem("RoleMismatch",
                       "which assumes no role: remove role from the RegistryTenancy");
    }
    if (!wanted.role) {
        if (registry.role_use() == Registry::RoleUse::Optional) {
            return std::nullopt;
        }
        return problem("RoleRequired", "which assumes a role: add role to the RegistryTenancy");
    }
    auto const role = wanted.role->expand(ns, cluster);
    if (!role) {
        return RoleProblem{"role", "RoleInvalid",
                           "the role that the RegistryTenancy names is none after {cluster} and "
                           "{namespace} are put in: correct it, or the cluster's name"};
    }
    if (!has_form(registry, *role)) {
        return problem("RoleMismatch", "whose roles have the form " +
                                           std::string(form_of(registry)) +
                                           ": correct role in the RegistryTenancy");
    }
    if (!reaches_role(registry, *role)) {
        return problem("RoleMismatch",
                       "which reaches only roles of the account of its OIDC provider: name one of "
                       "those, or register the cluster as a provider in the role's account");
    }
    if (!registry.role_allowed(role->str())) {
        return RoleProblem{
            "role", "RoleNotAllowed",
            "the role that the RegistryTenancy names is not among the allowedRoles of "
            "Registry " +
                name_in_quotes(registry) + ": name an allowed one, or extend allowedRoles"};
    }
    return external_id_problem(registry, wanted, ns, cluster);
}

FieldErrors validate_against(RegistryTenancy const& tenancy, RegistryCatalog const& catalog,
                             std::string_view cluster) {
    FieldErrors errors;
    // Any name that a namespace can have; the real ones are checked per namespace.
    std::string const sample = tenancy.namespaces.empty() ? "n" : tenancy.namespaces.front();
    for (std::size_t i = 0; i < tenancy.registries.size(); ++i) {
        TenancyRegistry const& wanted = tenancy.registries[i];
        Registry const* const registry = catalog.by_name(wanted.name);
        if (registry == nullptr) {
            continue;
        }
        std::string const pointer = "/spec/registries/" + std::to_string(i);
        if (auto const problem = role_problem(*registry, wanted, sample, cluster)) {
            errors.push_back({json_pointer(pointer, problem->field), problem->message});
            continue;
        }
        std::optional<Role> role;
        if (wanted.role) {
            role = wanted.role->expand(sample, cluster).value();  // role_problem() has expanded it
        }
        auto const policy = session_policy(*registry, role, wanted.allow);
        if (!policy) {
            errors.push_back({json_pointer(pointer, "allow"), policy.error().message});
        }
    }
    return errors;
}

FieldErrors validate_against(Registry const& registry, RegistryCatalog const& others) {
    FieldErrors errors;
    for (std::size_t i = 0; i < registry.hosts.size(); ++i) {
        Registry const* const owner = others.by_host(registry.hosts[i].str());
        if (owner != nullptr && owner->meta.name != registry.meta.name) {
            errors.push_back({"/spec/hosts/" + std::to_string(i),
                              in_quotes(registry.hosts[i].str()) + " belongs to Registry " +
                                  name_in_quotes(*owner) + " already: remove it here or there"});
        }
    }
    return errors;
}

std::vector<std::string> warnings_for(RegistryTenancy const& tenancy,
                                      RegistryCatalog const& catalog) {
    std::vector<std::string> warnings;
    for (auto const& wanted : tenancy.registries) {
        Registry const* const registry = catalog.by_name(wanted.name);
        if (registry == nullptr) {
            warnings.push_back(printable(
                "Registry \"" + wanted.name + "\" does not exist (yet): nothing is allowed from it",
                warning_bytes_max));
        } else if (registry->takes_external_id() && wanted.role && wanted.external_id.empty() &&
                   registry->identity()->type == Identity::Type::InstanceRole) {
            warnings.push_back(printable("registry \"" + wanted.name +
                                             "\": without externalID every cluster with this node "
                                             "role can assume the role; set externalID",
                                         warning_bytes_max));
        }
    }
    return warnings;
}

FieldErrors only_new(FieldErrors const& now, FieldErrors const& before) {
    FieldErrors result;
    std::copy_if(now.begin(), now.end(), std::back_inserter(result), [&](FieldError const& error) {
        return std::find(before.begin(), before.end(), error) == before.end();
    });
    return result;
}

}  // namespace rt::tenancy
