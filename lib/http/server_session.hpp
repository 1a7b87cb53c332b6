#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "lib/base/clock.hpp"
#include "lib/http/server_worker.hpp"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): the library's name
}  // namespace boost::asio

// Internal to lib/http: what a worker and its connections know of each other. Everything here
// belongs to the worker's thread.
namespace rt::http {

enum class Phase { Handshake, Idle, Head, Body, Asking, Sending, Closing };

/// What a worker knows about its connections: a deadline to watch and two ways to interrupt.
class Connection {
  public:
    virtual ~Connection() = default;
    /// Makes a pending read or write return; the coroutine then finds expired() set.
    virtual void cancel() = 0;
    /// Closes the socket under the coroutine, which then ends.
    virtual void kill() = 0;

    [[nodiscard]] Phase phase() const { return phase_; }
    /// It has had a request.
    [[nodiscard]] bool served() const { return served_; }
    void expire_if_due(SteadyTime now) {
        if (now >= deadline_ && !expired_) {
            expire();
        }
    }
    void expire() {
        expired_ = true;
        cancel();
    }

  protected:
    void enter(Phase phase, SteadyTime deadline) {
        phase_ = phase;
        deadline_ = deadline;
        expired_ = false;
    }
    [[nodiscard]] bool expired() const { return expired_; }
    void mark_served() { served_ = true; }

  private:
    Phase phase_ = Phase::Idle;
    SteadyTime deadline_ = SteadyTime::max();
    bool expired_ = false;
    bool served_ = false;
};

/// What connections need of their worker.
struct WorkerContext {
    WorkerContext(ServerShared& all, boost::asio::io_context& loop) : shared(all), io(loop) {}

    ServerShared& shared;
    boost::asio::io_context& io;
    std::unordered_set<Connection*> connections{};
    RequestTally tally{};
    SteadyTime now{};    ///< as of the last tick: deadlines need no better
    std::string date{};  ///< for the Date field
    std::uint64_t connections_made = 0;
};

/// Takes over `socket`, which is in the ledger (and counted as a handshake where `context` is
/// given), and serves it until it closes.
void start_session(WorkerContext& worker, int socket, bool ipv6, PeerKey const& peer,
                   TlsContext const& context);

}  // namespace rt::http
