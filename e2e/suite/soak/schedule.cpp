#include "e2e/suite/soak/schedule.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>

namespace e2e::soak {
namespace {

constexpr double earliest = 0.4;
constexpr double latest = 0.6;
/// A second for the rounding of times in annotations and for the way from the cloud's log to them.
constexpr double slack = 1.5;
/// A mint that came when writes were stopped, or so shortly before or after, may not have reached
/// its Secret.
constexpr double around_fault = 3;

bool within(double time, double from, double to) {
    return time >= from && time <= to;
}

/// One namespace's mints up to `end`, with one draw of the jitter.
template <class Share>
std::size_t mints_of(double first, std::vector<double> const& deletions, double end, double life,
                     Share const& share) {
    std::size_t count = 0;
    auto deletion = std::lower_bound(deletions.begin(), deletions.end(), first);
    for (double at = first; at <= end;) {
        ++count;
        at += share() * life;
        if (deletion != deletions.end() && *deletion < at) {
            at = *deletion++;
        }
    }
    return count;
}

}  // namespace

double seconds_of(std::string const& text) {
    std::tm parts{};
    char const* const rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    double const fraction = rest != nullptr && *rest == '.' ? std::strtod(rest, nullptr) : 0.0;
    return static_cast<double>(timegm(&parts)) + fraction;
}

double expected_mints(std::map<std::string, double> const& first, Times const& deletions,
                      double end, double life) {
    constexpr int rounds = 50;
    std::uniform_real_distribution<double> jitter(earliest, latest);
    std::size_t count = 0;
    unsigned seed = 0;
    for (auto const& [ns, at] : first) {
        auto const deleted = deletions.find(ns);
        for (int round = 0; round < rounds; ++round) {
            std::mt19937 random(++seed);  // the same jitter with and without deletions
            count +=
                mints_of(at, deleted == deletions.end() ? std::vector<double>() : deleted->second,
                         end, life, [&] { return jitter(random); });
        }
    }
    return static_cast<double>(count) / rounds;
}

std::map<std::string, double> Mints::first() const {
    std::map<std::string, double> result;
    for (auto const& [ns, all] : times) {
        result[ns] = all.front();
    }
    return result;
}

Mints mints_in(std::vector<Json> const& log) {
    Mints mints;
    for (Json const& entry : log) {
        mints.refused += text_at(entry, "/fault").empty() ? 0U : 1U;
        if (text_at(entry, "/code") != "OK") {
            continue;
        }
        std::string const action = text_at(entry, "/action");
        mints.sessions += action == "AssumeRole" ? 1U : 0U;
        if (action == "GetAuthorizationToken") {
            ++mints.count;
            std::string const session = text_at(entry, "/session");  // CLUSTER.NAMESPACE
            mints.times[session.substr(session.rfind('.') + 1)].push_back(
                seconds_of(text_at(entry, "/time")));
        }
    }
    for (auto& [ns, times] : mints.times) {
        std::sort(times.begin(), times.end());
    }
    return mints;
}

Early early_mints(Mints const& mints, Times const& deletions, std::vector<Injected> const& faults,
                  double life) {
    Early early;
    for (auto const& [ns, times] : mints.times) {
        auto const deleted = deletions.find(ns);
        for (std::size_t i = 1; i < times.size(); ++i) {
            double const last = times[i - 1];
            double const now = times[i];
            if (now - last >= earliest * life - slack) {
                continue;
            }
            bool const gone =
                deleted != deletions.end() &&
                std::any_of(deleted->second.begin(), deleted->second.end(),
                            [&](double time) { return within(time, last - slack, now); });
            bool const unwritten =
                std::any_of(faults.begin(), faults.end(), [&](Injected const& fault) {
                    return fault.stops_writes &&
                           within(last, fault.begin - around_fault, fault.end + around_fault);
                });
            early.deleted += gone ? 1U : 0U;
            early.lost += !gone && unwritten ? 1U : 0U;
            if (!gone && !unwritten && early.unexplained++ == 0) {
                early.example = ns + ", " + std::to_string(now - last) + " s after its last mint";
            }
        }
    }
    return early;
}

Late late_mints(Mints const& mints, double life) {
    Late late;
    for (auto const& [ns, times] : mints.times) {
        for (std::size_t i = 1; i < times.size(); ++i) {
            double const interval = times[i] - times[i - 1];
            late.count += interval > latest * life + slack ? 1U : 0U;
            late.most = std::max(late.most, interval / life);
        }
    }
    return late;
}

}  // namespace e2e::soak
