// Load generator: one thread, keep-alive TLS connections, one request body over and over.
//
// Closed loop (default): every connection sends its next request when its answer has come; what the
// server can do at most. Open loop (--rate): requests come at Poisson times whether or not the
// server keeps up, and each latency counts from the intended time, so a stall is not hidden by
// waiting for it.
//
//     bench-load --port 8443 --payload review.json [--connections 16] [--seconds 3] [--rate 1000]
//                [--requests N]  closed loop of exactly so many, no warm-up: to count instructions
//                [--pid PID]     the server, whose CPU time during the measured part is printed
//
// Prints one line: requests=N bad=N seconds=S rps=R cpu_us=U p50_us=A p90_us=B p99_us=C
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using Micros = std::chrono::duration<double, std::micro>;

struct Settings {
    int port = 0;
    std::string payload;
    std::string path = "/validate?timeout=3s";
    std::size_t connections = 16;
    double seconds = 3;
    double warm_up_seconds = 0.5;
    double rate = 0;
    std::size_t requests = 0;
    int pid = 0;
};

struct Connection {
    int socket = -1;
    SSL* session = nullptr;
    bool busy = false;
    Clock::time_point intended{};
    std::array<char, 16384> buffer{};
    std::size_t held = 0;
};

[[noreturn]] void give_up(char const* what) {
    std::fprintf(stderr, "bench-load: %s\n", what);
    std::exit(1);
}

/// Microseconds that all threads of `pid` have spent on a CPU (nanoseconds in the kernel's books).
double cpu_micros(int pid) {
    double total = 0;
    std::error_code ignored;
    auto const tasks = "/proc/" + std::to_string(pid) + "/task";
    for (auto const& task : std::filesystem::directory_iterator(tasks, ignored)) {
        double nanoseconds = 0;
        std::ifstream(task.path() / "schedstat") >> nanoseconds;
        total += nanoseconds / 1000;
    }
    return total;
}

class Load {
  public:
    explicit Load(Settings const& settings);
    int run();

  private:
    void connect_all();
    void send(Connection& connection, Clock::time_point intended);
    bool receive(Connection& connection);
    void closed_loop(Clock::time_point end);
    void open_loop(Clock::time_point end);
    void reset() {
        latencies_.clear();
        bad_ = 0;
    }

    Settings settings_;
    std::string request_;
    std::vector<Connection> connections_;
    std::vector<double> latencies_;
    std::size_t bad_ = 0;
    int poller_ = epoll_create1(0);
    std::mt19937_64 random_{42};
};

Load::Load(Settings const& settings) : settings_(settings), connections_(settings.connections) {
    std::ifstream file(settings.payload, std::ios::binary);
    std::string const body{std::istreambuf_iterator<char>(file), {}};
    if (body.empty()) {
        give_up("the payload file is missing or empty");
    }
    // The head that the API server's client sends.
    request_ = "POST " + settings.path +
               " HTTP/1.1\r\nHost: registry-tenancy-webhook.registry-tenancy-system.svc:443\r\n"
               "User-Agent: kube-apiserver-admission\r\nContent-Length: " +
               std::to_string(body.size()) +
               "\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\n"
               "Accept-Encoding: gzip\r\n\r\n" +
               body;
    latencies_.reserve(4'000'000);
}

void Load::connect_all() {
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(settings_.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (Connection& connection : connections_) {
        connection.socket = socket(AF_INET, SOCK_STREAM, 0);
        int const on = 1;
        setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection.session = SSL_new(context);
        SSL_set_fd(connection.session, connection.socket);
        if (connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) !=
                0 ||
            SSL_connect(connection.session) != 1) {
            give_up("cannot connect");
        }
        SSL_set_read_ahead(connection.session, 1);
        connection.busy = false;
        connection.held = 0;
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.ptr = &connection;
        epoll_ctl(poller_, EPOLL_CTL_ADD, connection.socket, &interest);
    }
    SSL_CTX_free(context);
}

void Load::send(Connection& connection, Clock::time_point intended) {
    // Blocking: the server always reads a whole request before it answers.
    if (SSL_write(connection.session, request_.data(), static_cast<int>(request_.size())) <= 0) {
        give_up("the server closed a connection while a request was sent");
    }
    connection.busy = true;
    connection.intended = intended;
}

/// Reads what is there; true when the answer is complete.
bool Load::receive(Connection& connection) {
    int const count = SSL_read(connection.session, connection.buffer.data() + connection.held,
                               static_cast<int>(connection.buffer.size() - connection.held));
    if (count <= 0) {
        give_up("the server closed a connection before its answer");
    }
    connection.held += static_cast<std::size_t>(count);
    std::string_view const held(connection.buffer.data(), connection.held);
    auto const head = held.find("\r\n\r\n");
    if (head == std::string_view::npos) {
        return false;
    }
    auto const field = held.find("Content-Length: ");
    std::size_t const length = std::strtoul(held.data() + field + 16, nullptr, 10);
    if (held.size() < head + 4 + length) {
        return false;
    }
    latencies_.push_back(Micros(Clock::now() - connection.intended).count());
    bool const good =
        held.starts_with("HTTP/1.1 200") && held.find("\"allowed\":true") != std::string_view::npos;
    bad_ += good ? 0 : 1;
    bool const closing = held.substr(0, head).find("Connection: close") != std::string_view::npos;
    if (closing) {
        give_up("the server ends connections; raise its requests per connection for a benchmark");
    }
    connection.busy = false;
    connection.held = 0;
    return true;
}

void Load::closed_loop(Clock::time_point end) {
    std::size_t left = settings_.requests > 0 ? settings_.requests : SIZE_MAX;
    auto const send_next = [&](Connection& connection) {
        if (left > 0) {
            --left;
            send(connection, Clock::now());
        }
    };
    for (Connection& connection : connections_) {
        if (!connection.busy) {
            send_next(connection);
        }
    }
    std::size_t const answered = settings_.requests > 0 ? settings_.requests : SIZE_MAX;
    std::array<epoll_event, 64> events;
    while (Clock::now() < end && latencies_.size() < answered) {
        // Polls without sleeping: waking us would be charged to the server, and only to one that is
        // slower than we are.
        int const ready = epoll_wait(poller_, events.data(), static_cast<int>(events.size()), 0);
        for (int index = 0; index < ready; ++index) {
            auto& connection =
                *static_cast<Connection*>(events[static_cast<std::size_t>(index)].data.ptr);
            if (receive(connection)) {
                send_next(connection);
            }
        }
    }
}

void Load::open_loop(Clock::time_point end) {
    std::exponential_distribution<double> gap(settings_.rate);
    std::deque<Clock::time_point> due;
    auto next = Clock::now();
    std::array<epoll_event, 64> events;
    while (true) {
        auto const now = Clock::now();
        bool const over = now >= end;
        while (!over && next <= now) {
            due.push_back(next);
            next += std::chrono::duration_cast<Clock::duration>(Seconds(gap(random_)));
        }
        bool any_busy = false;
        for (Connection& connection : connections_) {
            if (!connection.busy && !due.empty()) {
                send(connection, due.front());
                due.pop_front();
            }
            any_busy = any_busy || connection.busy;
        }
        if (over && due.empty() && !any_busy) {
            return;
        }
        // Polls without sleeping: a wake-up costs more than the latencies measured here.
        int const ready = epoll_wait(poller_, events.data(), static_cast<int>(events.size()), 0);
        for (int index = 0; index < ready; ++index) {
            receive(*static_cast<Connection*>(events[static_cast<std::size_t>(index)].data.ptr));
        }
    }
}

int Load::run() {
    connect_all();
    auto const phase = [&](double seconds) {
        auto const end =
            Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
        settings_.rate > 0 ? open_loop(end) : closed_loop(end);
    };
    if (settings_.requests > 0) {
        settings_.seconds = 600;  // however slow a server that is being instrumented may be
    } else {
        phase(settings_.warm_up_seconds);
        reset();
    }
    double const cpu_before = settings_.pid > 0 ? cpu_micros(settings_.pid) : 0;
    auto const begin = Clock::now();
    phase(settings_.seconds);
    double const seconds = Seconds(Clock::now() - begin).count();
    double const cpu = settings_.pid > 0 ? cpu_micros(settings_.pid) - cpu_before : 0;
    std::ranges::sort(latencies_);
    auto const count = latencies_.size();
    if (count == 0) {
        give_up("no request was answered");
    }
    auto const quantile = [&](double q) {
        return latencies_[std::min(count - 1,
                                   static_cast<std::size_t>(q * static_cast<double>(count)))];
    };
    std::printf(
        "requests=%zu bad=%zu seconds=%.2f rps=%.0f cpu_us=%.2f p50_us=%.0f p90_us=%.0f "
        "p99_us=%.0f\n",
        count, bad_, seconds, static_cast<double>(count) / seconds,
        cpu / static_cast<double>(count), quantile(0.5), quantile(0.9), quantile(0.99));
    return bad_ == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    CLI::App app{"Load generator for the admission webhook"};
    app.add_option("--port", settings.port)->required();
    app.add_option("--payload", settings.payload)->required();
    app.add_option("--path", settings.path);
    app.add_option("--connections", settings.connections);
    app.add_option("--seconds", settings.seconds);
    app.add_option("--warm-up", settings.warm_up_seconds);
    app.add_option("--rate", settings.rate, "requests per second, open loop; 0: closed loop");
    app.add_option("--requests", settings.requests, "end after so many, closed loop only");
    app.add_option("--pid", settings.pid, "process whose CPU time is measured");
    CLI11_PARSE(app, argc, argv);
    std::signal(SIGPIPE, SIG_IGN);
    return Load(settings).run();
}
