#include "cli/grants.hpp"

#include <nlohmann/json.hpp>

#include "cli/table.hpp"
#include "lib/base/text.hpp"
#include "lib/tenancy/grant.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::cli {
namespace {

std::string words(Json const& object, std::string_view key) {
    Json const* const list = find(object, key);
    std::string out;
    for (Json const& item : list != nullptr && list->is_array() ? *list : Json::array()) {
        if (item.is_string()) {
            out += (out.empty() ? "" : ",") + item.get<std::string>();
        }
    }
    return out;
}

std::size_t size_of(Json const& object, std::string_view key) {
    Json const* const list = find(object, key);
    return list == nullptr || !list->is_array() ? 0 : list->size();
}

std::string overview(std::vector<Json> const& grants) {
    Table table({"NAMESPACE", "ENFORCEMENT", "TENANCIES", "ALLOWED", "PROBLEMS"});
    for (Json const& grant : grants) {
        Json const spec = grant.value("spec", Json::object());
        std::size_t const problems = size_of(grant, "problems");
        table.add({kube::key_of(grant).ns, string_at(spec, "enforcement"), words(spec, "tenancies"),
                   string_at(grant, "summary"), problems == 0 ? "" : std::to_string(problems)});
    }
    return table.empty() ? "there are no RegistryGrants: no tenancy governs a namespace\n"
                         : table.text();
}

/// Path, tenancies and advice of one entry of `allow` or `exceptions`.
std::string path_of(Json const& allow) {
    std::string const ns = string_at(allow, "namespace");
    if (ns == "*") {
        return "*";
    }
    std::string const repository = string_at(allow, "repository");
    return !ns.empty() ? ns + "/*" : repository.empty() ? string_at(allow, "image") : repository;
}

/// Tenancies, or the exceptions where there are none.
std::string behind(Json const& allow) {
    std::string const tenancies = words(allow, "tenancies");
    return tenancies.empty() ? "exception " + words(allow, "exceptions") : tenancies;
}

std::string details(Json const& grant) {
    Json const spec = grant.value("spec", Json::object());
    std::string out = "namespace " + printable(kube::key_of(grant).ns, 64) + ": enforcement " +
                      printable(string_at(spec, "enforcement"), 16) + ", RegistryTenancy " +
                      printable(words(spec, "tenancies"), 512) + '\n';
    Table table({"REGISTRY", "HOST", "PATH", "BY", "DEPRECATED"});
    for (Json const& registry : spec.value("registries", Json::array())) {
        std::string const hosts = words(registry, "hosts");
        for (Json const& allow : registry.value("allow", Json::array())) {
            table.add({string_at(registry, "name"), hosts, path_of(allow), behind(allow),
                       string_at(allow, "deprecated")});
        }
    }
    for (Json const& host : spec.value("hosts", Json::array())) {
        for (Json const& allow : host.value("allow", Json::array())) {
            table.add({"", string_at(host, "host"), path_of(allow), behind(allow), ""});
        }
    }
    out += table.text();
    for (Json const& problem : grant.value("problems", Json::array())) {
        out += "problem: " + printable(string_at(problem, "registry"), 128) + ' ' +
               printable(string_at(problem, "reason"), 64) + ": " +
               printable(string_at(problem, "message"), 1024) + '\n';
    }
    if (std::string const contact = string_at(spec, "contact"); !contact.empty()) {
        out += "ask: " + printable(contact, 256) + '\n';
    }
    return out;
}

Result<std::vector<Json>> live_grants(GrantsOptions const& options, Environment& env) {
    auto const connection = env.connect(options.world.cluster);
    if (!connection) {
        return fail(connection.error());
    }
    std::string const& ns = options.world.cluster.ns;
    kube::ListOptions in_namespace;
    in_namespace.ns = ns;
    auto grants = list_objects(*connection->client, kube::types::registry_grants, in_namespace);
    if (grants) {
        return grants;
    }
    Error error = grants.error();
    if (error.kind == ErrorKind::Forbidden) {
        error.message += ns.empty() ? ": name a namespace that you may view with -n"
                                    : ": ask for the role view in this namespace";
    } else if (error.kind == ErrorKind::NotFound) {
        error.message += ": registry-tenancy is not installed in this cluster; check --context";
    }
    return fail(error);
}

Result<std::vector<Json>> offline_grants(GrantsOptions const& options, Environment& env) {
    RT_TRY(World world, world_from_files(options.world, env));
    std::vector<Json> grants;
    for (std::string const& ns : world.namespaces()) {
        bool const wanted = options.world.cluster.ns.empty() || options.world.cluster.ns == ns;
        if (auto const& view = world.view(ns); wanted && view.policy) {
            grants.push_back(tenancy::effective_grant(*view.policy, {}, ns));
        }
    }
    return grants;
}

}  // namespace

int show_grants(GrantsOptions const& options, Environment& env) {
    auto const grants = options.world.tenancy_files.empty() ? live_grants(options, env)
                                                            : offline_grants(options, env);
    if (!grants) {
        return report_error(env, grants.error().message);
    }
    std::string const& ns = options.world.cluster.ns;
    if (options.json) {
        print(env.out, dump_json(Json(*grants)) + '\n');
    } else if (ns.empty()) {
        print(env.out, overview(*grants));
    } else if (grants->empty()) {
        print(env.out,
              "no RegistryGrant in namespace " + printable(ns, 64) + ": no tenancy governs it\n");
    } else {
        print(env.out, details(grants->front()));
    }
    return ExitOk;
}

}  // namespace rt::cli
