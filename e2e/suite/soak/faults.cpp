#include "e2e/suite/soak/faults.hpp"

#include <array>
#include <iostream>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/eventually.hpp"
#include "e2e/suite/support/kubectl.hpp"
#include "e2e/suite/support/processes.hpp"

namespace e2e::soak {
namespace {

using std::chrono::seconds;

/// How long a cloud stays away. Two of these and a change of leaders fit into the time between a
/// refresh and the end of the old credential.
constexpr seconds outage{8};
constexpr int secrets_at_once = 3;

void stay_away() {
    static_cast<void>(throughout(outage, [] { return std::string(); }));
}

/// A fault that could not be brought about makes the run say less, not fail.
void note(CommandResult const& result, char const* what) {
    if (!result.ok()) {
        std::cerr << "soak: " << what << ": " << result.text() << '\n';
    }
}

/// SIGKILL to a program of the local cluster, by its pid file.
void kill_program(std::string const& program) {
    note(run({"bash", "-c", "read -r pid _ <\"$0\" && kill -KILL \"$pid\"",
              cluster_directory() + "/run/" + program + ".pid"}),
         "killing a program of the cluster");
}

/// Starts again what of the cluster does not run.
void start_again() {
    note(run({repository() + "/e2e/cluster/up"}, "", seconds(120)), "starting the cluster again");
}

}  // namespace

std::string Faults::next() {
    struct Kind {
        char const* name;
        void (Faults::*act)();
    };
    static constexpr std::array<Kind, 6> kinds{
        Kind{"cloud answers 503", &Faults::cloud_errors},
        Kind{"operator killed", &Faults::operator_killed},
        Kind{"simulator down", &Faults::simulator_down},
        Kind{"Secrets deleted by hand", &Faults::secrets_deleted},
        Kind{"API server restarted", &Faults::api_server_restarted},
        Kind{"leader deleted", &Faults::leader_deleted}};
    Kind const& kind = kinds[turn_++ % kinds.size()];
    try {
        (this->*kind.act)();
        ++done_[kind.name];
    } catch (std::exception const& error) {
        std::cerr << "soak: " << kind.name << ": " << error.what() << '\n';
    }
    return kind.name;
}

void Faults::cloud_errors() {
    Fault const sts("sts", {{"mode", "error"},
                            {"role", fleet_role},
                            {"code", "ServiceUnavailable"},
                            {"http", 503},
                            {"message", "The request has failed due to a temporary failure."}});
    Fault const acr("acr", {{"mode", "throttle"}, {"role", fleet_role}});
    stay_away();
}

void Faults::simulator_down() {
    kill_program("sim-alibaba-sts");
    stay_away();
    start_again();
}

void Faults::api_server_restarted() {
    kill_program("kube-apiserver");
    start_again();
}

void Faults::operator_killed() {
    for (std::string const& container : containers_of("registry-tenancy-operator")) {
        note(kill_container(container), "killing the operator");
    }
}

void Faults::leader_deleted() {
    auto const lease = get("lease", "registry-tenancy-operator", std::string(product_namespace));
    std::string const holder = lease ? text_at(*lease, "/spec/holderIdentity") : std::string();
    note(kubectl({"-n", std::string(product_namespace), "delete", "pod", "--wait=false",
                  holder.substr(0, holder.find('_'))}),
         "deleting the leader");
}

void Faults::secrets_deleted() {
    auto const there = fleet_.secrets();
    for (int i = 0; there && i < secrets_at_once; ++i) {
        std::string const& ns = fleet_.namespaces()[random_() % fleet_.namespaces().size()];
        auto const found = there->find(ns);
        if (found == there->end()) {
            continue;
        }
        {
            // Before it goes: who watches must know why it has gone.
            std::lock_guard const lock(mutex_);
            deleted_secrets_.insert(found->second.uid);
        }
        note(kubectl({"-n", ns, "delete", "secret", std::string(pull_secret_name), "--as",
                      std::string(operator_user), "--as-group", "system:masters"}),
             "deleting a Secret");
    }
}

}  // namespace e2e::soak
