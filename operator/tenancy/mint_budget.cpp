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
    bool account_paid = false;
    if (auto const found = places_.find(who); found != places_.end()) {
        Place const place = found->second;
        if (place.at > now) {
            return place.at - now;
        }
        places_.erase(found);
        if (now < place.at + place_lifetime) {
            if (place.of_all) {
                return std::nullopt;
            }
            account_paid = true;
        }
    }
    if (!account_paid) {
        auto const [bucket, created] =
            accounts_.try_emplace(account, std::max(per_second_ * account_share, 0.1),
                                  std::max(burst_ * account_share, 1.0), now);
        if (auto const wait = bucket->second.take(now); wait > wait.zero()) {
            return queue(who, wait, false, now);
        }
    }
    auto const wait = all_.take(now);
    return wait > wait.zero() ? queue(who, wait, true, now) : std::nullopt;
}

std::optional<std::chrono::nanoseconds> MintBudget::queue(std::string const& who,
                                                          std::chrono::nanoseconds wait,
                                                          bool of_all, SteadyTime now) {
    if (places_.size() >= places_max) {
        std::erase_if(places_,
                      [&](auto const& place) { return place.second.at + place_lifetime < now; });
    }
    places_[who] = {now + wait, of_all};
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
