#include "lib/http/server.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "lib/base/log.hpp"
#include "lib/base/text.hpp"
#include "lib/http/server_worker.hpp"

namespace rt::http {
namespace {

/// Connections the kernel keeps for us while the accepting thread is busy elsewhere.
constexpr int backlog = 512;
/// Without file descriptors accepting fails at once, again and again; so pause.
constexpr int accept_pause_ms = 50;

/// A file descriptor with an owner.
class Descriptor {
  public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    [[nodiscard]] int get() const { return number_; }

  private:
    int number_;
};

PeerKey key_of(sockaddr_storage const& address) {
    PeerKey key{};
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, &address, sizeof ipv6);
        bool const mapped = IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr) != 0;
        std::memcpy(key.data(), &ipv6.sin6_addr, mapped ? 16 : 8);
    } else {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address, sizeof ipv4);
        key[10] = key[11] = 0xff;
        std::memcpy(key.data() + 12, &ipv4.sin_addr, 4);
    }
    return key;
}

Error listen_error(ServerOptions const& options, std::string const& what) {
    return Error{ErrorKind::Unavailable, "listening on " + printable(options.address, 64) + ":" +
                                             std::to_string(options.port) + ": " + what};
}

Result<Descriptor> listen_on(ServerOptions const& options, bool& ipv6) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    int const looked_up =
        getaddrinfo(options.address.c_str(), std::to_string(options.port).c_str(), &hints, &found);
    if (looked_up != 0) {
        return fail(invalid_argument("listen address " + printable(options.address, 64) +
                                     " is no IP address; give one like 0.0.0.0 or ::"));
    }
    std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> const address(found, &freeaddrinfo);
    ipv6 = address->ai_family == AF_INET6;
    Descriptor listener(
        ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int const on = 1;
    int const off = 0;
    setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ipv6) {
        setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (::bind(listener.get(), address->ai_addr, address->ai_addrlen) != 0 ||
        ::listen(listener.get(), backlog) != 0) {
        return fail(listen_error(options, std::generic_category().message(errno)));
    }
    return listener;
}

std::uint16_t port_of(int listener) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    // The port lies at the same place for both families.
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &address, sizeof ipv4);
    return ntohs(ipv4.sin_port);
}

class ListeningServer final : public Server {
  public:
    ListeningServer(ServerOptions options, Handler handler, Metrics& metrics, bool tls,
                    Descriptor listener, bool ipv6)
        : shared_(std::move(options), std::move(handler), metrics, tls),
          listener_(std::move(listener)),
          wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          ipv6_(ipv6),
          port_(port_of(listener_.get())) {
        for (unsigned index = 0; index < std::max(1U, shared_.options.threads); ++index) {
            workers_.push_back(make_worker(shared_));
        }
        acceptor_ = std::jthread([this](std::stop_token const& stop) { accept_until(stop); });
    }

    ~ListeningServer() override { stop(std::chrono::milliseconds(0)); }

    std::uint16_t port() const override { return port_; }

    Result<void> set_certificate(ServingCertificate const& certificate) override {
        if (!shared_.tls) {
            return fail(invalid_argument("a plain server has no certificate"));
        }
        // A certificate may come just as the server stops.
        std::lock_guard const lock(stop_mutex_);
        // A context per worker: OpenSSL 3 takes locks inside one, which would couple the threads.
        std::vector<TlsContext> contexts;
        for (std::size_t index = 0; index < workers_.size(); ++index) {
            RT_TRY(TlsContext context, make_server_context(certificate));
            contexts.push_back(std::move(context));
        }
        for (std::size_t index = 0; index < contexts.size(); ++index) {
            workers_[index]->set_context(std::move(contexts[index]));
        }
        return {};
    }

    void drain() override {
        shared_.draining.store(true);
        for (auto const& worker : workers_) {
            worker->drain();
        }
    }

    void stop(std::chrono::milliseconds grace) override {
        std::lock_guard const lock(stop_mutex_);
        if (workers_.empty()) {
            return;
        }
        acceptor_.request_stop();
        std::uint64_t const one = 1;
        static_cast<void>(!::write(wake_.get(), &one, sizeof one));
        acceptor_.join();
        listener_ = Descriptor();
        shared_.stopping.store(true);
        drain();
        static_cast<void>(shared_.ledger.wait_until_no_connections(grace));
        for (auto const& worker : workers_) {
            worker->close_all();
        }
        workers_.clear();
    }

  private:
    void accept_until(std::stop_token const& stop) {
        int pause_ms = -1;
        while (!stop.stop_requested()) {
            // While pausing only the wake-up is watched: the listener would be ready all the time.
            std::array<pollfd, 2> watched{pollfd{wake_.get(), POLLIN, 0},
                                          pollfd{listener_.get(), POLLIN, 0}};
            ::poll(watched.data(), pause_ms < 0 ? 2 : 1, pause_ms);
            pause_ms = -1;
            while (!stop.stop_requested()) {
                sockaddr_storage address{};
                socklen_t size = sizeof address;
                int const socket = ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                                             &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (socket >= 0) {
                    deal(socket, key_of(address));
                    continue;
                }
                bool const exhausted =
                    errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
                if (exhausted) {
                    log_warn("accepting pauses",
                             {{"error", std::generic_category().message(errno)}});
                    pause_ms = accept_pause_ms;
                }
                if (exhausted || errno == EAGAIN || errno == EWOULDBLOCK) {
                    break;
                }
            }
        }
    }

    /// Round-robin: an API server keeps few connections, and the kernel's hashing deals few
    /// unevenly.
    void deal(int socket, PeerKey const& peer) {
        auto const verdict = shared_.ledger.connect(peer);
        if (verdict != ServerLedger::Verdict::Admitted) {
            shared_.metrics.rejected(verdict == ServerLedger::Verdict::TooMany
                                         ? Rejection::Connections
                                         : Rejection::ConnectionsPerPeer);
            ::close(socket);
            return;
        }
        int const on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        workers_[next_worker_++ % workers_.size()]->adopt(socket, ipv6_, peer);
    }

    ServerShared shared_;
    Descriptor listener_;
    Descriptor wake_;
    bool const ipv6_;
    std::uint16_t const port_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::size_t next_worker_ = 0;
    std::mutex stop_mutex_;
    std::jthread acceptor_;
};

Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler, Metrics& metrics,
                                      bool tls) {
    bool ipv6 = false;
    RT_TRY(Descriptor listener, listen_on(options, ipv6));
    return std::make_unique<ListeningServer>(std::move(options), std::move(handler), metrics, tls,
                                             std::move(listener), ipv6);
}

}  // namespace

Result<std::unique_ptr<Server>> start_tls_server(ServerOptions options, Handler handler,
                                                 Metrics& metrics) {
    return start(std::move(options), std::move(handler), metrics, true);
}

Result<std::unique_ptr<Server>> start_plain_server(ServerOptions options, Handler handler,
                                                   Metrics& metrics) {
    return start(std::move(options), std::move(handler), metrics, false);
}

}  // namespace rt::http
