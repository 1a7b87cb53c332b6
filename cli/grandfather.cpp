#include "cli/grandfather.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/workloads.hpp"
#include "cli/yaml_documents.hpp"
#include "lib/base/digest.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/tenancy/judge.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "lib/tenancy/object_images.hpp"

namespace rt::cli {
namespace {

/// maxItems of spec.images in crds/registryexceptions.yaml.
constexpr std::size_t images_max = 64;
/// An object's name has at most 253 bytes; the rest is for namespace and number.
constexpr std::size_t name_bytes_max = 150;

/// Sorted, without what occurs twice.
using Images = std::set<std::pair<std::string, std::string>>;  // host, repository

struct Found {
    std::map<std::string, Images> by_namespace;
    std::vector<std::string> unreadable;  ///< where an image stands that no exception can name
};

void look_at(Document const& workload, std::string const& ns,
             tenancy::NamespacePolicy const& policy, tenancy::CustomKinds const& custom,
             Found& found) {
    auto const images = tenancy::images_of(workload.object(), custom);
    if (!images) {
        return;
    }
    for (auto const& image : images->images) {
        auto const judgement = tenancy::judge_image(policy, image.image);
        if (judgement.verdict.allowed()) {
            continue;
        }
        auto const reference = tenancy::ImageReference::parse(image.image);
        if (!reference || reference->registry().empty()) {
            found.unreadable.push_back(string_at(workload.object(), "kind") + ' ' + ns + '/' +
                                       kube::key_of(workload.object()).name + ' ' + image.field +
                                       ": " + judgement.finding->why);
            continue;
        }
        found.by_namespace[ns].insert(
            {std::string(reference->registry()), reference->repository()});
    }
}

Json exception_of(std::string const& name, std::string const& ns, std::string const& reason,
                  WallTime end, Json images) {
    return {{"apiVersion", tenancy::api_version},
            {"kind", "RegistryException"},
            {"metadata", {{"name", name}}},
            {"spec",
             {{"namespaces", {ns}},
              {"images", std::move(images)},
              {"reason", reason},
              {"expiresAt", format_rfc3339(end)}}}};
}

std::string print_exceptions(Found const& found, GrandfatherOptions const& options, World& world,
                             WallTime end) {
    std::string const reason =
        options.reason.empty() ? "in use on " + format_rfc3339(world.now()).substr(0, 10) +
                                     ", before RegistryTenancy " + options.tenancy + " was enforced"
                               : options.reason;
    std::string out;
    for (auto const& [ns, images] : found.by_namespace) {
        Json batch = Json::array();
        std::size_t number = 1;
        std::set<std::string> unique;
        auto const flush = [&, &ns = ns] {
            std::string name = "grandfather-" + options.tenancy.substr(0, name_bytes_max) + '-' +
                               ns + (number > 1 ? '-' + std::to_string(number) : "");
            out += "---\n" + write_yaml(exception_of(name, ns, reason, end, std::move(batch)));
            batch = Json::array();
            ++number;
        };
        for (auto const& [host, repository] : images) {
            Json image = image_json(world.catalog(), host, repository);
            // Two hosts of one Registry are the same place.
            if (unique.insert(dump_json(image)).second) {
                batch.push_back(std::move(image));
            }
            if (batch.size() == images_max) {
                flush();
            }
        }
        if (!batch.empty()) {
            flush();
        }
    }
    return out;
}

bool governed_by(NamespaceView const& view, std::string const& tenancy) {
    if (!view.policy) {
        return false;
    }
    auto const& names = view.policy->tenancies();
    return std::find(names.begin(), names.end(), tenancy) != names.end();
}

}  // namespace

Json image_json(tenancy::RegistryCatalog const& catalog, std::string const& host,
                std::string const& repository) {
    Json image = {{"repository", repository}};
    if (auto const* const registry = catalog.by_host(host)) {
        image["registry"] = registry->meta.name;
    } else {
        image["host"] = host;
    }
    return image;
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
    std::string_view rest = text;
    std::int64_t total = 0;
    bool good = !text.empty();
    while (good && !rest.empty()) {
        std::int64_t count = 0;
        auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        std::int64_t const unit = rest.empty()          ? 0
                                  : rest.front() == 'd' ? 86'400
                                  : rest.front() == 'h' ? 3'600
                                  : rest.front() == 'm' ? 60
                                  : rest.front() == 's' ? 1
                                                        : 0;
        // A hundred years: no sum of a few of them overflows.
        good = error == std::errc() && unit != 0 && count > 0 && count <= 3'200'000'000 / unit;
        if (good) {
            total += count * unit;
            rest.remove_prefix(1);
        }
    }
    if (!good) {
        return fail(invalid_argument('"' + printable(text, 64) +
                                     "\" is no duration: write for example 90m, 12h or 30d"));
    }
    return std::chrono::seconds(total);
}

int grandfather(GrandfatherOptions const& options, Environment& env) {
    auto const lifetime = parse_duration(options.lifetime);
    if (!lifetime) {
        return report_error(env, "--for " + lifetime.error().message, ExitUsage);
    }
    auto rules = load_rules(options.world, env);
    if (!rules) {
        return report_error(env, rules.error().message, ExitUsage);
    }
    World& world = rules->world;
    if (auto const longest = world.settings().exception_life_max; *lifetime > longest) {
        return report_error(
            env,
            "--for " + options.lifetime + " is longer than exceptions live here: give at most " +
                std::to_string(longest.count() / 24) + "d, or raise the setting exceptionDaysMax",
            ExitUsage);
    }
    if (!world.tenancies().contains(options.tenancy)) {
        return report_error(env,
                            "there is no RegistryTenancy \"" + printable(options.tenancy, 128) +
                                "\": see kubectl get registrytenancies",
                            ExitUsage);
    }
    auto const kinds = workload_kinds(*rules->connection->client, world.settings().custom_kinds);
    if (!kinds) {
        return report_error(
            env,
            kinds.error().message + ": which custom kinds the cluster has must be known; try again",
            ExitUsage);
    }
    Found found;
    std::size_t namespaces = 0;
    for (std::string const& ns : world.namespaces()) {
        NamespaceView const& view = world.view(ns);
        if (!governed_by(view, options.tenancy)) {
            continue;
        }
        ++namespaces;
        auto const workloads = workloads_in(*rules->connection->client, *kinds, ns);
        if (!workloads) {
            return report_error(env,
                                workloads.error().message +
                                    ": what runs there must be read in full; ask for the role "
                                    "view in namespace " +
                                    ns,
                                ExitUsage);
        }
        for (Document const& workload : *workloads) {
            look_at(workload, ns, *view.policy, kinds->custom, found);
        }
    }
    print(env.out, print_exceptions(found, options, world, world.now() + *lifetime));
    for (std::string const& place : found.unreadable) {
        report_warning(env, place + " (no exception can allow it: correct the workload)");
    }
    std::size_t images = 0;
    for (auto const& [ns, in_namespace] : found.by_namespace) {
        images += in_namespace.size();
    }
    print(env.err, std::to_string(images) + " images in " +
                       std::to_string(found.by_namespace.size()) + " of " +
                       std::to_string(namespaces) +
                       " namespaces are outside what is allowed; review, then apply\n");
    return found.unreadable.empty() ? ExitOk : ExitFailed;
}

}  // namespace rt::cli
