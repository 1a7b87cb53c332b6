#include "operator/cloud/key_cache.hpp"

#include <algorithm>

#include "lib/base/log.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;

/// Metadata services rotate role credentials well before they end; ten minutes leave room for every
/// call signed with them.
constexpr auto refresh_before_end = 10min;

}  // namespace

Result<AccessKeys> KeyCache::get(std::string const& identity, Fetch const& fetch) {
    std::shared_ptr<Slot> slot;
    {
        std::lock_guard const lock(mutex_);
        std::shared_ptr<Slot>& known = slots_[identity];
        if (!known) {
            known = std::make_shared<Slot>();
        }
        slot = known;
    }
    std::lock_guard const lock(slot->mutex);
    SteadyTime const now = clock_.steady_now();
    if (slot->fetched && now < slot->fetched->refresh_at) {
        return slot->fetched->keys.clone();
    }
    Result<Fetched> fetched = fetch();
    if (fetched) {
        slot->fetched = std::move(*fetched);
        return slot->fetched->keys.clone();
    }
    if (slot->fetched && now < slot->fetched->usable_until) {
        log_warn("base identity not refreshed, using the keys at hand",
                 {{"error", fetched.error().message}});
        return slot->fetched->keys.clone();
    }
    return fail(fetched.error().with_context("base identity"));
}

void KeyCache::forget(std::string const& identity) {
    std::lock_guard const lock(mutex_);
    slots_.erase(identity);
}

Result<KeyCache::Fetched> KeyCache::dated(TemporaryKeys read, std::string_view source) const {
    auto const life = read.expires_at - read.answered_at.value_or(clock_.wall_now());
    if (life <= 0s) {
        return fail(Error{ErrorKind::Expired,
                          std::string(source) + ": the role's credentials arrived expired"});
    }
    SteadyTime const now = clock_.steady_now();
    auto const margin = std::min<std::chrono::nanoseconds>(refresh_before_end, life / 2);
    return Fetched{std::move(read.keys), now + life - margin, now + life};
}

}  // namespace rt::op
