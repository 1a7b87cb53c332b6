#include "e2e/suite/soak/witness.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>

namespace e2e::soak {
namespace {

constexpr double earliest = 0.4;
constexpr double latest = 0.6;
/// A second for rounding of times and for the way from the log's time to the credential's.
constexpr double slack_seconds = 1.5;

/// "2026-11-22T08:00:00.123Z" as seconds since 1970.
double seconds_of(std::string const& text) {
    std::tm parts{};
    char const* const rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    double const fraction = rest != nullptr && *rest == '.' ? std::strtod(rest, nullptr) : 0.0;
    return static_cast<double>(timegm(&parts)) + fraction;
}

template <class Wanted>
std::size_t count_intervals(Mints const& mints, Wanted const& wanted) {
    std::size_t count = 0;
    for (auto const& [session, times] : mints.times) {
        for (std::size_t i = 1; i < times.size(); ++i) {
            count += wanted(times[i] - times[i - 1]) ? 1U : 0U;
        }
    }
    return count;
}

}  // namespace

void Witness::look(Secrets const& secrets, std::string const& now,
                   std::set<std::string> const& deleted_by_hand) {
    ++looks_;
    for (auto const& [ns, before] : before_) {
        auto const end = before.expires_at.find("shared-acr");
        bool const alive = end != before.expires_at.end() && end->second > now;
        auto const found = secrets.find(ns);
        bool const there = found != secrets.end() && !found->second.logins.empty();
        if (alive && !there && !deleted_by_hand.contains(before.uid)) {
            lost_.push_back(ns + ": " + (found == secrets.end() ? "no Secret" : "an empty Secret") +
                            " at " + now + ", its credential ends " + end->second);
        }
    }
    for (auto const& [ns, secret] : secrets) {
        auto const end = secret.expires_at.find("shared-acr");
        if (end != secret.expires_at.end() && end->second <= now) {
            expired_.insert(ns);
        }
    }
    before_ = secrets;
}

double expected_mints(std::vector<double> const& first, double length, double life_seconds) {
    constexpr int rounds = 50;
    std::mt19937 random(1);
    std::uniform_real_distribution<double> share(earliest, latest);
    std::size_t count = 0;
    for (int round = 0; round < rounds; ++round) {
        for (double at : first) {
            for (; at <= length; at += share(random) * life_seconds) {
                ++count;
            }
        }
    }
    return static_cast<double>(count) / rounds;
}

std::size_t Mints::early(double life_seconds) const {
    return count_intervals(
        *this, [&](double interval) { return interval < earliest * life_seconds - slack_seconds; });
}

std::size_t Mints::late(double life_seconds) const {
    return count_intervals(
        *this, [&](double interval) { return interval > latest * life_seconds + slack_seconds; });
}

Mints mints_in(std::vector<Json> const& log) {
    Mints mints;
    for (Json const& entry : log) {
        if (text_at(entry, "/action") == "GetAuthorizationToken" &&
            text_at(entry, "/code") == "OK") {
            ++mints.count;
            mints.times[text_at(entry, "/session")].push_back(seconds_of(text_at(entry, "/time")));
        }
    }
    for (auto& [session, times] : mints.times) {
        std::sort(times.begin(), times.end());
    }
    return mints;
}

}  // namespace e2e::soak
