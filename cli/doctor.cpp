#include "cli/doctor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/doctor_checks.hpp"
#include "lib/base/digest.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

using Level = Diagnosis::Level;

constexpr char configuration_name[] = "registry-tenancy";
constexpr char certificate_secret[] = "registry-tenancy-webhook-cert";

kube::ResourceType const deployments{"apps", "v1", "deployments", "Deployment", true};
kube::ResourceType const daemon_sets{"apps", "v1", "daemonsets", "DaemonSet", true};
kube::ResourceType const cluster_role_bindings{"rbac.authorization.k8s.io", "v1",
                                               "clusterrolebindings", "ClusterRoleBinding", false};

/// "not known" with the reason.
Diagnosis unknown(std::string subject, Error const& error) {
    return {Level::Unknown, std::move(subject),
            error.message + (error.kind == ErrorKind::Forbidden
                                 ? ": ask somebody with that right to run this command"
                                 : ": try again")};
}

class Doctor {
  public:
    Doctor(kube::Client& client, tenancy::Settings const& settings, WallTime now)
        : client_(client), settings_(settings), now_(now) {}

    Diagnoses examine() && {
        examine_deployment("registry-tenancy-webhook", 2);
        examine_deployment("registry-tenancy-operator", 1);
        examine_deployment("registry-tenancy-publisher", 1);
        examine_configuration();
        examine_certificate();
        add(check_client_authentication(settings_));
        examine_daemon_sets();
        examine_writers();
        return std::move(found_);
    }

  private:
    void add(Diagnosis diagnosis) { found_.push_back(std::move(diagnosis)); }
    void add_all(Diagnoses const& more) { found_.insert(found_.end(), more.begin(), more.end()); }

    void examine_deployment(std::string const& name, int replicas_min) {
        auto const deployment = client_.get(deployments, {settings_.product_namespace, name}, {});
        if (deployment) {
            add(check_deployment(*deployment, replicas_min));
        } else if (deployment.error().kind == ErrorKind::NotFound) {
            add({Level::Problem, "Deployment " + name,
                 "is missing in namespace " + settings_.product_namespace +
                     ": apply config/default again"});
        } else {
            add(unknown("Deployment " + name, deployment.error()));
        }
    }

    void examine_configuration() {
        std::string const subject = "ValidatingWebhookConfiguration registry-tenancy";
        auto const configuration = client_.get(kube::types::validating_webhook_configurations,
                                               {"", configuration_name}, {});
        if (configuration) {
            add(check_webhook(*configuration, now_));
        } else if (configuration.error().kind == ErrorKind::NotFound) {
            add({Level::Problem, subject,
                 "is missing, so nothing is judged: the publisher writes it once the webhook "
                 "answers; look at its log"});
        } else {
            add(unknown(subject, configuration.error()));
        }
    }

    void examine_certificate() {
        auto const secret = client_.get(kube::types::secrets,
                                        {settings_.product_namespace, certificate_secret}, {});
        if (!secret && secret.error().kind != ErrorKind::NotFound) {
            add(unknown("serving certificate", secret.error()));
            return;
        }
        std::string pem;
        if (secret) {
            Json const* const data = find(*secret, "data");
            auto decoded = base64_decode(data == nullptr ? "" : string_at(*data, "tls.crt"));
            pem = decoded ? *std::move(decoded) : std::string();
        }
        add(check_certificate(certificate_end(pem), now_));
    }

    void examine_daemon_sets() {
        if (auto const found = list_objects(client_, daemon_sets)) {
            add_all(check_daemon_sets(*found, settings_));
        } else {
            add(unknown("DaemonSets", found.error()));
        }
    }

    void examine_writers() {
        auto const roles = list_objects(client_, kube::types::cluster_roles);
        auto const bindings = list_objects(client_, cluster_role_bindings);
        if (roles && bindings) {
            add_all(check_writers(*roles, *bindings));
        } else {
            add(unknown("who may change our objects", roles ? bindings.error() : roles.error()));
        }
    }

    kube::Client& client_;
    tenancy::Settings const& settings_;
    WallTime now_;
    Diagnoses found_;
};

std::string shown(Diagnosis const& diagnosis, bool colour) {
    struct Style {
        char const* word;
        char const* colour;
    };
    Style const style = diagnosis.level == Level::Fine      ? Style{"ok", "\x1b[32m"}
                        : diagnosis.level == Level::Note    ? Style{"note", "\x1b[36m"}
                        : diagnosis.level == Level::Problem ? Style{"PROBLEM", "\x1b[31m"}
                                                            : Style{"unknown", "\x1b[33m"};
    std::string word = style.word;
    word.resize(9, ' ');
    return (colour ? style.colour + word + "\x1b[0m" : word) + printable(diagnosis.subject, 256) +
           ": " + printable(diagnosis.message, 1024) + '\n';
}

}  // namespace

int doctor_install(DoctorOptions const& options, Environment& env) {
    auto rules = load_rules(options.world, env);
    if (!rules) {
        return report_error(env, rules.error().message, ExitUsage);
    }
    auto const found =
        Doctor(*rules->connection->client, rules->world.settings(), env.clock.wall_now()).examine();
    std::string out;
    for (Diagnosis const& diagnosis : found) {
        out += shown(diagnosis, env.colour);
    }
    print(env.out, out);
    bool const problem = std::any_of(found.begin(), found.end(),
                                     [](auto const& one) { return one.level == Level::Problem; });
    return problem ? ExitFailed : ExitOk;
}

}  // namespace rt::cli
