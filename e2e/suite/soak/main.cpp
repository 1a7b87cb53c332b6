#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "e2e/suite/soak/faults.hpp"
#include "e2e/suite/soak/fleet.hpp"
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
  SOAK_MINUTES      how long faults go on (5)
  SOAK_NAMESPACES   (1000), SOAK_TENANCIES (50), SOAK_FAULT_SECONDS between two faults (10)

Fails where a working credential was lost before its end or one was left to end, where a Secret is
not right at the end, or where the clouds counted 5 % more or fewer mints than the schedule asks
for.
)";

std::size_t number(char const* name, std::size_t otherwise) {
    char const* const text = std::getenv(name);
    return text == nullptr || *text == '\0' ? otherwise : std::strtoul(text, nullptr, 10);
}

Size size_from_environment() {
    Size size;
    size.namespaces = std::max<std::size_t>(number("SOAK_NAMESPACES", size.namespaces), 1);
    size.tenancies = std::max<std::size_t>(number("SOAK_TENANCIES", size.tenancies), 1);
    size.length = std::chrono::minutes(number("SOAK_MINUTES", 5));
    size.between_faults = seconds(number("SOAK_FAULT_SECONDS", 10));
    return size;
}

/// Looks every few seconds from a thread of its own.
class Watch {
  public:
    Watch(Fleet const& fleet, Faults const& faults)
        : thread_([this, &fleet, &faults](std::stop_token const& stop) {
              while (!stop.stop_requested()) {
                  if (auto const secrets = fleet.secrets()) {
                      witness_.look(*secrets, now_text(), faults.deleted_secrets());
                  }
                  static_cast<void>(throughout(interval, [&stop] {
                      return std::string(stop.stop_requested() ? "over" : "");
                  }));
              }
          }) {}
    Witness const& end() {
        thread_.request_stop();
        thread_.join();
        return witness_;
    }

  private:
    static constexpr seconds interval{3};
    Witness witness_;
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

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Says what is wrong; true where nothing is.
bool right(char const* what, std::string const& problem) {
    std::printf("%-58s %s\n", what, problem.empty() ? "yes" : ("NO: " + problem).c_str());
    return problem.empty();
}

bool verdict(Mints const& mints, double begin, double length, Faults const& faults) {
    std::vector<double> first;
    for (auto const& [session, times] : mints.times) {
        first.push_back(times.front() - begin);
    }
    double const expected = expected_mints(first, length, fleet_life_seconds) +
                            static_cast<double>(faults.deleted_secrets().size());
    double const ratio = static_cast<double>(mints.count) / expected;
    std::printf(
        "mints: %zu counted by the cloud, %.0f asked for by the schedule (%+.1f %%); "
        "%zu came early, %zu late\n",
        mints.count, expected, (ratio - 1) * 100, mints.early(fleet_life_seconds),
        mints.late(fleet_life_seconds));
    return right("mints within 5 % of the schedule",
                 ratio > 0.95 && ratio < 1.05 ? "" : "see above");
}

int soak(Size const& size) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // progress shows also in a file
    std::printf("soak: %zu namespaces, %zu tenancies, a fault every %lld s for %lld minutes\n",
                size.namespaces, size.tenancies,
                static_cast<long long>(size.between_faults.count()),
                static_cast<long long>(size.length.count()));
    CloudRequests const requests;
    auto const begin = Clock::now();
    auto const wall_begin =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    Fleet const fleet(size);
    std::printf("made after %.0f s\n", seconds_since(begin));
    auto const patience = seconds(180 + static_cast<long long>(size.namespaces) / 5);
    if (!right("every namespace has its credential before the first fault",
               eventually(patience, [&] { return why_not_right(fleet); }).message())) {
        return 1;
    }
    std::printf("after %.0f s\n", seconds_since(begin));
    Faults faults(fleet);
    Watch watch(fleet, faults);
    for (auto const end = Clock::now() + size.length; Clock::now() < end;) {
        auto const next = Clock::now() + size.between_faults;
        std::string const done = faults.next();
        std::printf("%5.0f s  %s\n", seconds_since(begin), done.c_str());
        static_cast<void>(throughout(std::chrono::ceil<seconds>(next - Clock::now()),
                                     [] { return std::string(); }));
    }
    std::string const settled =
        eventually(seconds(180), [&] { return why_not_right(fleet); }).message();
    double const length = seconds_since(begin);
    Mints const mints = mints_in(requests.matching(
        [](Json const& entry) { return text_at(entry, "/role") == role_arn(fleet_role); }));
    Witness const& witness = watch.end();

    std::printf("\nafter %.0f s, %zu looks at all Secrets; faults:\n", length, witness.looks());
    for (auto const& [name, times] : faults.done()) {
        std::printf("  %2d x %s\n", times, name.c_str());
    }
    bool good = right("every namespace has a live credential at the end, all Ready", settled);
    good = right("the registry grants a pull to every namespace", fleet.why_not_pulling()) && good;
    good =
        right("no working credential was lost before its end",
              witness.lost().empty() ? ""
                                     : witness.lost().front() + " and " +
                                           std::to_string(witness.lost().size() - 1) + " more") &&
        good;
    good = right("no credential was left to end",
                 witness.expired().empty()
                     ? ""
                     : std::to_string(witness.expired().size()) + " namespaces") &&
           good;
    good = verdict(mints, wall_begin, length, faults) && good;
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
