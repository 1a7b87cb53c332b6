#include "lib/tenancy/validation.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/field_reader.hpp"
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

/// How a role of `registry` is written; empty where `role` is one.
std::string_view wanted_form(Registry const& registry, RoleArn const& role) {
    if (registry.role_cloud() == RoleArn::Cloud::Alibaba) {
        return role.cloud() == RoleArn::Cloud::Alibaba ? "" : "acs:ram::ACCOUNT:role/NAME";
    }
    std::string_view const partition =
        registry.amazon_ecr ? registry.amazon_ecr->partition() : std::string_view();
    if (role.cloud() == RoleArn::Cloud::Aws && role.partition() == partition) {
        return "";
    }
    if (partition == "aws-cn") {
        return "arn:aws-cn:iam::ACCOUNT:role/NAME";
    }
    return partition == "aws-us-gov" ? "arn:aws-us-gov:iam::ACCOUNT:role/NAME"
                                     : "arn:aws:iam::ACCOUNT:role/NAME";
}

}  // namespace

std::optional<RoleProblem> role_problem(Registry const& registry, TenancyRegistry const& wanted,
                                        std::string_view ns, std::string_view cluster) {
    std::string const type(name_of(registry.type));
    if (!registry.role_cloud()) {
        if (!wanted.role) {
            return std::nullopt;
        }
        return RoleProblem{"role", "RoleMismatch",
                           "Registry " + name_in_quotes(registry) + " is of type " + type +
                               ", which assumes no role: remove role from the RegistryTenancy"};
    }
    if (!wanted.role) {
        return RoleProblem{"role", "RoleRequired",
                           "Registry " + name_in_quotes(registry) + " is of type " + type +
                               ", which assumes a role: add role to the RegistryTenancy"};
    }
    auto const role = wanted.role->expand(ns, cluster);
    if (!role) {
        return RoleProblem{"role", "RoleInvalid",
                           "the role that the RegistryTenancy names is none after {cluster} and "
                           "{namespace} are put in: correct it, or the cluster's name"};
    }
    if (std::string_view const form = wanted_form(registry, *role); !form.empty()) {
        return RoleProblem{"role", "RoleMismatch",
                           "Registry " + name_in_quotes(registry) + " is of type " + type +
                               ", whose roles have the form " + std::string(form) +
                               ": correct role in the RegistryTenancy"};
    }
    if (!registry.role_allowed(role->str())) {
        return RoleProblem{
            "role", "RoleNotAllowed",
            "the role that the RegistryTenancy names is not among the allowedRoles of "
            "Registry " +
                name_in_quotes(registry) + ": name an allowed one, or extend allowedRoles"};
    }
    std::string const external_id = expand_placeholders(wanted.external_id, ns, cluster);
    if (!wanted.external_id.empty() && !is_expanded_external_id(external_id)) {
        return RoleProblem{
            "externalID", "ExternalIDInvalid",
            "the externalID is none after {cluster} and {namespace} are put in: 2 to "
            "1224 letters, digits and _ + = , . @ : / - are allowed"};
    }
    return std::nullopt;
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
        if (wanted.role) {
            auto const role = wanted.role->expand(sample, cluster);
            auto const policy = session_policy(*registry, *role, wanted.allow);
            if (!policy) {
                errors.push_back({json_pointer(pointer, "allow"), policy.error().message});
            }
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
        } else if (registry->identity() != nullptr && wanted.role && wanted.external_id.empty() &&
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
