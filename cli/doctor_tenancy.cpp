#include "cli/doctor_tenancy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/doctor_pods.hpp"
#include "cli/pull_key.hpp"
#include "lib/base/digest.hpp"
#include "lib/base/process.hpp"
#include "lib/base/random.hpp"
#include "lib/base/text.hpp"
#include "lib/kube/core/condition.hpp"
#include "lib/registry/causes.hpp"
#include "lib/registry/questions.hpp"
#include "lib/tenancy/docker_config.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "lib/tenancy/object_images.hpp"

namespace rt::cli {
namespace {

using registry::Step;

kube::ResourceType const deployments{"apps", "v1", "deployments", "Deployment", true};
kube::ResourceType const core_events{"", "v1", "events", "Event", true};
kube::ResourceType const config_maps{"", "v1", "configmaps", "ConfigMap", true};

/// What was found out about the tenancy before anything is asked.
struct Case {
    LoadedRules rules;
    std::string ns;
    std::vector<tenancy::CredentialSpec> specs{};
    std::vector<tenancy::RunningImage> running{};
    http::CaBundles trusted{};
};

class TenancyDoctor {
  public:
    TenancyDoctor(TenancyDoctorOptions const& options, Environment& env, Case found)
        : options_(options), env_(env), case_(std::move(found)) {}

    int examine() {
        say("RegistryTenancy " + options_.tenancy + ", namespace " + case_.ns + '\n');
        ask_operator();
        for (tenancy::CredentialSpec const& spec : case_.specs) {
            look_at(spec);
        }
        if (options_.from_cluster) {
            from_cluster();
        }
        return failed_ ? ExitFailed : unclear_ ? ExitUsage : ExitOk;
    }

  private:
    [[nodiscard]] kube::Client& client() const { return *case_.rules.connection->client; }
    void say(std::string const& text) { print(env_.out, text); }
    void tell(Step const& step) {
        failed_ = failed_ || !step.ok;
        say(registry::rendered(step));
    }
    void note(std::string const& text) { report_warning(env_, text); }
    void give_up(std::string const& what, Error const& error) {
        unclear_ = true;
        report_error(env_, what + ": " + error.message);
    }

    void ask_operator() {
        auto const object =
            client().get(kube::types::registry_tenancies, {"", options_.tenancy}, {});
        if (!object) {
            return give_up("the tenancy's status", object.error());
        }
        std::vector<Json> about;
        kube::ListOptions list;
        list.field_selector =
            "involvedObject.kind=RegistryTenancy,involvedObject.name=" + options_.tenancy;
        if (auto events = list_objects(client(), core_events, list)) {
            about = *std::move(events);
        } else {
            note(events.error().message + ": the operator's Events are not told");
        }
        auto const grant = client().get(kube::types::registry_grants,
                                        {case_.ns, std::string(tenancy::grant_name)}, {});
        say("what the operator says:\n");
        for (Step const& step :
             operator_steps(*object, about, grant ? *grant : Json::object(), case_.ns)) {
            tell(step);
        }
    }

    /// The login that a node would use for the image; nothing where it can't be read.
    std::optional<tenancy::DockerConfigEntry> login_for(std::string const& image) {
        auto const secret = client().get(kube::types::secrets,
                                         {case_.ns, std::string(tenancy::pull_secret_name)}, {});
        if (!secret) {
            note(secret.error().message + ": the registry is asked without a credential");
            return std::nullopt;
        }
        Json const* const data = find(*secret, "data");
        auto const text =
            base64_decode(data == nullptr ? std::string() : string_at(*data, ".dockerconfigjson"));
        auto entries = text ? tenancy::parse_docker_config(*text)
                            : Result<std::vector<tenancy::DockerConfigEntry>>(fail(text.error()));
        auto const reference = tenancy::ImageReference::parse(image);
        if (!entries || !reference) {
            return std::nullopt;
        }
        std::vector<std::string> keys;
        for (auto const& entry : *entries) {
            keys.insert(keys.end(), entry.keys.begin(), entry.keys.end());
        }
        std::string const key = matching_key(keys, *reference);
        for (auto& entry : *entries) {
            if (!key.empty() &&
                std::find(entry.keys.begin(), entry.keys.end(), key) != entry.keys.end()) {
                return std::move(entry);
            }
        }
        note("the pull Secret in " + case_.ns + " has no key for " + printable(image, 256) +
             ": a node pulls it as anybody");
        return std::nullopt;
    }

    void look_at(tenancy::CredentialSpec const& spec) {
        auto const asked = registry::questions_of(spec, case_.running);
        registry::ChainTarget target{spec, asked.host.empty() ? spec.hosts.front() : asked.host};
        std::string image;
        if (asked.asked.empty()) {
            note("no image of Registry " + spec.registry->meta.name + " is in use in " + case_.ns +
                 ": name one with --image to go beyond the challenge");
        } else {
            target.image = asked.asked.front();
            std::string const& reference = target.image->question.reference;
            image = target.host + '/' + target.image->question.repository +
                    (reference.find(':') == std::string::npos ? ':' : '@') + reference;
        }
        auto const login = image.empty() ? std::nullopt : login_for(image);
        registry::Login view;
        if (login) {
            view = {login->username, login->password.reveal()};
            target.login = &view;
        }
        say("from here to " + target.host + (image.empty() ? "" : ", image " + image) +
            (login ? ", with the pull Secret's credential:\n" : ", as anybody:\n"));
        env_.with_network(case_.trusted, [&](registry::Network const& network) {
            static_cast<void>(
                registry::walk(target, network, [&](Step const& step) { tell(step); }, {}));
        });
        if (!options_.from_node.empty()) {
            from_node(target);
        }
    }

    Result<Json> deployment() {
        return client().get(
            deployments,
            {case_.rules.world.settings().product_namespace, "registry-tenancy-operator"}, {});
    }

    void run(std::string const& where, Json const& pod) {
        say("from " + where + " (Pod " + kube::key_of(pod).str() + "):\n");
        StopOnSignal signals;
        auto const result = run_pod(
            client(), env_.clock, pod, [&](Step const& step) { tell(step); }, signals.token());
        if (!result) {
            give_up("from " + where, result.error());
        } else if (!*result) {
            failed_ = true;
        }
    }

    void from_node(registry::ChainTarget const& target) {
        auto const found = deployment();
        if (!found) {
            return give_up("our own image", found.error());
        }
        Json const pod = node_pod(*found, "registry-tenancy-doctor-" + system_random().hex(4),
                                  options_.node_pod_namespace, options_.from_node,
                                  walk_request(target, case_.trusted));
        if (pod.is_null()) {
            return give_up("our own image", internal_error("the operator's Deployment names none"));
        }
        run("node " + options_.from_node + ", as anybody", pod);
    }

    void from_cluster() {
        auto const found = deployment();
        if (!found) {
            return give_up("the operator's Deployment", found.error());
        }
        Json request = {{"tenancy", options_.tenancy}, {"namespace", case_.ns}};
        if (!options_.image.empty()) {
            request["image"] = options_.image;
        }
        if (options_.role) {
            request["role"] = true;
        }
        Json const pod =
            operator_pod(*found, "registry-tenancy-doctor-" + system_random().hex(4), request);
        if (pod.is_null()) {
            return give_up("the operator's Deployment", internal_error("it has no container"));
        }
        run("the cluster, with the operator's identity and a credential of its own", pod);
    }

    TenancyDoctorOptions const& options_;
    Environment& env_;
    Case case_;
    bool failed_ = false;
    bool unclear_ = false;
};

/// When an Event last happened, in RFC 3339. What is written as events.k8s.io/v1, as by us, has no
/// lastTimestamp.
std::string last_seen(Json const& event) {
    Json const* const series = find(event, "series");
    for (std::string const& time :
         {series == nullptr ? std::string() : string_at(*series, "lastObservedTime"),
          string_at(event, "lastTimestamp"), string_at(event, "eventTime")}) {
        if (!time.empty()) {
            return time;
        }
    }
    return {};
}

/// The namespace to look at: -n, else the first that the tenancy governs.
Result<std::string> namespace_of(World& world, TenancyDoctorOptions const& options) {
    auto const governed = [&](std::string const& ns) {
        auto const& view = world.view(ns);
        if (!view.policy) {
            return false;
        }
        auto const& names = view.policy->tenancies();
        return std::find(names.begin(), names.end(), options.tenancy) != names.end();
    };
    std::string const& wanted = options.world.cluster.ns;
    if (!wanted.empty()) {
        return governed(wanted) ? Result<std::string>(wanted)
                                : fail(invalid_argument("RegistryTenancy " + options.tenancy +
                                                        " doesn't govern namespace " + wanted));
    }
    for (std::string const& ns : world.namespaces()) {
        if (governed(ns)) {
            return ns;
        }
    }
    return fail(invalid_argument("RegistryTenancy " + options.tenancy +
                                 " governs no namespace that exists: name its namespace with -n "
                                 "once it does"));
}

/// The certificates that the operator is told to trust, where they may be read.
http::CaBundles ca_bundles(kube::Client& client, tenancy::Settings const& settings) {
    http::CaBundles bundles;
    auto const object =
        client.get(config_maps, {settings.product_namespace, "registry-tenancy-ca-bundle"}, {});
    Json const* const data = object ? find(*object, "data") : nullptr;
    if (data != nullptr && data->is_object()) {
        for (auto const& [name, certificates] : data->items()) {
            if (certificates.is_string()) {
                bundles.add(name, certificates.get<std::string>());
            }
        }
    }
    return bundles;
}

std::vector<tenancy::RunningImage> images_in_use(kube::Client& client, std::string const& ns,
                                                 std::string const& image, Environment& env) {
    if (!image.empty()) {
        return {{image, {}}};
    }
    std::vector<tenancy::RunningImage> images;
    kube::ListOptions list;
    list.ns = ns;
    list.field_selector = "status.phase!=Succeeded,status.phase!=Failed";
    auto const pods = list_objects(client, kube::types::pods, list);
    if (!pods) {
        report_warning(env, pods.error().message + ": which images are in use is not known");
        return images;
    }
    for (Json const& pod : *pods) {
        auto const of_pod = tenancy::images_of(pod);
        for (auto const& one : of_pod ? of_pod->images : std::vector<tenancy::ObjectImage>{}) {
            images.push_back({one.image, {}});
        }
    }
    return images;
}

Result<Case> prepare(TenancyDoctorOptions const& options, Environment& env) {
    RT_TRY(LoadedRules rules, load_rules(options.world, env));
    if (!rules.world.tenancies().contains(options.tenancy)) {
        return fail(invalid_argument("there is no RegistryTenancy " +
                                     printable(options.tenancy, 256) +
                                     " that you may read: kubectl get registrytenancies"));
    }
    Case found{std::move(rules), {}};
    RT_TRY(found.ns, namespace_of(found.rules.world, options));
    kube::Client& client = *found.rules.connection->client;
    std::string cluster = found.rules.world.settings().cluster_name;
    if (cluster.empty()) {
        auto const system = client.get(kube::types::namespaces, {"", "kube-system"}, {});
        cluster = system ? kube::meta_of(*system).uid : "cluster";
    }
    auto credentials = tenancy::credentials_of(*found.rules.world.view(found.ns).policy,
                                               found.rules.world.catalog(), found.ns, cluster);
    auto const image = tenancy::ImageReference::parse(options.image);
    for (tenancy::CredentialSpec& spec : credentials.specs) {
        bool const ours = std::find(spec.tenancies.begin(), spec.tenancies.end(),
                                    options.tenancy) != spec.tenancies.end();
        bool const of_image = !image || std::find(spec.hosts.begin(), spec.hosts.end(),
                                                  image->registry()) != spec.hosts.end();
        if (ours && of_image && !spec.hosts.empty()) {
            found.specs.push_back(std::move(spec));
        }
    }
    if (found.specs.empty()) {
        return fail(invalid_argument(
            "RegistryTenancy " + options.tenancy + " gives namespace " + found.ns +
            " no credential" + (options.image.empty() ? "" : " for that image's host") +
            (credentials.problems.empty() ? "" : ": " + credentials.problems.front().message)));
    }
    found.trusted = ca_bundles(client, found.rules.world.settings());
    found.running = images_in_use(client, found.ns, options.image, env);
    return found;
}

}  // namespace

std::vector<Step> operator_steps(Json const& tenancy, std::vector<Json> const& events,
                                 Json const& grant, std::string const& ns) {
    std::vector<Step> steps;
    std::string const name = kube::key_of(tenancy).name;
    Json const* newest = nullptr;
    for (Json const& event : events) {
        std::string const reason = string_at(event, "reason");
        bool const of_mint = reason == "MintFailed" || reason == "RefreshFailed";
        bool const here =
            string_at(event, "message").find("namespace " + ns + ",") != std::string::npos;
        if (of_mint && here && (newest == nullptr || last_seen(*newest) <= last_seen(event))) {
            newest = &event;
        }
    }
    auto const conditions = kube::conditions_of(tenancy);
    for (char const* type : {"Ready", "PullVerified"}) {
        kube::Condition const* const found = kube::find_condition(conditions, type);
        if (found == nullptr) {
            steps.push_back({type,
                             std::string_view(type) != "Ready",
                             {},
                             "the operator has not said anything yet",
                             ""});
            continue;
        }
        Step step{type};
        step.ok = found->status != "False";
        step.saw = found->status + " " + found->reason + ": " + printable(found->message, 700);
        if (!step.ok) {
            step.cause = registry::cloud_cause(found->message, name);
        }
        steps.push_back(std::move(step));
    }
    bool const failing = !steps.front().ok || grant.contains("problems");
    if (newest != nullptr && failing) {
        std::string const message = string_at(*newest, "message");
        steps.push_back(
            {"mint", false, {}, printable(message, 700), registry::cloud_cause(message, name)});
    }
    for (Json const& problem : grant.value("problems", Json::array())) {
        steps.push_back(
            {"grant",
             false,
             {},
             printable(string_at(problem, "reason") + ": " + string_at(problem, "message"), 700),
             ""});
    }
    return steps;
}

int doctor_tenancy(TenancyDoctorOptions const& options, Environment& env) {
    auto found = prepare(options, env);
    if (!found) {
        return report_error(env, found.error().message, ExitUsage);
    }
    return TenancyDoctor(options, env, *std::move(found)).examine();
}

}  // namespace rt::cli
