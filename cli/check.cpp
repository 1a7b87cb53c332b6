#include "cli/check.hpp"

#include <algorithm>
#include <optional>

#include "lib/tenancy/object_images.hpp"

namespace rt::cli {
namespace {

/// The namespaces whose rules are needed.
std::set<std::string> namespaces_of(std::vector<Document> const& documents,
                                    std::string const& default_ns) {
    std::set<std::string> names;
    for (Document const& document : documents) {
        if (tenancy::images_of(document.object())) {
            std::string const ns = kube::key_of(document.object()).ns;
            names.insert(ns.empty() ? default_ns : ns);
        }
    }
    return names;
}

}  // namespace

int check(CheckOptions const& options, Environment& env) {
    Manifests const manifests = read_manifests(options.manifests, env);
    std::string default_ns = options.world.cluster.ns;
    bool const offline = !options.world.tenancy_files.empty();
    std::optional<Connection> connection;
    if (!offline) {
        auto connected = env.connect(options.world.cluster);
        if (!connected) {
            return report_error(env,
                                connected.error().message +
                                    "\n(to check without a cluster, give the rules: --tenancy "
                                    "FILE|DIR)",
                                ExitUsage);
        }
        connection = *std::move(connected);
        default_ns = default_ns.empty() ? connection->current_namespace : default_ns;
    }
    default_ns = default_ns.empty() ? "default" : default_ns;
    auto world = offline ? world_from_files(options.world, env)
                         : world_from_cluster(options.world, *connection,
                                              namespaces_of(manifests.documents, default_ns), env);
    if (!world) {
        return report_error(env, world.error().message, ExitUsage);
    }
    for (Document const& document : manifests.documents) {
        world->suggest_namespace(document.object());
    }
    Verdicts const verdicts = judge_documents(manifests.documents, *world, default_ns);
    if (!print(env.out, render_report(options.format, verdicts, env.colour))) {
        return report_error(env, "cannot write the result to standard output", ExitUsage);
    }
    for (auto const* const problems : {&manifests.problems, &verdicts.problems}) {
        for (std::string const& problem : *problems) {
            report_error(env, problem);
        }
    }
    auto const& entries = verdicts.entries;
    bool const unjudged =
        !manifests.problems.empty() || !verdicts.problems.empty() ||
        std::any_of(entries.begin(), entries.end(), [](auto const& one) { return !one.judged; });
    bool const denied =
        std::any_of(entries.begin(), entries.end(), [](auto const& one) { return !one.allowed; });
    return unjudged ? ExitUsage : denied ? ExitFailed : ExitOk;
}

}  // namespace rt::cli
