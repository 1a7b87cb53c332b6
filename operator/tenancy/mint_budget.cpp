#include "operator/tenancy/mint_budget.hpp"

#include <algorithm>

namespace rt::op {
namespace {

std::chrono::nanoseconds seconds(double value) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(value));
}

}  // namespace

void TokenBucket::refill(SteadyTime now) {
    double const passed = std::chrono::duration<double>(now - at_).count();
    tokens_ = std::min(burst_, tokens_ + std::max(0.0, passed) * per_second_);
    at_ = now;
}

std::chrono::nanoseconds TokenBucket::take(SteadyTime now) {
    refill(now);
    tokens_ -= 1;
    return tokens_ >= 0 ? std::chrono::nanoseconds::zero() : seconds(-tokens_ / per_second_);
}

std::optional<std::chrono::nanoseconds> TokenBucket::try_take(SteadyTime now) {
    refill(now);
    // Tokens are sums of many small parts: one that lacks a billionth is there.
    if (tokens_ + 1e-9 >= 1) {
        tokens_ -= 1;
        return std::nullopt;
    }
    return seconds((1 - tokens_) / per_second_);
}

double TokenBucket::used(SteadyTime now) {
    refill(now);
    return 1 - tokens_ / burst_;
}

MintBudget::MintBudget(double per_second, int burst, Clock& clock)
    : per_second_(per_second),
      burst_(burst),
      clock_(clock),
      all_(per_second, burst, clock.steady_now()) {}

std::optional<std::chrono::nanoseconds> MintBudget::ask(std::string const& who,
                                                        std::string const& account,
                                                        std::string const& role) {
    std::lock_guard const lock(mutex_);
    SteadyTime const now = clock_.steady_now();
    if (auto const paused = paused_until_.find(role); paused != paused_until_.end()) {
        if (paused->second > now) {
            return paused->second - now;
        }
        paused_until_.erase(paused);
    }
    if (auto const place = places_.find(who); place != places_.end()) {
        if (place->second > now) {
            return place->second - now;
        }
        bool const in_time = now < place->second + place_lifetime;
        places_.erase(place);
        if (in_time) {
            return std::nullopt;
        }
    }
    auto const [account_bucket, created] =
        accounts_.try_emplace(account, std::max(per_second_ * account_share, 0.1),
                              std::max(burst_ * account_share, 1.0), now);
    auto const wait = std::max(all_.take(now), account_bucket->second.take(now));
    if (wait == std::chrono::nanoseconds::zero()) {
        return std::nullopt;
    }
    if (places_.size() >= places_max) {
        std::erase_if(places_,
                      [&](auto const& place) { return place.second + place_lifetime < now; });
    }
    places_[who] = now + wait;
    return wait;
}

double MintBudget::used() {
    std::lock_guard const lock(mutex_);
    SteadyTime const now = clock_.steady_now();
    double most = all_.used(now);
    for (auto& [account, bucket] : accounts_) {
        most = std::max(most, bucket.used(now));
    }
    return most;
}

void MintBudget::pause(std::string const& role, std::chrono::nanoseconds duration) {
    // A peer cannot stop us for longer than this.
    duration = std::min<std::chrono::nanoseconds>(duration, std::chrono::minutes(5));
    std::lock_guard const lock(mutex_);
    SteadyTime& until = paused_until_[role];
    until = std::max(until, clock_.steady_now() + duration);
}

}  // namespace rt::op
