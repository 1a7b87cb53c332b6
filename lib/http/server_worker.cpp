#include "lib/http/server_worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <thread>
#include <vector>

#include "lib/base/log.hpp"
#include "lib/base/published.hpp"
#include "lib/base/time.hpp"
#include "lib/http/server_session.hpp"

namespace rt::http {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// Deadlines are checked by one coarse timer per worker: a timer per read costs as much CPU as TLS.
milliseconds tick_of(ServerLimits const& limits) {
    auto const shortest = std::min({limits.handshake_timeout, limits.header_timeout,
                                    limits.body_timeout, limits.idle_timeout});
    return std::clamp(shortest / 4, milliseconds(5), milliseconds(100));
}

class IoWorker final : public Worker {
  public:
    explicit IoWorker(ServerShared& shared)
        : context_(shared, io_),
          guard_(io_.get_executor()),
          ticker_(io_),
          tick_(tick_of(shared.options.limits)),
          thread_([this] { run(); }) {}

    ~IoWorker() override {
        close_all();
        asio::post(io_, [this] { guard_.reset(); });
        thread_.join();
    }

    void adopt(int socket, bool ipv6, PeerKey const& peer) override {
        asio::post(io_, [this, socket, ipv6, peer] { start(socket, ipv6, peer); });
    }

    void set_context(TlsContext context) override {
        tls_.store(std::make_shared<TlsContext const>(std::move(context)));
    }

    void drain() override {
        asio::post(io_, [this] {
            bool const stopping = context_.shared.stopping.load(std::memory_order_relaxed);
            for_each([stopping](Connection& connection) {
                if (connection.phase() == Phase::Idle && (connection.served() || stopping)) {
                    connection.expire();
                }
            });
        });
    }

    void close_all() override {
        asio::post(io_, [this] {
            closed_ = true;
            for_each([](Connection& connection) { connection.kill(); });
            ticker_.cancel();
            context_.shared.metrics.flush(context_.tally);
        });
    }

  private:
    void run() {
        // OpenSSL writes to sockets without MSG_NOSIGNAL; a peer that has gone must cost an error
        // code here, whatever the program's disposition is.
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        while (true) {
            try {
                io_.run();
                return;
            } catch (std::exception const& exception) {
                // Nothing of ours lets one out; if a library does, the other connections go on.
                log_error("I/O thread caught an exception", {{"error", exception.what()}});
            }
        }
    }

    void start(int socket, bool ipv6, PeerKey const& peer) {
        ServerShared& shared = context_.shared;
        TlsContext context;
        bool accepted = !closed_;
        if (accepted && shared.tls) {
            auto const current = tls_.load();
            if (current == nullptr) {
                shared.metrics.rejected(Rejection::NoCertificate);
                accepted = false;
            } else if (!shared.ledger.begin_handshake()) {
                shared.metrics.rejected(Rejection::Handshakes);
                accepted = false;
            } else {
                context = *current;
            }
        }
        if (!accepted) {
            ::close(socket);
            shared.ledger.disconnect(peer);
            return;
        }
        if (!ticking_) {
            tick();
        }
        start_session(context_, socket, ipv6, peer, context);
    }

    /// Runs while there are connections: an idle server sleeps.
    void tick() {
        context_.now = system_clock().steady_now();
        WallTime const wall = std::chrono::floor<std::chrono::seconds>(system_clock().wall_now());
        if (wall != dated_) {
            dated_ = wall;
            context_.date = format_http_date(wall);
        }
        for_each([this](Connection& connection) { connection.expire_if_due(context_.now); });
        context_.shared.metrics.flush(context_.tally);
        ticking_ = !closed_ && !(ticking_ && context_.connections.empty());
        if (ticking_) {
            ticker_.expires_after(tick_);
            ticker_.async_wait([this](boost::system::error_code error) {
                if (!error) {
                    tick();
                }
            });
        }
    }

    /// Interrupting a connection may end it, which takes it out of the set: so a copy is walked.
    template <class Function>
    void for_each(Function function) {
        std::vector<Connection*> const all(context_.connections.begin(),
                                           context_.connections.end());
        for (Connection* const connection : all) {
            if (context_.connections.contains(connection)) {
                function(*connection);
            }
        }
    }

    asio::io_context io_{1};  ///< one thread runs it
    WorkerContext context_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    asio::steady_timer ticker_;
    milliseconds const tick_;
    WallTime dated_{};
    bool ticking_ = false;
    bool closed_ = false;
    Published<TlsContext> tls_;
    std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace

std::unique_ptr<Worker> make_worker(ServerShared& shared) {
    return std::make_unique<IoWorker>(shared);
}

}  // namespace rt::http
