#include "lib/kube/runtime/leader_election.hpp"

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "lib/base/log.hpp"
#include "lib/kube/core/lease.hpp"
#include "lib/kube/runtime/backoff.hpp"
#include "lib/kube/runtime/call_limit.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

/// client-go's JitterFactor: candidates poll every retry_period * (1 + U[0, 1.2)).
constexpr double acquire_jitter = 1.2;
/// How often the release of a lease is tried on a conflict; without it, it runs out by itself.
constexpr int release_attempts = 3;
constexpr std::chrono::seconds release_timeout = 5s;

}  // namespace

struct LeaderElector::Impl {
    Impl(Client& api, LeaderElectionOptions election_options, Clock& election_clock,
         Random& election_random)
        : client(api),
          options(std::move(election_options)),
          clock(election_clock),
          random(election_random) {}

    End run(std::function<void(std::stop_token)> const& lead, std::stop_token const& stop);
    bool acquire(std::stop_token const& stop);
    /// Renews every retry period until `finished` is woken; false where the lease was lost.
    bool renew_until(std::stop_token const& finished);
    void release();

    /// One attempt to acquire or renew, limited to `limit`.
    bool attempt(std::chrono::milliseconds limit);
    bool try_to_hold(std::stop_token const& stop);
    bool write(Json const& lease, LeaseRecord const& record, SteadyTime started,
               std::stop_token const& stop);
    void observe(Json lease, SteadyTime at, bool written_by_us);
    /// Warns once of each kind of trouble; that a rival was faster is none.
    void tell(std::string_view doing, Error const& error);
    [[nodiscard]] bool held_until_later(SteadyTime now) const {
        return observed_at + observed_record.duration > now;
    }
    LeaseRecord own_record() const;

    Client& client;
    LeaderElectionOptions const options;
    Clock& clock;
    Random& random;

    // Only the electing thread.
    std::optional<CallLimit> calls;  ///< while it runs
    Json observed;                   ///< null until the first look
    std::string told;                ///< the trouble last warned of; empty while all is well
    LeaseRecord observed_record;

    // Under the mutex, for leading() and overdue(); written by the electing thread.
    mutable std::mutex mutex;
    SteadyTime observed_at{};
    bool is_leader = false;
};

void LeaderElector::Impl::tell(std::string_view doing, Error const& error) {
    bool const rival = error.kind == ErrorKind::Conflict || error.kind == ErrorKind::AlreadyExists;
    if (rival || error.kind == ErrorKind::Cancelled || told == error.message) {
        return;
    }
    told = error.message;
    log_warn("the lease is out of reach",
             {{"lease", options.lease.str()}, {"doing", doing}, {"reason", error.message}});
}

/// Two candidates see the same Lease at different times by different clocks, so times written in it
/// are never compared with ours: a holder's time runs from when *we* first saw that version of its
/// record.
void LeaderElector::Impl::observe(Json lease, SteadyTime at, bool written_by_us) {
    LeaseRecord record = lease_record_of(lease);
    bool const same = !written_by_us && !observed.is_null() && record == observed_record;
    told.clear();
    observed = std::move(lease);
    if (same) {
        return;
    }
    observed_record = std::move(record);
    std::lock_guard const lock(mutex);
    observed_at = at;
}

LeaseRecord LeaderElector::Impl::own_record() const {
    LeaseRecord record;
    record.holder = options.identity;
    record.duration = std::chrono::ceil<std::chrono::seconds>(options.lease_duration);
    record.acquire_time = clock.wall_now();
    record.renew_time = record.acquire_time;
    return record;
}

/// `started` is from before the request: the server may have stored it at any time since, and a
/// challenger's clock for us cannot have started earlier.
bool LeaderElector::Impl::write(Json const& lease, LeaseRecord const& record, SteadyTime started,
                                std::stop_token const& stop) {
    auto written = client.update(types::leases, with_record(lease, record), "", stop);
    if (!written) {
        tell("writing", written.error());
        return false;
    }
    observe(*std::move(written), started, true);
    return true;
}

bool LeaderElector::Impl::try_to_hold(std::stop_token const& stop) {
    SteadyTime const started = clock.steady_now();
    LeaseRecord mine = own_record();
    // Known holder: write at once with the last version; a conflict says that somebody else wrote.
    if (observed_record.holder == options.identity && held_until_later(started)) {
        mine.acquire_time = observed_record.acquire_time;
        mine.transitions = observed_record.transitions;
        if (write(observed, mine, started, stop)) {
            return true;
        }
    }
    auto current = client.get(types::leases, options.lease, stop);
    if (!current && current.error().kind == ErrorKind::NotFound) {
        auto created =
            client.create(types::leases, options.lease.ns, make_lease(options.lease, mine), stop);
        if (!created) {
            tell("creating", created.error());
            return false;
        }
        observe(*std::move(created), started, true);
        return true;
    }
    if (!current) {
        tell("reading", current.error());
        return false;
    }
    observe(*std::move(current), clock.steady_now(), false);
    LeaseRecord const& other = observed_record;
    bool const ours = other.holder == options.identity;
    if (!other.holder.empty() && !ours && held_until_later(clock.steady_now())) {
        return false;
    }
    mine.acquire_time = ours ? other.acquire_time : mine.acquire_time;
    mine.transitions = ours ? other.transitions : other.transitions + 1;
    return write(observed, mine, started, stop);
}

bool LeaderElector::Impl::attempt(std::chrono::milliseconds limit) {
    bool const held = try_to_hold(calls->arm(clock.steady_now() + limit));
    calls->disarm();
    return held;
}

bool LeaderElector::Impl::acquire(std::stop_token const& stop) {
    while (!stop.stop_requested()) {
        // Half the renew deadline, as client-go's request timeout: one hanging call is not all.
        if (attempt(options.renew_deadline / 2)) {
            return true;
        }
        clock.sleep_for(scaled(options.retry_period, 1.0 + acquire_jitter * random.uniform()),
                        stop);
    }
    return false;
}

bool LeaderElector::Impl::renew_until(std::stop_token const& finished) {
    while (clock.sleep_for(options.retry_period, finished)) {
        SteadyTime const give_up = clock.steady_now() + options.renew_deadline;
        while (true) {
            SteadyTime const now = clock.steady_now();
            if (now >= give_up) {
                return false;
            }
            auto const left = std::chrono::ceil<std::chrono::milliseconds>(give_up - now);
            if (attempt(std::min(left, options.renew_deadline / 2))) {
                break;
            }
            if (observed_record.holder != options.identity && !observed_record.holder.empty()) {
                return false;  // somebody else holds it: no use in waiting for the deadline
            }
            if (!clock.sleep_until(std::min(give_up, clock.steady_now() + options.retry_period),
                                   finished)) {
                return true;
            }
        }
    }
    return true;
}

/// Best effort: a lease that cannot be released runs out. Only after all guarded work has ended.
void LeaderElector::Impl::release() {
    std::stop_token const stop = calls->arm(clock.steady_now() + release_timeout);
    for (int attempt_number = 0; attempt_number < release_attempts; ++attempt_number) {
        auto const lease = client.get(types::leases, options.lease, stop);
        if (!lease) {
            return;
        }
        LeaseRecord record = lease_record_of(*lease);
        if (record.holder != options.identity) {
            return;
        }
        record.holder.clear();
        record.duration = 1s;
        record.renew_time = clock.wall_now();
        record.acquire_time = record.renew_time;
        auto const written = client.update(types::leases, with_record(*lease, record), "", stop);
        if (written || written.error().kind != ErrorKind::Conflict) {
            return;
        }
    }
}

LeaderElector::End LeaderElector::Impl::run(std::function<void(std::stop_token)> const& lead,
                                            std::stop_token const& stop) {
    if (!acquire(stop)) {
        return End::Stopped;
    }
    {
        std::lock_guard const lock(mutex);
        is_leader = true;
    }
    log_info("became the leader", {{"lease", options.lease.str()}, {"identity", options.identity}});
    std::stop_source finished;
    bool kept = false;
    {
        std::jthread worker([&](std::stop_token const& token) {
            lead(token);
            finished.request_stop();
        });
        std::stop_callback const forward(stop, [&] { worker.request_stop(); });
        // Renewed until the work has really ended, also while it winds down after a stop.
        kept = renew_until(finished.get_token());
        if (!kept) {
            std::lock_guard const lock(mutex);
            is_leader = false;
        }
        worker.request_stop();
        worker.join();
    }
    {
        std::lock_guard const lock(mutex);
        is_leader = false;
    }
    if (!kept) {
        log_error("lost the lease", {{"lease", options.lease.str()}});
        return End::Lost;
    }
    release();
    return End::Stopped;
}

LeaderElector::LeaderElector(Client& client, LeaderElectionOptions options, Clock& clock,
                             Random& random)
    : impl_(std::make_shared<Impl>(client, std::move(options), clock, random)) {}

LeaderElector::End LeaderElector::run(std::function<void(std::stop_token)> const& lead,
                                      std::stop_token const& stop) {
    impl_->calls.emplace(impl_->clock);
    End const end = impl_->run(lead, stop);
    impl_->calls.reset();
    return end;
}

bool LeaderElector::leading() const {
    std::lock_guard const lock(impl_->mutex);
    // Before each visible write: not past what a challenger may assume of us.
    return impl_->is_leader &&
           impl_->clock.steady_now() < impl_->observed_at + impl_->options.renew_deadline;
}

bool LeaderElector::overdue() const {
    std::lock_guard const lock(impl_->mutex);
    return impl_->is_leader &&
           impl_->clock.steady_now() > impl_->observed_at + impl_->options.lease_duration;
}

}  // namespace rt::kube
