#include <nlohmann/json.hpp>
#include <utility>

#include "cli/world.hpp"
#include "lib/base/text.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::cli {
namespace {

kube::ResourceType const config_maps{"", "v1", "configmaps", "ConfigMap", true};

bool forbidden(Error const& error) {
    return error.kind == ErrorKind::Forbidden;
}

Error with_fix(Error error) {
    if (error.kind == ErrorKind::NotFound) {
        error.message +=
            ": registry-tenancy is not installed in this cluster; check --context, or "
            "give the rules with --tenancy";
    } else if (error.kind == ErrorKind::Unauthenticated) {
        error.message += ": log in again, or choose another --context or --user";
    } else if (error.kind == ErrorKind::Forbidden) {
        error.message += ": ask for the right to read it, or give the rules with --tenancy";
    } else if (error.retryable()) {
        error.message += ": check --context and the network, and try again";
    }
    return error;
}

/// The settings that change verdicts. Without the right to read them, their defaults.
void read_settings(World& world, kube::Client& client, Environment& env) {
    tenancy::Settings const defaults;
    auto const object =
        client.get(config_maps, {defaults.product_namespace, "registry-tenancy-config"}, {});
    if (!object) {
        report_warning(env, object.error().message +
                                ": unmanagedNamespaces is taken to be Allow and no namespace to be "
                                "excluded; give --config FILE where that is not so");
        return;
    }
    Json config_map = *object;
    config_map["kind"] = "ConfigMap";
    world.add(config_map, "ConfigMap registry-tenancy-config", true);
}

Result<void> read_settings_file(World& world, std::string const& path) {
    if (!path.empty()) {
        RT_TRY(auto settings, tenancy::Settings::load(path));
        world.use_settings(std::move(settings));
    }
    return {};
}

/// What a developer may read.
Result<void> read_grants(World& world, kube::Client& client,
                         std::set<std::string> const& namespaces) {
    for (std::string const& ns : namespaces) {
        auto const grant =
            client.get(kube::types::registry_grants, {ns, std::string(tenancy::grant_name)}, {});
        if (grant) {
            world.add_grant(*grant, ns);
        } else if (grant.error().kind != ErrorKind::NotFound) {
            return fail(with_fix(grant.error()));
        }
    }
    return {};
}

}  // namespace

Result<World> world_from_files(WorldSources const& sources, Environment& env) {
    World world(env.clock.wall_now());
    RT_CHECK(read_settings_file(world, sources.settings_file));
    Manifests const manifests = read_manifests({sources.tenancy_files, {}, sources.recursive}, env);
    for (Document const& document : manifests.documents) {
        world.add(document.object(), document.file);
    }
    std::vector<std::string> problems = manifests.problems;
    problems.insert(problems.end(), world.problems().begin(), world.problems().end());
    if (!problems.empty()) {
        // Rules that are half read would allow or deny by accident.
        return fail(invalid_argument(join(problems, "\n")));
    }
    if (world.empty()) {
        return fail(invalid_argument("--tenancy: there is no RegistryTenancy in " +
                                     join(sources.tenancy_files, ", ") +
                                     ": name the files that hold them (-R looks into folders)"));
    }
    return world;
}

Result<World> world_from_cluster(WorldSources const& sources, Connection const& connection,
                                 std::set<std::string> const& namespaces, Environment& env) {
    World world(env.clock.wall_now());
    world.set_live();
    kube::Client& client = *connection.client;
    if (sources.settings_file.empty()) {
        read_settings(world, client, env);
    }
    RT_CHECK(read_settings_file(world, sources.settings_file));
    auto const tenancies = list_objects(client, kube::types::registry_tenancies);
    if (!tenancies && forbidden(tenancies.error()) && !namespaces.empty()) {
        RT_CHECK(read_grants(world, client, namespaces));
        return world;
    }
    if (!tenancies) {
        return fail(with_fix(tenancies.error()));
    }
    auto const registries = list_objects(client, kube::types::registries);
    if (!registries) {
        return fail(with_fix(registries.error()));
    }
    auto exceptions = list_objects(client, kube::types::registry_exceptions);
    if (!exceptions && exceptions.error().kind != ErrorKind::NotFound) {
        return fail(with_fix(exceptions.error()));
    }
    if (!exceptions) {
        exceptions = std::vector<Json>{};  // an older installation has none
    }
    kube::ListOptions metadata;
    metadata.metadata_only = true;
    auto const live_namespaces = list_objects(client, kube::types::namespaces, metadata);
    if (!live_namespaces) {
        return fail(with_fix(live_namespaces.error()));
    }
    for (std::vector<Json> const* const objects :
         {&*tenancies, &*registries, &std::as_const(*exceptions), &*live_namespaces}) {
        for (Json const& object : *objects) {
            world.add(object, "cluster", true);
        }
    }
    for (std::string const& problem : world.problems()) {
        report_warning(env, problem);
    }
    return world;
}

Result<LoadedRules> load_rules(WorldSources const& sources, Environment& env) {
    std::string const& ns = sources.cluster.ns;
    if (!sources.tenancy_files.empty()) {
        RT_TRY(World world, world_from_files(sources, env));
        return LoadedRules{std::move(world), std::nullopt, ns.empty() ? "default" : ns};
    }
    auto connection = env.connect(sources.cluster);
    if (!connection) {
        return fail(Error{connection.error().kind,
                          connection.error().message +
                              "\n(without a cluster, give the rules: --tenancy FILE|DIR)"});
    }
    std::string chosen = ns.empty() ? connection->current_namespace : ns;
    RT_TRY(World world, world_from_cluster(sources, *connection, {chosen}, env));
    return LoadedRules{std::move(world), *std::move(connection), std::move(chosen)};
}

}  // namespace rt::cli
