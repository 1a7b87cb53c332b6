#include "cli/doctor_pods.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/kube/core/object.hpp"

namespace rt::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto poll_interval = 1s;
/// Until the container runs: its image may have to be pulled.
constexpr auto start_max = 90s;
/// The whole walk; every step of it has limits of its own below this.
constexpr int active_seconds = 180;
constexpr auto run_max = 200s;

Json const* first_container(Json const& deployment) {
    static Json::json_pointer const path("/spec/template/spec/containers/0");
    return deployment.contains(path) ? &deployment.at(path) : nullptr;
}

Json environment_entry(char const* name, Json const& value) {
    return {{"name", name}, {"value", value.dump()}};
}

std::string phase_of(Json const& pod) {
    Json const* status = find(pod, "status");
    return status == nullptr ? std::string() : string_at(*status, "phase");
}

/// Why a container doesn't run, for people.
std::string why_waiting(Json const& pod) {
    static Json::json_pointer const path("/status/containerStatuses/0/state/waiting");
    if (!pod.contains(path)) {
        return "it was not scheduled or the node's kubelet doesn't answer";
    }
    Json const& waiting = pod.at(path);
    return printable(string_at(waiting, "reason") + " " + string_at(waiting, "message"), 512);
}

/// Follows one Pod's log.
class LogReader {
  public:
    LogReader(kube::Client& client, kube::ObjectKey const& key,
              std::function<void(registry::Step const&)> const& tell)
        : client_(client),
          path_("/api/v1/namespaces/" + key.ns + "/pods/" + key.name + "/log"),
          tell_(tell) {}

    /// Tells the steps that have come since the last time.
    Result<void> read(std::stop_token const& stop) {
        RT_TRY(std::string const text, client_.raw_get(path_, stop));
        while (at_ < text.size()) {
            std::size_t const end = text.find('\n', at_);
            if (end == std::string::npos) {
                break;  // half a line
            }
            std::string const line = text.substr(at_, end - at_);
            at_ = end + 1;
            auto const object = parse_json(line);
            if (auto const step = object ? registry::read_step(*object) : std::nullopt) {
                well_ = well_ && step->ok;
                ++steps_;
                tell_(*step);
            } else {
                last_line_ = printable(line, 512);
            }
        }
        return {};
    }
    [[nodiscard]] bool well() const { return well_ && steps_ != 0; }
    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] std::string const& last_line() const { return last_line_; }

  private:
    kube::Client& client_;
    std::string path_;
    std::function<void(registry::Step const&)> const& tell_;
    std::size_t at_ = 0;
    std::size_t steps_ = 0;
    bool well_ = true;
    std::string last_line_;
};

/// Waits for the Pod's end, telling its steps on the way.
Result<bool> follow(kube::Client& client, Clock& clock, kube::ObjectKey const& key,
                    std::function<void(registry::Step const&)> const& tell,
                    std::stop_token const& stop) {
    LogReader log(client, key, tell);
    SteadyTime const began = clock.steady_now();
    while (true) {
        RT_TRY(Json const pod, client.get(kube::types::pods, key, stop));
        std::string const phase = phase_of(pod);
        bool const ended = phase == "Succeeded" || phase == "Failed";
        if (ended || phase == "Running") {
            RT_CHECK(log.read(stop));
        }
        if (ended && log.steps() == 0) {
            return fail({ErrorKind::Internal,
                         "Pod " + key.str() + " ended without a step: " +
                             (log.last_line().empty() ? why_waiting(pod) : log.last_line())});
        }
        if (ended) {
            return log.well();
        }
        auto const waited = clock.steady_now() - began;
        if (phase != "Running" && waited > start_max) {
            return fail({ErrorKind::DeadlineExceeded,
                         "Pod " + key.str() + " doesn't start: " + why_waiting(pod)});
        }
        if (waited > run_max) {
            return fail({ErrorKind::DeadlineExceeded, "Pod " + key.str() + " doesn't end"});
        }
        if (!clock.sleep_for(poll_interval, stop)) {
            return fail({ErrorKind::Cancelled, "interrupted"});
        }
    }
}

}  // namespace

Json operator_pod(Json const& deployment, std::string const& name, Json const& request) {
    Json const* const container = first_container(deployment);
    if (container == nullptr) {
        return nullptr;
    }
    Json spec = deployment.at(Json::json_pointer("/spec/template/spec"));
    Json run = *container;
    for (char const* key :
         {"ports", "readinessProbe", "livenessProbe", "startupProbe", "lifecycle"}) {
        run.erase(key);
    }
    Json command = run.value("command", Json::array({"registry-tenancy-operator"}));
    command.insert(command.begin() + 1, "doctor");
    run["command"] = std::move(command);
    Json variables = run.value("env", Json::array());
    variables.push_back(environment_entry("REGISTRY_TENANCY_DOCTOR", request));
    run["env"] = std::move(variables);
    spec["containers"] = Json::array({std::move(run)});
    spec.erase("topologySpreadConstraints");
    spec["restartPolicy"] = "Never";
    spec["activeDeadlineSeconds"] = active_seconds;
    spec["terminationGracePeriodSeconds"] = 1;
    // The same label, so that the operator's network policies hold for it; no ReplicaSet takes it,
    // because theirs select by a hash of the template, too.
    Json labels = deployment.at(Json::json_pointer("/spec/template/metadata"))
                      .value("labels", Json::object());
    labels["registrytenancy.dev/doctor"] = "true";
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata",
             {{"name", name}, {"namespace", kube::key_of(deployment).ns}, {"labels", labels}}},
            {"spec", std::move(spec)}};
}

Json node_pod(Json const& deployment, std::string const& name, std::string const& ns,
              std::string const& node, Json const& request) {
    Json const* const container = first_container(deployment);
    if (container == nullptr) {
        return nullptr;
    }
    Json const security = {{"allowPrivilegeEscalation", false},
                           {"readOnlyRootFilesystem", true},
                           {"capabilities", {{"drop", {"ALL"}}}}};
    Json const run = {
        {"name", "doctor"},
        {"image", string_at(*container, "image")},
        {"imagePullPolicy", "IfNotPresent"},
        {"command", {"kubectl-tenancy", "__walk"}},
        {"env", Json::array({environment_entry("REGISTRY_TENANCY_WALK", request)})},
        {"resources",
         {{"requests", {{"cpu", "10m"}, {"memory", "32Mi"}}}, {"limits", {{"memory", "128Mi"}}}}},
        {"securityContext", security}};
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata",
             {{"name", name},
              {"namespace", ns},
              {"labels", {{"app.kubernetes.io/name", "registry-tenancy-doctor"}}}}},
            {"spec",
             {{"nodeName", node},
              {"hostNetwork", true},
              {"dnsPolicy", "Default"},
              {"restartPolicy", "Never"},
              {"activeDeadlineSeconds", active_seconds},
              {"terminationGracePeriodSeconds", 1},
              {"automountServiceAccountToken", false},
              {"enableServiceLinks", false},
              {"tolerations", Json::array({{{"operator", "Exists"}}})},
              {"securityContext",
               {{"runAsNonRoot", true},
                {"runAsUser", 65532},
                {"runAsGroup", 65532},
                {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
              {"containers", Json::array({run})}}}};
}

Result<bool> run_pod(kube::Client& client, Clock& clock, Json const& pod,
                     std::function<void(registry::Step const&)> const& tell,
                     std::stop_token const& stop) {
    kube::ObjectKey const key = kube::key_of(pod);
    auto const created = client.create(kube::types::pods, key.ns, pod, stop);
    if (!created) {
        return fail(created.error());
    }
    auto result = follow(client, clock, key, tell, stop);
    // Also after an interruption, hence without its token.
    auto const removed =
        client.remove(kube::types::pods, key, {kube::meta_of(*created).uid, {}}, {});
    if (!removed && removed.error().kind != ErrorKind::NotFound) {
        return fail(Error{removed.error().kind, removed.error().message +
                                                    ": remove it by hand: kubectl -n " + key.ns +
                                                    " delete pod " + key.name});
    }
    return result;
}

Json walk_request(registry::ChainTarget const& target, http::CaBundles const& trusted) {
    Json spec = target.spec.registry->spec_json();
    spec.erase("allowedRoles");  // nothing that the way depends on
    Json request = {{"registry",
                     {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                      {"kind", "Registry"},
                      {"metadata", {{"name", target.spec.registry->meta.name}}},
                      {"spec", std::move(spec)}}},
                    {"host", target.host}};
    if (target.image) {
        request["repository"] = target.image->question.repository;
        request["reference"] = target.image->question.reference;
    }
    if (trusted != http::CaBundles()) {
        request["trusted"] = {{"everywhere", trusted.everywhere}, {"ofHost", trusted.of_host}};
    }
    return request;
}

int walk_here(std::string const& request, Environment& env) {
    auto const object = parse_json(request);
    if (!object || !object->is_object()) {
        return report_error(env,
                            "REGISTRY_TENANCY_WALK must hold what kubectl tenancy doctor "
                            "writes there",
                            ExitUsage);
    }
    auto parsed = tenancy::Registry::parse(object->value("registry", Json::object()));
    if (!parsed) {
        return report_error(env, "the Registry: " + tenancy::to_string(parsed.error()), ExitUsage);
    }
    tenancy::CredentialSpec spec;
    spec.registry = std::make_shared<tenancy::Registry const>(*std::move(parsed));
    registry::ChainTarget target{spec, string_at(*object, "host")};
    if (std::string const repository = string_at(*object, "repository"); !repository.empty()) {
        target.image = registry::Asked{{tenancy::AllowEntry::Kind::Repository, repository, ""},
                                       {repository, string_at(*object, "reference")}};
    }
    bool well = false;
    http::CaBundles trusted;
    if (Json const* const given = find(*object, "trusted")) {
        trusted.everywhere = string_at(*given, "everywhere");
        if (Json const* const of_host = find(*given, "ofHost"); of_host && of_host->is_object()) {
            for (auto const& [host, pem] : of_host->items()) {
                trusted.of_host[host] = pem.is_string() ? pem.get<std::string>() : std::string();
            }
        }
    }
    env.with_network(trusted, [&](registry::Network const& network) {
        auto const tell = [&](registry::Step const& step) {
            print(env.out, dump_json(registry::to_json(step)) + '\n');
        };
        well = registry::walk(target, network, tell, {});
    });
    return well ? ExitOk : ExitFailed;
}

}  // namespace rt::cli
