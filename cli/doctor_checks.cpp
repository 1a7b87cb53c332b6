#include "cli/doctor_checks.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::cli {
namespace {

using Level = Diagnosis::Level;

/// The publisher renews long before; so little left means that it does not work.
constexpr std::chrono::hours certificate_left_min{48};

/// The value at a JSON pointer; null where there is none.
Json at(Json const& object, char const* pointer) {
    auto const where = Json::json_pointer(pointer);
    return object.contains(where) ? object.at(where) : Json();
}

std::string text_at(Json const& object, char const* pointer) {
    Json const value = at(object, pointer);
    return value.is_string() ? value.get<std::string>() : std::string();
}

int number_at(Json const& object, char const* pointer) {
    Json const value = at(object, pointer);
    return value.is_number_integer() ? value.get<int>() : 0;
}

bool lists(Json const& rule, char const* key, std::string_view wanted) {
    Json const* const list = find(rule, key);
    for (Json const& item : list != nullptr && list->is_array() ? *list : Json::array()) {
        if (item == "*" || item == wanted) {
            return true;
        }
    }
    return false;
}

bool may_write(Json const& rule) {
    static constexpr std::array<std::string_view, 4> verbs{"create", "update", "patch", "delete"};
    return std::any_of(verbs.begin(), verbs.end(),
                       [&](std::string_view verb) { return lists(rule, "verbs", verb); });
}

/// What of ours a ClusterRole lets its subjects change, for people.
std::vector<std::string> writable_of_ours(Json const& role) {
    static constexpr std::array<std::string_view, 3> ours{"registries", "registrytenancies",
                                                          "registryexceptions"};
    std::vector<std::string> found;
    auto const add = [&](std::string_view what) {
        if (std::find(found.begin(), found.end(), what) == found.end()) {
            found.emplace_back(what);
        }
    };
    Json const rules = at(role, "/rules");
    for (Json const& rule : rules.is_array() ? rules : Json::array()) {
        if (!may_write(rule)) {
            continue;
        }
        for (std::string_view const resource : ours) {
            if (lists(rule, "apiGroups", tenancy::api_group) &&
                lists(rule, "resources", resource)) {
                add(resource);
            }
        }
        if (lists(rule, "apiGroups", "admissionregistration.k8s.io") &&
            lists(rule, "resources", "validatingwebhookconfigurations")) {
            add("validatingwebhookconfigurations");
        }
    }
    return found;
}

std::string subjects_of(Json const& binding) {
    std::string out;
    Json const subjects = at(binding, "/subjects");
    for (Json const& subject : subjects.is_array() ? subjects : Json::array()) {
        std::string const ns = string_at(subject, "namespace");
        out += (out.empty() ? "" : ", ") + string_at(subject, "kind") + ' ' +
               (ns.empty() ? "" : ns + '/') + string_at(subject, "name");
    }
    return out;
}

bool tolerates_new_nodes(Json const& pod_spec) {
    static constexpr std::array<std::string_view, 3> taints{
        "node.kubernetes.io/not-ready", "node.kubernetes.io/network-unavailable",
        "node.cloudprovider.kubernetes.io/uninitialized"};
    Json const tolerations = at(pod_spec, "/tolerations");
    for (Json const& one : tolerations.is_array() ? tolerations : Json::array()) {
        std::string const key = string_at(one, "key");
        bool const every = key.empty() && string_at(one, "operator") == "Exists";
        if (every || std::find(taints.begin(), taints.end(), key) != taints.end()) {
            return true;
        }
    }
    return false;
}

}  // namespace

Diagnosis check_deployment(Json const& deployment, int replicas_min) {
    std::string const subject = "Deployment " + kube::key_of(deployment).name;
    int const wanted = number_at(deployment, "/spec/replicas");
    int const ready = number_at(deployment, "/status/readyReplicas");
    if (ready < wanted) {
        return {
            Level::Problem, subject,
            std::to_string(ready) + " of " + std::to_string(wanted) +
                " replicas are ready: look at kubectl -n registry-tenancy-system describe pods"};
    }
    if (wanted < replicas_min) {
        return {Level::Problem, subject,
                "has " + std::to_string(wanted) + " replicas: run at least " +
                    std::to_string(replicas_min) + ", so that a node that goes down blocks nobody"};
    }
    return {Level::Fine, subject, std::to_string(ready) + " replicas are ready"};
}

Diagnosis check_webhook(Json const& configuration, WallTime now) {
    std::string const subject = "ValidatingWebhookConfiguration registry-tenancy";
    auto const until = parse_rfc3339(
        text_at(configuration, "/metadata/annotations/registrytenancy.dev~1break-glass-until"));
    bool ignores = false;
    Json const webhooks = at(configuration, "/webhooks");
    for (Json const& webhook : webhooks.is_array() ? webhooks : Json::array()) {
        ignores = ignores || string_at(webhook, "failurePolicy") == "Ignore";
    }
    if (until && *until > now) {
        return {Level::Problem, subject,
                "the glass is broken until " + format_rfc3339(*until) +
                    ": Pods pass while no webhook answers; end it with kubectl tenancy "
                    "break-glass --webhook --end"};
    }
    if (ignores) {
        return {Level::Problem, subject,
                "failurePolicy is Ignore, and no break-glass time is running: the publisher sets "
                "it back to Fail; check that it runs"};
    }
    if (!webhooks.is_array() || webhooks.empty()) {
        return {Level::Problem, subject, "has no webhooks: check that the publisher runs"};
    }
    return {Level::Fine, subject, "fails closed"};
}

std::string why_nodes_need(Json const& daemon_set) {
    Json const pod_spec = at(daemon_set, "/spec/template/spec");
    if (!pod_spec.is_object()) {
        return {};
    }
    if (string_at(pod_spec, "priorityClassName") == "system-node-critical") {
        return "it has the priority system-node-critical";
    }
    if (tolerates_new_nodes(pod_spec)) {
        return "it tolerates the taints of nodes that are not ready";
    }
    if (at(pod_spec, "/hostNetwork") == true) {
        return "it uses the host's network";
    }
    return {};
}

Diagnoses check_daemon_sets(std::vector<Json> const& daemon_sets,
                            tenancy::Settings const& settings) {
    Diagnoses found;
    for (Json const& daemon_set : daemon_sets) {
        auto const key = kube::key_of(daemon_set);
        std::string const why = why_nodes_need(daemon_set);
        if (!why.empty() && !settings.excluded(key.ns)) {
            found.push_back({Level::Problem, "DaemonSet " + key.str(),
                             "nodes seem to need it (" + why +
                                 "), and its Pods wait for our webhook: add " + key.ns +
                                 " to the setting excludedNamespaces"});
        }
    }
    if (found.empty()) {
        found.push_back(
            {Level::Fine, "DaemonSets", "those that nodes need stand in excluded namespaces"});
    }
    return found;
}

std::optional<WallTime> certificate_end(std::string const& pem) {
    std::unique_ptr<BIO, int (*)(BIO*)> const bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    std::unique_ptr<X509, void (*)(X509*)> const certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
    std::tm time{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &time) != 1) {
        return std::nullopt;
    }
    return std::chrono::system_clock::from_time_t(::timegm(&time));
}

Diagnosis check_certificate(std::optional<WallTime> end, WallTime now) {
    std::string const subject = "serving certificate";
    if (!end) {
        return {Level::Problem, subject,
                "there is none that can be read: check that the publisher runs"};
    }
    if (*end <= now) {
        return {Level::Problem, subject,
                "ended at " + format_rfc3339(*end) +
                    ": the API server refuses it; check that the publisher runs"};
    }
    if (*end - now < certificate_left_min) {
        return {Level::Problem, subject,
                "ends at " + format_rfc3339(*end) +
                    " and should have been renewed by now: check that the publisher runs"};
    }
    return {Level::Fine, subject, "ends at " + format_rfc3339(*end)};
}

Diagnosis check_client_authentication(tenancy::Settings const& settings) {
    if (settings.webhook.client_ca_file.empty()) {
        return {Level::Problem, "API server",
                "does not prove itself to the webhook: whoever reaches its port can ask what a "
                "namespace may pull; set webhook.clientCAFile and give the API server a client "
                "certificate"};
    }
    return {Level::Fine, "API server", "must prove itself to the webhook (clientCAFile)"};
}

Diagnoses check_writers(std::vector<Json> const& cluster_roles, std::vector<Json> const& bindings) {
    std::map<std::string, std::vector<std::string>> writable;
    for (Json const& role : cluster_roles) {
        if (auto what = writable_of_ours(role); !what.empty()) {
            writable[kube::key_of(role).name] = std::move(what);
        }
    }
    Diagnoses found;
    for (Json const& binding : bindings) {
        auto const role = writable.find(text_at(binding, "/roleRef/name"));
        std::string const subjects = subjects_of(binding);
        if (role == writable.end() || subjects.empty()) {
            continue;
        }
        found.push_back({Level::Note, "ClusterRoleBinding " + kube::key_of(binding).name,
                         subjects + " may change " + join(role->second, ", ")});
    }
    return found;
}

}  // namespace rt::cli
