#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "operator/cloud/answers.hpp"
#include "operator/cloud/keys.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op {

/// The cloud's clock, as far as we know it: ours, until a signature was refused for its time.
/// Thread-safe.
class CloudClock {
  public:
    explicit CloudClock(Clock& clock) : clock_(clock) {}
    [[nodiscard]] WallTime now() const {
        return clock_.wall_now() + std::chrono::seconds(offset_seconds_.load());
    }
    /// Takes over the time that the cloud gave with its answer; false where it gave none.
    bool learn(http::Response const& response) {
        auto const theirs = server_time(response);
        if (theirs) {
            offset_seconds_.store(
                std::chrono::floor<std::chrono::seconds>(*theirs - clock_.wall_now()).count());
        }
        return theirs.has_value();
    }

  private:
    Clock& clock_;
    std::atomic<std::int64_t> offset_seconds_{0};
};

/// One signed call: `sign(now)` gives the request, `read(response)` a Result. It is repeated once,
/// with the cloud's own time, where `clock_skew(error)` says that ours is off; never otherwise.
/// `name` is the step that an error begins with; a clock that is still off has the code ClockSkew.
template <class Sign, class Read>
auto signed_call(http::Transport& clouds, CloudClock& clock, std::string const& name,
                 Sign const& sign, Read const& read, bool (*clock_skew)(Error const&),
                 std::stop_token const& stop) -> decltype(read(http::Response())) {
    auto const send = [&]() -> Result<http::Response> {
        http::Request const request = sign(clock.now());
        auto response = clouds.send(request, stop);
        if (!response) {
            return fail(response.error().with_context(name + " at " +
                                                      http::split_url(request.url).authority));
        }
        return response;
    };
    RT_TRY(http::Response response, send());
    auto value = read(response);
    if (!value && clock_skew(value.error()) && clock.learn(response)) {
        RT_TRY(response, send());
        value = read(response);
    }
    if (!value) {
        Error error = value.error().with_context(name);
        if (clock_skew(value.error())) {
            error.code = clock_skew_code;
        }
        return fail(error);
    }
    return value;
}

/// The credential that a token of GetAuthorizationToken is. It ends when the token does by the
/// cloud's clock (`cloud_now` where the answer didn't say), but after `life_max` at the latest.
/// Expired where it arrived so. `now` is the time of our own clock. Pure.
[[nodiscard]] Result<RegistryCredential> credential_of(AuthorizationToken token, WallTime cloud_now,
                                                       std::chrono::hours life_max, WallTime now);

}  // namespace rt::op
