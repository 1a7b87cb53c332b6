#include "cli/break_glass.hpp"

#include <nlohmann/json.hpp>

#include "cli/grandfather.hpp"
#include "cli/yaml_documents.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/tenancy/image_reference.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::cli {
namespace {

// The publisher reads and writes the same (operator/publish/configurations.hpp).
constexpr char configuration_name[] = "registry-tenancy";
constexpr char until_annotation[] = "registrytenancy.dev/break-glass-until";
constexpr char reason_annotation[] = "registrytenancy.dev/break-glass-reason";
/// As the schema of RegistryException has it.
constexpr std::size_t reason_characters_max = 1024;

Error with_fix(Error error, std::string const& right) {
    if (error.kind == ErrorKind::Forbidden) {
        error.message += ": you need the right to " + right +
                         " (ClusterRole registry-tenancy-break-glass or cluster-admin)";
    } else if (error.retryable()) {
        error.message += ": check --context and the network, and try again";
    }
    return error;
}

/// --image as an entry of spec.images: a Registry's where one has the host, else the host's.
Result<Json> image_entry(std::string const& text, tenancy::RegistryCatalog const& catalog) {
    auto const image = tenancy::ImageReference::parse(text);
    if (!image) {
        return fail(invalid_argument("--image: " + tenancy::explain(image.error(), text)));
    }
    Json entry = image_json(catalog, std::string(image->registry()), image->repository());
    if (image->digest()) {
        entry["digest"] = *image->digest();
    }
    return entry;
}

Result<tenancy::RegistryCatalog> read_catalog(kube::Client& client) {
    auto const objects = list_objects(client, kube::types::registries);
    if (!objects) {
        return fail(with_fix(objects.error(), "list registries"));
    }
    std::vector<std::shared_ptr<tenancy::Registry const>> registries;
    for (Json const& object : *objects) {
        if (auto parsed = tenancy::Registry::parse(object)) {
            registries.push_back(std::make_shared<tenancy::Registry const>(*std::move(parsed)));
        }
    }
    return tenancy::RegistryCatalog(std::move(registries));
}

/// 20261122-121314, for names.
std::string stamp(WallTime now) {
    std::string out;
    for (char const character : format_rfc3339(now)) {
        if (character == 'T') {
            out += '-';
        } else if (character >= '0' && character <= '9') {
            out += character;
        }
    }
    return out;
}

Result<Json> make_exception(BreakGlassOptions const& options, kube::Client& client, WallTime now,
                            WallTime end) {
    Json images = Json::array();
    if (options.images.empty()) {
        images.push_back({{"host", "*"}, {"namespace", "*"}});
    } else {
        RT_TRY(auto const catalog, read_catalog(client));
        for (std::string const& text : options.images) {
            RT_TRY(Json entry, image_entry(text, catalog));
            images.push_back(std::move(entry));
        }
    }
    Json spec = {{"namespaces", {options.ns}},
                 {"images", std::move(images)},
                 {"reason", options.reason},
                 {"expiresAt", format_rfc3339(end)}};
    if (!options.ticket.empty()) {
        spec["ticket"] = options.ticket;
    }
    return Json{{"apiVersion", tenancy::api_version},
                {"kind", "RegistryException"},
                {"metadata", {{"name", "break-glass-" + options.ns + '-' + stamp(now)}}},
                {"spec", std::move(spec)}};
}

int open_namespace(BreakGlassOptions const& options, kube::Client& client, Environment& env,
                   WallTime end) {
    auto const exception = make_exception(options, client, env.clock.wall_now(), end);
    if (!exception) {
        return report_error(env, exception.error().message);
    }
    if (options.dry_run) {
        print(env.out, write_yaml(*exception));
        return ExitOk;
    }
    std::string const name = kube::key_of(*exception).name;
    auto const created = client.create(kube::types::registry_exceptions, "", *exception, {});
    if (!created) {
        return report_error(env, with_fix(created.error(), "create registryexceptions").message);
    }
    print(env.out,
          "created RegistryException " + name + ": namespace " + options.ns + " may pull " +
              (options.images.empty() ? "every image" : join(options.images, ", ")) + " until " +
              format_rfc3339(end) +
              "\n  credentials stay as they are: a registry still refuses what the namespace's "
              "role may not pull\n  to end it now: kubectl delete registryexception " +
              name + '\n');
    return ExitOk;
}

int close_namespace(BreakGlassOptions const& options, kube::Client& client, Environment& env) {
    auto const exceptions = list_objects(client, kube::types::registry_exceptions);
    if (!exceptions) {
        return report_error(env, with_fix(exceptions.error(), "list registryexceptions").message);
    }
    std::size_t ended = 0;
    for (Json const& object : *exceptions) {
        std::string const name = kube::key_of(object).name;
        if (!name.starts_with("break-glass-" + options.ns + '-') ||
            name.size() != options.ns.size() + sizeof("break-glass--20261122-121314") - 1) {
            continue;
        }
        auto const removed = client.remove(kube::types::registry_exceptions, {"", name}, {}, {});
        if (!removed) {
            return report_error(env,
                                with_fix(removed.error(), "delete registryexceptions").message);
        }
        print(env.out, "deleted RegistryException " + name + '\n');
        ++ended;
    }
    if (ended == 0) {
        print(env.out,
              "no RegistryException of break-glass is left for namespace " + options.ns + '\n');
    }
    return ExitOk;
}

void set_failure_policy(Json& configuration, std::string_view policy) {
    for (Json& webhook : configuration["webhooks"]) {
        webhook["failurePolicy"] = policy;
    }
}

/// Reads, changes and writes the configuration; once more where somebody else wrote in between.
Result<void> change_configuration(kube::Client& client, std::function<void(Json&)> const& change) {
    auto const& type = kube::types::validating_webhook_configurations;
    for (int attempt = 0;; ++attempt) {
        RT_TRY(Json configuration, client.get(type, {"", configuration_name}, {}));
        configuration["apiVersion"] = type.api_version();
        configuration["kind"] = type.kind;
        change(configuration);
        auto const updated = client.update(type, configuration, "", {});
        if (updated) {
            return {};
        }
        if (updated.error().kind != ErrorKind::Conflict || attempt == 4) {
            return fail(updated.error());
        }
    }
}

int open_webhook(BreakGlassOptions const& options, kube::Client& client, Environment& env,
                 WallTime end) {
    auto const changed = change_configuration(client, [&](Json& configuration) {
        Json& annotations = configuration["metadata"]["annotations"];
        annotations[until_annotation] = format_rfc3339(end);
        annotations[reason_annotation] = printable(options.reason, reason_characters_max);
        // The publisher does this, too, but it may be down as well.
        set_failure_policy(configuration, "Ignore");
    });
    if (!changed && changed.error().kind == ErrorKind::NotFound) {
        print(env.out,
              "there is no ValidatingWebhookConfiguration registry-tenancy: nothing is "
              "refused by it now\n");
        return ExitOk;
    }
    if (!changed) {
        return report_error(
            env, with_fix(changed.error(), "update validatingwebhookconfigurations").message);
    }
    print(env.out,
          "ValidatingWebhookConfiguration registry-tenancy: failurePolicy Ignore until " +
              format_rfc3339(end) +
              "\n  a webhook that answers still judges; one that does not no longer blocks Pods, "
              "in any namespace\n  the publisher sets it back when the time is over; while the "
              "publisher is down it stays\n  to end it now: kubectl tenancy break-glass --webhook "
              "--end\n");
    return ExitOk;
}

int close_webhook(kube::Client& client, Environment& env) {
    auto const changed = change_configuration(client, [](Json& configuration) {
        Json& annotations = configuration["metadata"]["annotations"];
        if (annotations.is_object()) {
            annotations.erase(until_annotation);
            annotations.erase(reason_annotation);
        }
        set_failure_policy(configuration, "Fail");
    });
    if (!changed) {
        return report_error(
            env, with_fix(changed.error(), "update validatingwebhookconfigurations").message);
    }
    print(env.out, "ValidatingWebhookConfiguration registry-tenancy: failurePolicy Fail\n");
    return ExitOk;
}

}  // namespace

int break_glass(BreakGlassOptions const& options, Environment& env) {
    std::chrono::seconds lifetime{0};
    if (!options.end) {
        auto const parsed = parse_duration(options.lifetime);
        if (!parsed) {
            return report_error(env, "--for " + parsed.error().message, ExitUsage);
        }
        lifetime = *parsed;
    }
    auto const connection = env.connect(options.cluster);
    if (!connection) {
        return report_error(env, connection.error().message);
    }
    kube::Client& client = *connection->client;
    WallTime const end = env.clock.wall_now() + lifetime;
    if (options.webhook) {
        return options.end ? close_webhook(client, env) : open_webhook(options, client, env, end);
    }
    return options.end ? close_namespace(options, client, env)
                       : open_namespace(options, client, env, end);
}

}  // namespace rt::cli
