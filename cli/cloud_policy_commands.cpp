// Clouds whose rights are given by commands, not by documents.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/cloud_policy.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;
using tenancy::Identity;

/// As one word of a shell.
std::string shell_word(std::string const& text) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (text.find_first_not_of(plain) == std::string::npos) {
        return text;
    }
    if (text.find_first_of("\"$`\\!") == std::string::npos) {
        return '"' + text + '"';
    }
    std::string out = "'";
    for (char const c : text) {
        out += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return out + '\'';
}

/// `key = "text"` for each, as the body of a block.
std::string attributes(std::vector<std::pair<std::string, std::string>> const& texts) {
    std::string out;
    for (auto const& [key, text] : texts) {
        out += "  " + key + " = " + hcl_string(text) + '\n';
    }
    return out;
}

std::string block(std::string const& type, std::string const& name, std::string const& body) {
    return type + " \"" + hcl_name(name) + "\" {\n" + body + "}\n";
}

/// The audience of a Registry, a provider of a workload identity pool, in its parts.
struct GoogleProvider {
    std::string project;  ///< its number
    std::string pool;
    std::string name;

    /// //iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/POOL/providers/NAME
    explicit GoogleProvider(std::string_view audience) {
        auto const parts = split(audience, '/');
        if (parts.size() > 10) {
            project = parts[4];
            pool = parts[8];
            name = parts[10];
        }
    }
    [[nodiscard]] std::string path() const {
        return "iam.googleapis.com/projects/" + project +
               "/locations/global/workloadIdentityPools/" + pool;
    }
    /// The member of an allow policy that a token's subject is.
    [[nodiscard]] std::string principal(std::string const& subject) const {
        return "principal://" + path() + "/subject/" + subject;
    }
};

/// What a member is told by in names: "pull-payments@acme-images", "ns-payments-prod".
std::string short_name(std::string const& member) {
    std::string const text = member.substr(member.find_last_of("/:") + 1);
    return text.substr(0, text.find(".iam."));
}

std::set<std::string> google_repositories(std::vector<tenancy::AllowEntry> const& allow,
                                          CloudPolicies& policies) {
    std::set<std::string> result;
    for (tenancy::AllowEntry const& entry : allow) {
        auto const parts = split(entry.path, '/');
        if (parts.size() < 2) {
            policies.notes.push_back(
                "allow \"" + entry.display() +
                "\" is more than one Artifact Registry repository: rights on a whole project are "
                "wider than a tenancy should be");
            continue;
        }
        result.insert(std::string(parts[0]) + '/' + std::string(parts[1]));
    }
    return result;
}

void let_read(PolicySubject const& subject, std::vector<tenancy::AllowEntry> const& allow,
              std::string const& member, CloudPolicies& policies) {
    std::string const& location = subject.registry->google_artifact_registry->location;
    std::string const role = "roles/artifactregistry.reader";
    for (std::string const& path : google_repositories(allow, policies)) {
        std::string const project = path.substr(0, path.find('/'));
        std::string const repository = path.substr(project.size() + 1);
        policies.steps.push_back(
            {"gcloud artifacts repositories add-iam-policy-binding " + repository +
                 " --project=" + project + " --location=" + location + " --role=" + role +
                 " --member=" + shell_word(member),
             {block("resource \"google_artifact_registry_repository_iam_member\"",
                    path + '_' + location + '_' + short_name(member),
                    attributes({{"project", project},
                                {"location", location},
                                {"repository", repository},
                                {"role", role},
                                {"member", member}}))}});
    }
}

void let_impersonate(PolicySubject const& subject, std::string const& member,
                     CloudPolicies& policies) {
    std::string const role = member.starts_with("principal")
                                 ? "roles/iam.workloadIdentityUser"
                                 : "roles/iam.serviceAccountTokenCreator";
    policies.steps.push_back(
        {"gcloud iam service-accounts add-iam-policy-binding " + subject.role + " --project=" +
             subject.account + " --role=" + role + " --member=" + shell_word(member),
         {block("resource \"google_service_account_iam_member\"",
                short_name(subject.role) + '_' + short_name(member),
                attributes({{"service_account_id",
                             "projects/" + subject.account + "/serviceAccounts/" + subject.role},
                            {"role", role},
                            {"member", member}}))}});
}

/// Whose tokens the pool takes: those of the operator's namespace, with the audiences that the
/// operator asks for.
void make_provider(GoogleProvider const& provider, PolicyCaller const& caller,
                   CloudPolicies& policies) {
    if (caller.oidc_provider.empty()) {
        policies.notes.push_back("how the provider " + provider.name + " of the pool " +
                                 provider.pool +
                                 " is made is told with --oidc-provider ISSUER, the cluster's "
                                 "issuer (https://...)");
        return;
    }
    std::string const condition =
        "assertion.sub.startsWith('system:serviceaccount:" + caller.product_namespace + ":')";
    std::string const audience = "https://" + provider.path() + "/providers/" + provider.name;
    policies.steps.push_back(
        {"gcloud iam workload-identity-pools providers create-oidc " + provider.name +
             " --project=" + provider.project + " --location=global --workload-identity-pool=" +
             provider.pool + " --issuer-uri=" + shell_word(caller.oidc_provider) +
             " --attribute-mapping=google.subject=assertion.sub --attribute-condition=" +
             shell_word(condition) + " --allowed-audiences=sts.googleapis.com," + audience,
         {block("resource \"google_iam_workload_identity_pool_provider\"",
                provider.pool + '_' + provider.name,
                attributes({{"project", provider.project},
                            {"workload_identity_pool_id", provider.pool},
                            {"workload_identity_pool_provider_id", provider.name},
                            {"attribute_condition", condition}}) +
                    "  attribute_mapping = { \"google.subject\" = \"assertion.sub\" }\n"
                    "  oidc {\n    issuer_uri = " +
                    hcl_string(caller.oidc_provider) +
                    "\n    allowed_audiences = [\"sts.googleapis.com\", " + hcl_string(audience) +
                    "]\n  }\n")}});
}

/// One allowed identity of an application: whose tokens stand for it.
void trust_token(std::string const& client, std::string const& name, std::string const& token,
                 std::string const& issuer, CloudPolicies& policies) {
    OrderedJson const parameters = {{"name", name},
                                    {"issuer", issuer},
                                    {"subject", token},
                                    {"audiences", {"api://AzureADTokenExchange"}}};
    policies.steps.push_back(
        {"az ad app federated-credential create --id " + client + " --parameters " +
             shell_word(parameters.dump()),
         {block("data \"azuread_application\"", client, attributes({{"client_id", client}})),
          block("resource \"azuread_application_federated_identity_credential\"",
                client + '_' + name,
                "  application_id = data.azuread_application." + hcl_name(client) + ".id\n" +
                    attributes({{"display_name", name}, {"issuer", issuer}, {"subject", token}}) +
                    "  audiences = [\"api://AzureADTokenExchange\"]\n")}});
}

void trust_tokens(PolicySubject const& subject, std::string const& client,
                  PolicyCaller const& caller, CloudPolicies& policies) {
    Identity::Type const type = subject.registry->azure_acr->identity.type;
    if (type != Identity::Type::OIDC && type != Identity::Type::ServiceAccount) {
        return;
    }
    if (caller.oidc_provider.empty()) {
        policies.notes.emplace_back(
            "whose tokens the identity trusts is told with --oidc-provider ISSUER, the cluster's "
            "issuer (https://...)");
        return;
    }
    std::vector<std::string> const tokens = type == Identity::Type::OIDC
                                                ? std::vector<std::string>{operator_subject(caller)}
                                                : namespace_subjects(subject, caller);
    for (std::string const& token : tokens) {
        trust_token(client, short_name(token), token, caller.oidc_provider, policies);
    }
    if (tokens.empty()) {
        note_namespaces(policies);
    }
    policies.notes.emplace_back(
        "a user-assigned managed identity trusts tokens by az identity federated-credential "
        "create, with the same issuer, subject and audience; it is no application");
}

/// Terraform's reference to the service principal of an application.
std::string principal_block(std::string const& client) {
    return block("data \"azuread_service_principal\"", client, attributes({{"client_id", client}}));
}

std::string principal_id(std::string const& client) {
    return "\n  principal_id = data.azuread_service_principal." + hcl_name(client) + ".object_id\n";
}

void let_pull(std::string const& client, std::string const& registry, CloudPolicies& policies) {
    policies.steps.push_back(
        {"az role assignment create --assignee " + shell_word(client) +
             " --role AcrPull --scope \"$(az acr show --name " + registry +
             " --query id --output tsv)\"",
         {block(
              "variable", registry + "_id",
              "  type = string\n" + attributes({{"description", "az acr show --name " + registry +
                                                                    " --query id --output tsv"}})),
          principal_block(client),
          block("resource \"azurerm_role_assignment\"", client + "_pulls_" + registry,
                "  scope = var." + hcl_name(registry + "_id") +
                    "\n  role_definition_name = \"AcrPull\"" + principal_id(client))}});
    policies.notes.emplace_back(
        "AcrPull is a right on the whole registry: what a tenancy allows of it is narrowed by "
        "admission and by the keys of the pull Secret alone, unless the registry has repository "
        "permissions (ABAC)");
}

/// What the operator does at Resource Manager, and nothing more; Azure has no role of its own that
/// is so narrow.
void let_make_tokens(std::string const& client, tenancy::AzureResource const& resource,
                     CloudPolicies& policies) {
    OrderedJson actions = OrderedJson::array();
    for (std::string const action :
         {"scopeMaps/read", "scopeMaps/write", "scopeMaps/delete", "tokens/read", "tokens/write",
          "tokens/delete", "generateCredentials/action"}) {
        actions.push_back("Microsoft.ContainerRegistry/registries/" + action);
    }
    std::string const role = "registry-tenancy makes tokens of " + resource.registry;
    std::string const group =
        "/subscriptions/" + resource.subscription_id + "/resourceGroups/" + resource.resource_group;
    OrderedJson const definition = {
        {"Name", role}, {"Actions", actions}, {"AssignableScopes", {group}}};
    std::string const name = resource.registry + "_tokens";
    policies.steps.push_back(
        {"az role definition create --role-definition " + shell_word(definition.dump()),
         {block("resource \"azurerm_role_definition\"", name,
                attributes({{"name", role}, {"scope", group}}) +
                    "  permissions {\n    actions = " + actions.dump() + "\n  }\n")}});
    policies.steps.push_back(
        {"az role assignment create --assignee " + shell_word(client) + " --role " +
             shell_word(role) + " --scope " + shell_word(resource.id()),
         {principal_block(client),
          block("resource \"azurerm_role_assignment\"", client + "_makes_" + name,
                attributes({{"scope", resource.id()}}) +
                    "  role_definition_id = azurerm_role_definition." + hcl_name(name) +
                    ".role_definition_resource_id" + principal_id(client))}});
    policies.notes.emplace_back(
        "who is this identity can make a token for every repository of the registry, to write as "
        "well as to read: it is the operator's alone, and no tenancy names it");
}

}  // namespace

CloudPolicies google_policies(PolicySubject const& subject, PolicyCaller const& caller) {
    Identity const& identity = subject.registry->google_artifact_registry->identity;
    GoogleProvider const provider(identity.audience);
    CloudPolicies policies;
    policies.caller = identity.type == Identity::Type::OIDC
                          ? provider.principal(operator_subject(caller))
                          : caller.arn;
    if (identity.type != Identity::Type::InstanceRole) {
        make_provider(provider, caller, policies);
    }
    if (!subject.role.empty()) {
        let_read(subject, {subject.allow.begin(), subject.allow.end()},
                 "serviceAccount:" + subject.role, policies);
    }
    if (identity.type == Identity::Type::ServiceAccount) {
        policies.caller.clear();
        for (auto const& [allow, namespaces] : subject.sessions) {
            for (std::string const& ns : namespaces) {
                std::string const member = provider.principal(namespace_subject(ns, caller));
                if (subject.role.empty()) {
                    let_read(subject, allow, member, policies);
                } else {
                    let_impersonate(subject, member, policies);
                }
            }
        }
        if (namespace_subjects(subject, caller).empty()) {
            note_namespaces(policies);
        }
    } else if (policies.caller.empty()) {
        policies.notes.emplace_back(
            "who may act as the service account needs the operator's own identity: give it with "
            "--caller, as Google writes members (serviceAccount:EMAIL or principal://...)");
    } else {
        let_impersonate(subject, policies.caller, policies);
    }
    return policies;
}

CloudPolicies azure_policies(PolicySubject const& subject, PolicyCaller const& caller) {
    Identity const& identity = subject.registry->azure_acr->identity;
    CloudPolicies policies;
    std::string const host = subject.registry->hosts.front().str();
    std::string const name = host.substr(0, host.find('.'));
    std::string const client = !subject.role.empty()         ? subject.role
                               : !identity.client_id.empty() ? identity.client_id
                                                             : caller.arn;
    if (client.empty()) {
        policies.notes.emplace_back(
            "no object names the client ID of who pulls (the node's system-assigned identity, or "
            "the application of the client secret): give it with --caller");
        return policies;
    }
    if (auto const& resource = subject.registry->azure_acr->scope_map_tokens) {
        let_make_tokens(client, *resource, policies);
    } else {
        let_pull(client, name, policies);
    }
    trust_tokens(subject, client, caller, policies);
    return policies;
}

OrderedJson harbor_pull_permissions(std::vector<tenancy::AllowEntry> const& allow) {
    std::set<std::string> projects;
    for (tenancy::AllowEntry const& entry : allow) {
        projects.insert(entry.path.empty() ? "*" : entry.path.substr(0, entry.path.find('/')));
    }
    OrderedJson permissions = OrderedJson::array();
    for (std::string const& project :
         projects.contains("*") ? std::set<std::string>{"*"} : projects) {
        permissions.push_back(
            {{"kind", "project"},
             {"namespace", project},
             {"access", OrderedJson::array({{{"resource", "repository"}, {"action", "pull"}}})}});
    }
    return permissions;
}

CloudPolicies harbor_policies(PolicySubject const& subject) {
    OrderedJson access = OrderedJson::array();
    for (char const* action : {"create", "list", "delete"}) {
        access.push_back({{"resource", "robot"}, {"action", action}});
    }
    OrderedJson permissions = OrderedJson::array(
        {{{"kind", "system"}, {"namespace", "/"}, {"access", std::move(access)}}});
    for (OrderedJson& permission :
         harbor_pull_permissions({subject.allow.begin(), subject.allow.end()})) {
        permissions.push_back(std::move(permission));
    }
    OrderedJson const robot = {{"name", "registry-tenancy"},
                               {"level", "system"},
                               {"duration", -1},
                               {"description", "makes pull robots for Kubernetes namespaces"},
                               {"permissions", permissions}};
    std::string body =
        attributes({{"name", "registry-tenancy"}, {"level", "system"}}) + "  duration = -1\n";
    for (OrderedJson const& permission : permissions) {
        body += "  permissions {\n    kind = " + hcl_string(permission["kind"].get<std::string>()) +
                "\n    namespace = " + hcl_string(permission["namespace"].get<std::string>()) +
                '\n';
        for (OrderedJson const& each : permission["access"]) {
            body += "    access {\n      resource = " +
                    hcl_string(each["resource"].get<std::string>()) +
                    "\n      action = " + hcl_string(each["action"].get<std::string>()) +
                    "\n    }\n";
        }
        body += "  }\n";
    }
    CloudPolicies policies;
    policies.role_policy = robot.dump(2);
    policies.steps.push_back(
        {"curl --fail --user admin --header 'Content-Type: application/json' --data " +
             shell_word(robot.dump()) + ' ' + shell_word(subject.registry->harbor->url) +
             "/api/v2.0/robots",
         {block("resource \"harbor_robot_account\"",
                "registry-tenancy_" + subject.registry->meta.name, body)}});
    policies.notes.emplace_back(
        "a robot can give no more than it has: print this again when a tenancy with another "
        "project comes to the Registry, or write \"*\" as the project");
    return policies;
}

}  // namespace rt::cli
