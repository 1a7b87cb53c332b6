#include "e2e/sim/common/cloud_commands.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <vector>

#include "e2e/sim/common/shell_words.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

using web::json::value;

[[noreturn]] void refuse(std::string const& why) {
    throw std::runtime_error(why);
}

/// What stands behind the name of a command.
struct Typed {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> flags;

    [[nodiscard]] std::string const& flag(std::string const& name) const {
        auto const at = flags.find(name);
        return at != flags.end() ? at->second : refuse_missing(name);
    }
    [[nodiscard]] static std::string const& refuse_missing(std::string const& name) {
        refuse("--" + name + " is missing");
    }
};

struct Clouds {
    GoogleWorld& google;
    AzureWorld& azure;
};

template <typename Items, typename Matches>
auto& existing(Items& items, Matches matches, std::string const& what) {
    auto const at = std::find_if(items.begin(), items.end(), matches);
    return at != items.end() ? *at : (refuse(what + " does not exist"), *at);
}

bool starts(std::string const& text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

/// serviceAccount:EMAIL of one that exists, principal://.../subject/SUBJECT or principalSet://...
void check_member(std::string const& member, GoogleWorld const& google) {
    constexpr std::string_view account = "serviceAccount:";
    if (starts(member, account)) {
        if (google.find_service_account(member.substr(account.size())) == nullptr) {
            refuse("INVALID_ARGUMENT: Service account " + member.substr(account.size()) +
                   " does not exist.");
        }
        return;
    }
    auto const parts = split(member, '/');
    bool const federated =
        parts.size() >= 11 && (parts[0] == "principal:" || parts[0] == "principalSet:") &&
        parts[1].empty() && parts[2] == "iam.googleapis.com" && parts[3] == "projects" &&
        parse_number(parts[4], 1, 999999999999999) && parts[5] == "locations" &&
        parts[6] == "global" && parts[7] == "workloadIdentityPools" && !parts[8].empty() &&
        (parts[9] == "subject") == (parts[0] == "principal:");
    if (!federated) {
        refuse("INVALID_ARGUMENT: The member " + member + " is of an unknown type.");
    }
}

void bind(GooglePolicy& policy, Typed const& typed, GoogleWorld const& google) {
    check_member(typed.flag("member"), google);
    policy.add(typed.flag("role"), {typed.flag("member")});
}

std::string bind_repository(Typed const& typed, Clouds clouds) {
    std::string const name = "projects/" + typed.flag("project") + "/locations/" +
                             typed.flag("location") + "/repositories/" + typed.arguments[0];
    auto& repository = existing(
        clouds.google.repositories, [&](auto const& one) { return one.name == name; }, name);
    bind(repository.policy, typed, clouds.google);
    return {};
}

std::string bind_service_account(Typed const& typed, Clouds clouds) {
    std::string const& email = typed.arguments[0];
    if (email.find("@" + typed.flag("project") + ".iam.gserviceaccount.com") == std::string::npos) {
        refuse(email + " is not of project " + typed.flag("project"));
    }
    auto& account = existing(
        clouds.google.service_accounts, [&](auto const& one) { return one.email == email; }, email);
    bind(account.policy, typed, clouds.google);
    return {};
}

std::string create_provider(Typed const& typed, Clouds clouds) {
    if (typed.flag("attribute-mapping") != "google.subject=assertion.sub") {
        refuse("--attribute-mapping is not known here: " + typed.flag("attribute-mapping"));
    }
    GoogleProvider provider;
    provider.name = "//iam.googleapis.com/projects/" + typed.flag("project") + "/locations/" +
                    typed.flag("location") + "/workloadIdentityPools/" +
                    typed.flag("workload-identity-pool") + "/providers/" + typed.arguments[0];
    if (clouds.google.find_provider(provider.name) != nullptr) {
        refuse("ALREADY_EXISTS: " + provider.name);
    }
    provider.issuer = typed.flag("issuer-uri");
    if (!starts(provider.issuer, "https://")) {
        refuse("INVALID_ARGUMENT: the issuer must be an https URI: " + provider.issuer);
    }
    if (auto const audiences = typed.flags.find("allowed-audiences");
        audiences != typed.flags.end()) {
        provider.audiences = split(audiences->second, ',');
    }
    if (auto const condition = typed.flags.find("attribute-condition");
        condition != typed.flags.end()) {
        provider.condition = AttributeCondition(condition->second);
    }
    clouds.google.providers.push_back(std::move(provider));
    return {};
}

std::string name_of(AzureRegistry const& registry) {
    return registry.host.substr(0, registry.host.find('.'));
}

AzurePrincipal& principal_of(AzureWorld& azure, std::string const& client) {
    return existing(
        azure.principals, [&](auto const& one) { return one.client_id == client; },
        "service principal " + client);
}

std::string show_registry(Typed const& typed, Clouds clouds) {
    if (typed.flag("query") != "id" || typed.flag("output") != "tsv") {
        refuse("only --query id --output tsv is known here");
    }
    std::string const& name = typed.flag("name");
    return azure_resource_id(existing(
        clouds.azure.registries, [&](auto const& one) { return name_of(one) == name; },
        "registry " + name));
}

std::string assign_role(Typed const& typed, Clouds clouds) {
    auto const custom = clouds.azure.role_definitions.find(typed.flag("role"));
    if (typed.flag("role") != "AcrPull" && custom == clouds.azure.role_definitions.end()) {
        refuse("the role " + typed.flag("role") + " is not known here");
    }
    AzurePrincipal const& principal = principal_of(clouds.azure, typed.flag("assignee"));
    std::string const& scope = typed.flag("scope");
    AzureRegistry& registry = existing(
        clouds.azure.registries, [&](auto const& one) { return azure_resource_id(one) == scope; },
        scope);
    if (registry.tenant != principal.tenant) {
        refuse("Cannot find user or service principal in graph database for " +
               principal.client_id);
    }
    if (custom != clouds.azure.role_definitions.end()) {
        registry.roles.push_back({principal.client_id, custom->second});
    } else {
        registry.pull.push_back({principal.client_id, {}});
    }
    return {};
}

/// A custom role of Azure RBAC, as `az role definition create` takes it.
std::string define_role(Typed const& typed, Clouds clouds) {
    try {
        value const body = value::parse(typed.flag("role-definition"));
        for (auto const& [key, ignored] : body.as_object()) {
            if (!std::set<std::string>{"Name", "Description", "Actions", "AssignableScopes"}.count(
                    key)) {
                refuse("the property " + key + " does not exist");
            }
        }
        if (body.at("AssignableScopes").size() == 0) {
            refuse("AssignableScopes must name a scope");
        }
        for (value const& scope : body.at("AssignableScopes").as_array()) {
            // A registry is none: management groups, subscriptions and resource groups are.
            auto const parts = split(scope.as_string(), '/');
            if (parts.size() != 3 && parts.size() != 5) {
                refuse("AssignableScopes: " + scope.as_string());
            }
        }
        std::vector<std::string> actions;
        for (value const& action : body.at("Actions").as_array()) {
            actions.push_back(action.as_string());
        }
        std::string const name = body.at("Name").as_string();
        if (!clouds.azure.role_definitions.emplace(name, std::move(actions)).second) {
            refuse("RoleDefinitionWithSameNameExists: " + name);
        }
    } catch (web::json::json_exception const& error) {
        refuse(std::string("--role-definition: ") + error.what());
    }
    return {};
}

/// The body of a federatedIdentityCredential of Microsoft Graph.
std::string add_federated_credential(Typed const& typed, Clouds clouds) {
    AzurePrincipal& principal = principal_of(clouds.azure, typed.flag("id"));
    value body;
    try {
        body = value::parse(typed.flag("parameters"));
        for (auto const& [key, ignored] : body.as_object()) {
            if (!std::set<std::string>{"name", "issuer", "subject", "audiences", "description"}
                     .count(key)) {
                refuse("the property " + key + " does not exist");
            }
        }
        std::string const name = body.at("name").as_string();
        bool const named = name.size() >= 3 && name.size() <= 120 &&
                           name.find_first_not_of(
                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
                               "VWXYZ0123456789-_") == std::string::npos;
        if (!named || body.at("audiences").size() != 1) {
            refuse("name must have 3 to 120 letters, digits, - and _; audiences one entry");
        }
        FederatedCredential credential{body.at("issuer").as_string(),
                                       body.at("subject").as_string(),
                                       body.at("audiences").at(0).as_string()};
        for (FederatedCredential const& other : principal.federated) {
            if (other.issuer == credential.issuer && other.subject == credential.subject) {
                refuse("a FederatedIdentityCredential with this issuer and subject exists");
            }
        }
        if (principal.federated.size() >= 20) {
            refuse("an application takes at most 20 federated credentials");
        }
        principal.federated.push_back(std::move(credential));
    } catch (web::json::json_exception const& error) {
        refuse(std::string("--parameters: ") + error.what());
    }
    return {};
}

struct Command {
    std::vector<std::string> words;
    std::size_t arguments;
    std::set<std::string> required;
    std::set<std::string> optional;
    std::string (*run)(Typed const&, Clouds);
};

std::vector<Command> const& commands() {
    static std::vector<Command> const all{
        {{"gcloud", "artifacts", "repositories", "add-iam-policy-binding"},
         1,
         {"project", "location", "role", "member"},
         {},
         bind_repository},
        {{"gcloud", "iam", "service-accounts", "add-iam-policy-binding"},
         1,
         {"project", "role", "member"},
         {},
         bind_service_account},
        {{"gcloud", "iam", "workload-identity-pools", "providers", "create-oidc"},
         1,
         {"project", "location", "workload-identity-pool", "issuer-uri", "attribute-mapping"},
         {"attribute-condition", "allowed-audiences"},
         create_provider},
        {{"az", "acr", "show"}, 0, {"name", "query", "output"}, {}, show_registry},
        {{"az", "role", "assignment", "create"}, 0, {"assignee", "role", "scope"}, {}, assign_role},
        {{"az", "role", "definition", "create"}, 0, {"role-definition"}, {}, define_role},
        {{"az", "ad", "app", "federated-credential", "create"},
         0,
         {"id", "parameters"},
         {},
         add_federated_credential},
    };
    return all;
}

Typed read(Command const& command, std::vector<std::string> const& words) {
    Typed typed;
    for (std::size_t at = command.words.size(); at < words.size(); ++at) {
        if (!starts(words[at], "--")) {
            typed.arguments.push_back(words[at]);
            continue;
        }
        std::size_t const equal = words[at].find('=');
        std::string const name =
            words[at].substr(2, equal == std::string::npos ? equal : equal - 2);
        if (equal == std::string::npos && at + 1 == words.size()) {
            refuse("--" + name + " needs a value");
        }
        std::string text = equal == std::string::npos ? words[at + 1] : words[at].substr(equal + 1);
        at += equal == std::string::npos ? 1 : 0;
        if (!command.required.count(name) && !command.optional.count(name)) {
            refuse("the flag --" + name + " is not known here");
        }
        if (!typed.flags.emplace(name, std::move(text)).second) {
            refuse("--" + name + " is given twice");
        }
    }
    for (std::string const& name : command.required) {
        static_cast<void>(typed.flag(name));
    }
    if (typed.arguments.size() != command.arguments) {
        refuse("needs " + std::to_string(command.arguments) + " argument(s) besides its flags");
    }
    return typed;
}

std::string run(std::vector<std::string> const& words, Clouds clouds) {
    for (Command const& command : commands()) {
        if (words.size() >= command.words.size() &&
            std::equal(command.words.begin(), command.words.end(), words.begin())) {
            return command.run(read(command, words), clouds);
        }
    }
    refuse("no such command is known here");
}

}  // namespace

void apply_command(std::string const& line, GoogleWorld& google, AzureWorld& azure) {
    Clouds const clouds{google, azure};
    try {
        run(shell_words(line, [&](auto const& nested) { return run(nested, clouds); }), clouds);
    } catch (std::runtime_error const& error) {
        throw std::runtime_error(line + ": " + error.what());
    }
}

}  // namespace sim
