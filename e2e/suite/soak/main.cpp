#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "e2e/suite/soak/faults.hpp"
#include "e2e/suite/soak/fleet.hpp"
#include "e2e/suite/soak/schedule.hpp"
#include "e2e/suite/soak/witness.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/eventually.hpp"
#include "e2e/suite/support/kubectl.hpp"
#include "e2e/suite/support/manifests.hpp"

namespace e2e::soak {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr char usage[] = R"(registry-tenancy-soak: many namespaces and one fault after the other

Needs the local cluster with the product (make cluster-up deploy). From the environment:
  SOAK_NAMESPACES     (1000) over SOAK_TENANCIES (50)
  SOAK_MINUTES        how long faults go on (20); below 5 not every kind comes often enough
  SOAK_FAULT_SECONDS  from the end of one fault to the beginning of the next (5)
Credentials live as long as e2e/sim/world.yaml says for the role acr-soak.

Fails where a working credential was lost or refused before its end or one was left to end, where a
Secret is not right at the end, where the clouds counted 5 % more or fewer mints than the refresh
schedule asks for or a mint that nothing explains, or where a kind of fault came about too rarely.
)";

/// Each kind of fault must have come about so often.
constexpr int times_min = 3;
constexpr double mints_tolerance = 0.05;

/// The least that makes sense of each is 1.
long number(char const* name, long otherwise) {
    char const* const text = std::getenv(name);
    return std::max(text == nullptr || *text == '\0' ? otherwise : std::atol(text), 1L);
}

Size size_from_environment() {
    return {static_cast<std::size_t>(number("SOAK_NAMESPACES", 1'000)),
            static_cast<std::size_t>(number("SOAK_TENANCIES", 50)),
            std::chrono::minutes(number("SOAK_MINUTES", 20)),
            seconds(number("SOAK_FAULT_SECONDS", 5))};
}

/// Looks every few seconds from a thread of its own: at all Secrets, and whether the registry takes
/// the credentials of some.
class Watch {
  public:
    Watch(Fleet const& fleet, Faults const& faults)
        : fleet_(fleet), faults_(faults), thread_([this](std::stop_token const& stop) {
              while (!stop.stop_requested()) {
                  look();
                  for (int i = 0; i < 40 && !stop.stop_requested(); ++i) {
                      std::this_thread::sleep_for(interval / 40);
                  }
              }
          }) {}
    Witness const& end() {
        thread_.request_stop();
        thread_.join();
        return witness_;
    }
    [[nodiscard]] std::size_t shown() const { return shown_; }

  private:
    static constexpr std::chrono::milliseconds interval{4000};
    static constexpr std::size_t shown_at_once = 5;

    void look() {
        auto const secrets = fleet_.secrets();
        if (!secrets) {
            return;  // the API server is away: nothing is seen, and what is lost stays lost
        }
        std::string const now = now_text();
        witness_.look(*secrets, now, Fleet::keys(), faults_.deleted_secrets());
        Fleet::Secrets some;
        for (std::size_t i = 0; i < shown_at_once; ++i) {
            auto const one =
                secrets->find(fleet_.namespaces()[random_() % fleet_.namespaces().size()]);
            if (one != secrets->end() && end_of(one->second) > now) {
                some.insert(*one);
            }
        }
        shown_ += some.size();
        for (std::string const& ns : fleet_.refused(some)) {
            auto const& secret = *some.find(ns);
            bool const again = !fleet_.refused({secret}).empty();  // the machine is busy
            if (again && end_of(secret.second) > now_text()) {
                witness_.refused(ns, now);
            }
        }
    }

    Fleet const& fleet_;
    Faults const& faults_;
    Witness witness_;
    std::size_t shown_ = 0;
    std::mt19937 random_{7};
    std::jthread thread_;  // last: it uses the above
};

/// The API server may be away while it is asked; that is an answer, too.
std::string why_not_right(Fleet const& fleet) {
    try {
        return fleet.why_not_right();
    } catch (std::exception const& error) {
        return error.what();
    }
}

/// Says what is wrong; true where nothing is.
bool right(char const* what, std::string const& problem) {
    std::printf("  %-62s %s\n", what, problem.empty() ? "yes" : ("NO: " + problem).c_str());
    return problem.empty();
}

std::string first_of(std::vector<std::string> const& lines) {
    return lines.empty() ? "" : lines.front() + " (" + std::to_string(lines.size()) + " in all)";
}

/// Does one fault after the other until `length` is over.
void inject(Faults& faults, Size const& size, double begin) {
    for (auto const end = Clock::now() + size.length; Clock::now() < end;) {
        try {
            Injected const done = faults.next();
            std::printf("%6.0f s  %s (%.0f s)\n", done.begin - begin, done.kind.c_str(),
                        done.end - done.begin);
        } catch (std::exception const& error) {
            std::printf("%6.0f s  not brought about: %s\n", wall_seconds() - begin, error.what());
        }
        std::this_thread::sleep_for(size.between_faults);
    }
}

bool judge_faults(Faults const& faults) {
    std::string rare;
    std::printf("faults: %zu\n", faults.history().size());
    for (auto const& [kind, times] : faults.counts()) {
        std::printf("  %3d x %s\n", times, kind.c_str());
        rare = times < times_min ? kind : rare;
    }
    std::size_t deleted = 0;
    for (auto const& [ns, times] : faults.deletions()) {
        deleted += times.size();
    }
    std::printf("  %3zu Secrets deleted in all\n", deleted);
    return right("every kind came about at least 3 times", rare);
}

bool judge_secrets(Fleet const& fleet, Witness const& witness, std::size_t shown) {
    auto const secrets = fleet.secrets().value_or(Fleet::Secrets());
    auto bad = fleet.wrong(secrets, now_text());
    auto const wrong = bad.size();
    auto const refused = fleet.refused(secrets);
    bad.insert(refused.begin(), refused.end());
    std::printf("Secrets at the end: %zu right, %zu wrong (%zu not as they must be, %zu refused)\n",
                fleet.namespaces().size() - bad.size(), bad.size(), wrong, refused.size());
    bool good = right("every Secret is right, and the registry grants just its pull",
                      bad.empty() ? "" : *bad.begin());
    std::printf(
        "on the way: %zu looks at all Secrets (at most %.0f s apart), %zu credentials shown "
        "to the registry\n",
        witness.looks(), witness.longest_gap(), shown);
    if (witness.closest()) {
        std::printf("  the closest that one came to its end: %.0f s of %.0f s (%s)\n",
                    witness.closest()->seconds, fleet_life_seconds(),
                    witness.closest()->ns.c_str());
    }
    good = right("no working credential was lost before its end", first_of(witness.lost())) && good;
    return right("no credential was left to end",
                 witness.expired().empty() ? "" : *witness.expired().begin()) &&
           good;
}

bool judge_mints(Mints const& mints, Faults const& faults, std::size_t namespaces, double end) {
    double const life = fleet_life_seconds();
    double const undisturbed = expected_mints(mints.first(), {}, end, life);
    double const expected = expected_mints(mints.first(), faults.deletions(), end, life);
    double const difference = static_cast<double>(mints.count) / expected - 1;
    Early const early = early_mints(mints, faults.deletions(), faults.history(), life);
    Late const late = late_mints(mints, life);
    std::printf("mints: %zu counted by the clouds, %.0f asked for by the schedule: %+.2f %%\n",
                mints.count, expected, difference * 100);
    std::printf("  %.0f of these because Secrets were deleted by hand\n", expected - undisturbed);
    std::printf(
        "  before 40 %% of the life: %zu because the Secret was deleted by hand, %zu because "
        "the last credential could not be kept, %zu unexplained\n",
        early.deleted, early.lost, early.unexplained);
    std::printf("  after 60 %% of the life: %zu, the latest after %.0f %%\n", late.count,
                late.most * 100);
    std::printf("  %zu sessions on the way, %zu requests met an injected fault\n", mints.sessions,
                mints.refused);
    bool good = right("every namespace's first mint was counted",
                      mints.times.size() == namespaces ? "" : std::to_string(mints.times.size()));
    good = right("nothing was minted that was still fresh", early.example) && good;
    return right("mints within 5 % of the schedule",
                 std::abs(difference) < mints_tolerance ? "" : "see above") &&
           good;
}

int soak(Size const& size) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // progress shows also in a file
    std::printf(
        "soak: %zu namespaces, %zu tenancies, credentials of %.0f s, "
        "%lld s from fault to fault, for %lld minutes\n",
        size.namespaces, size.tenancies, fleet_life_seconds(),
        static_cast<long long>(size.between_faults.count()),
        static_cast<long long>(size.length.count()));
    CloudRequests const requests;
    double const begin = wall_seconds();
    Fleet const fleet(size);
    std::printf("%6.0f s  namespaces and tenancies are made\n", wall_seconds() - begin);
    auto const patience = seconds(180 + static_cast<long long>(size.namespaces) / 5);
    if (auto const made = eventually(patience, [&] { return why_not_right(fleet); }); !made) {
        std::printf("NO credentials before the first fault: %s\n", made.message());
        return 1;
    }
    std::printf("%6.0f s  every namespace has its credential; faults begin\n",
                wall_seconds() - begin);
    Faults faults(fleet);
    Watch watch(fleet, faults);
    inject(faults, size, begin);
    auto const settled = eventually(seconds(180), [&] { return why_not_right(fleet); });
    double const end = wall_seconds();
    Mints const mints = mints_in(requests.matching(
        [](Json const& entry) { return text_at(entry, "/role") == role_arn(fleet_role); }));
    Witness const& witness = watch.end();

    std::printf("\nafter %.0f s with %zu namespaces over %zu tenancies\n", end - begin,
                size.namespaces, size.tenancies);
    bool good = judge_faults(faults);
    good = judge_secrets(fleet, witness, watch.shown()) && good;
    good = right("every tenancy is Ready, and was within 3 minutes", settled.message()) && good;
    good = judge_mints(mints, faults, size.namespaces, end) && good;
    std::printf("soak: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}

}  // namespace
}  // namespace e2e::soak

int main(int argc, char**) {
    if (argc > 1) {
        std::cout << e2e::soak::usage;
        return 0;
    }
    if (!e2e::kubectl({"get", "validatingwebhookconfiguration", "registry-tenancy"}).ok()) {
        std::cerr << "the product is not installed: make cluster-up deploy\n";
        return 1;
    }
    auto const registry = e2e::kubectl(
        {"apply", "-f", e2e::repository() + "/config/samples/reference/registry.yaml"});
    if (!registry.ok()) {
        std::cerr << "the shared Registry can't be applied: " << registry.text() << '\n';
        return 1;
    }
    return e2e::soak::soak(e2e::soak::size_from_environment());
}
