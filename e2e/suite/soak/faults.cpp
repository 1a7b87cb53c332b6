#include "e2e/suite/soak/faults.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "e2e/suite/soak/schedule.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/eventually.hpp"
#include "e2e/suite/support/kubectl.hpp"
#include "e2e/suite/support/processes.hpp"

namespace e2e::soak {
namespace {

using std::chrono::seconds;

/// How long a cloud stays away. Short against the time between a refresh and the end of the old
/// credential (40 % of its life).
constexpr seconds outage{8};
constexpr std::size_t secrets_at_once = 3;
/// Two replicas that were killed together wait for the Lease of the dead leader (15 s), and longer
/// where the kubelet holds them back for having ended often.
constexpr seconds leader_limit{90};
/// A leader renews its Lease every 2 s.
constexpr double lease_fresh = 5;

void must(CommandResult const& result, char const* what) {
    if (!result.ok()) {
        throw std::runtime_error(std::string(what) + ": " + result.text());
    }
}

void must(testing::AssertionResult const& result, char const* what) {
    if (!result) {
        throw std::runtime_error(std::string(what) + ": " + result.message());
    }
}

/// SIGKILL to a program of the local cluster, by its pid file.
void kill_program(std::string const& program) {
    must(run({"bash", "-c", "read -r pid _ <\"$0\" && kill -KILL \"$pid\"",
              cluster_directory() + "/run/" + program + ".pid"}),
         "killing a program of the cluster");
}

/// Starts again what of the cluster does not run; the outage is long enough.
void start_again() {
    must(run({repository() + "/e2e/cluster/up"}, "", seconds(180)), "starting the cluster again");
}

void down(std::string const& program) {
    kill_program(program);
    std::this_thread::sleep_for(outage);
    start_again();
}

/// Who holds the operator's Lease and renews it; empty where nobody does.
std::string leader() {
    auto const lease = get("lease", "registry-tenancy-operator", std::string(product_namespace));
    if (!lease || wall_seconds() - seconds_of(text_at(*lease, "/spec/renewTime")) > lease_fresh) {
        return "";
    }
    return text_at(*lease, "/spec/holderIdentity");
}

/// Waits for a leader that `fits`, and returns it.
template <class Fits>
std::string wait_for_leader(Fits const& fits) {
    std::string found;
    must(eventually(leader_limit,
                    [&]() -> std::string {
                        try {
                            found = leader();
                        } catch (std::exception const& error) {
                            return error.what();
                        }
                        return !found.empty() && fits(found) ? "" : "no such leader";
                    }),
         "waiting for a leader");
    return found;
}

void wait_for_new_leader(std::string const& before) {
    wait_for_leader([&](std::string const& now) { return now != before; });
}

}  // namespace

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

Faults::Faults(Fleet const& fleet) : fleet_(fleet) {}

std::vector<Faults::Kind> const& Faults::kinds() {
    static std::vector<Kind> const all{
        {"cloud answers 503 and 429", false, &Faults::cloud_errors},
        {"operator killed, both replicas; another leads", true, &Faults::operator_killed},
        {"simulator of STS down", false, &Faults::sts_down},
        {"Secrets deleted by hand", false, &Faults::secrets_deleted},
        {"API server killed and restarted; one leads", true, &Faults::api_server_restarted},
        {"leader deleted; another leads", true, &Faults::leader_deleted},
        {"simulator of ACR down", false, &Faults::acr_down}};
    return all;
}

Injected Faults::next() {
    Kind const& kind = kinds()[turn_++ % kinds().size()];
    Injected done{kind.name, wall_seconds(), 0, kind.stops_writes};
    try {
        (this->*kind.act)();
    } catch (std::exception const& error) {
        throw std::runtime_error(std::string(kind.name) + ": " + error.what());
    }
    done.end = wall_seconds();
    history_.push_back(done);
    return done;
}

std::map<std::string, int> Faults::counts() const {
    std::map<std::string, int> result;
    for (Kind const& kind : kinds()) {
        result[kind.name] = 0;
    }
    for (Injected const& one : history_) {
        ++result[one.kind];
    }
    return result;
}

void Faults::cloud_errors() {
    Fault const sts("sts", {{"mode", "error"},
                            {"role", fleet_role},
                            {"code", "ServiceUnavailable"},
                            {"http", 503},
                            {"message", "The request has failed due to a temporary failure."}});
    Fault const acr("acr", {{"mode", "throttle"}, {"role", fleet_role}});
    std::this_thread::sleep_for(outage);
}

void Faults::sts_down() {
    down("sim-alibaba-sts");
}

void Faults::acr_down() {
    down("sim-alibaba-acr");
}

void Faults::api_server_restarted() {
    kill_program("kube-apiserver");
    if (api_restarts_++ % 2 == 1) {
        std::this_thread::sleep_for(outage);  // with its start long enough to lose a Lease
    }
    start_again();
    wait_for_leader([](std::string const&) { return true; });
}

void Faults::operator_killed() {
    std::string const before = wait_for_leader([](std::string const&) { return true; });
    std::vector<std::string> running;
    must(eventually(leader_limit,
                    [&] {
                        running = containers_of("registry-tenancy-operator");
                        return std::string(running.empty() ? "no container runs" : "");
                    }),
         "looking for the operator");
    for (std::string const& container : running) {
        must(kill_container(container), "killing the operator");
    }
    wait_for_new_leader(before);
}

void Faults::leader_deleted() {
    std::string const before = wait_for_leader([](std::string const&) { return true; });
    must(kubectl({"-n", std::string(product_namespace), "delete", "pod", "--wait=false",
                  before.substr(0, before.find('_'))}),
         "deleting the leader");
    wait_for_new_leader(before);
}

void Faults::secrets_deleted() {
    for (std::size_t i = 0; i < secrets_at_once; ++i) {
        std::string const& ns = fleet_.namespaces()[random_() % fleet_.namespaces().size()];
        auto const there = pull_secret(ns);
        if (!there) {
            throw std::runtime_error(ns + " has no Secret");
        }
        {
            // Before it goes: who watches must know why it has gone.
            std::lock_guard const lock(mutex_);
            deleted_secrets_.insert(there->uid);
        }
        double const time = wall_seconds();  // it may be made again before kubectl has ended
        must(kubectl({"-n", ns, "delete", "secret", std::string(pull_secret_name), "--as",
                      std::string(operator_user), "--as-group", "system:masters"}),
             "deleting a Secret");
        deletions_[ns].push_back(time);
    }
}

}  // namespace e2e::soak
