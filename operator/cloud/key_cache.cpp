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
    std::lock_guard const lock(mutex_);
    auto cached = cache_.find(identity);
    SteadyTime const now = clock_.steady_now();
    if (cached != cache_.end() && now < cached->second.refresh_at) {
        return cached->second.keys.clone();
    }
    Result<Fetched> fetched = fetch();
    if (fetched) {
        cached = cache_.insert_or_assign(identity, std::move(*fetched)).first;
        return cached->second.keys.clone();
    }
    if (cached != cache_.end() && now < cached->second.usable_until) {
        log_warn("base identity not refreshed, using the keys at hand",
                 {{"error", fetched.error().message}});
        return cached->second.keys.clone();
    }
    return fail(fetched.error().with_context("base identity"));
}

void KeyCache::forget(std::string const& identity) {
    std::lock_guard const lock(mutex_);
    cache_.erase(identity);
}

Result<KeyCache::Fetched> KeyCache::dated(TemporaryKeys read, WallTime server_now,
                                          std::string_view source) const {
    auto const life = read.expires_at - server_now;
    if (life <= 0s) {
        return fail(Error{ErrorKind::Expired,
                          std::string(source) + ": the role's credentials arrived expired"});
    }
    SteadyTime const now = clock_.steady_now();
    auto const margin = std::min<std::chrono::nanoseconds>(refresh_before_end, life / 2);
    return Fetched{std::move(read.keys), now + life - margin, now + life};
}

}  // namespace rt::op
