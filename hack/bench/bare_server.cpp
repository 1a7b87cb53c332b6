// The yardstick: what TLS and HTTP over epoll and OpenSSL cost when nothing is parsed, judged,
// limited or timed. It reads each request whole and answers a constant. Not a server for anything
// else.
//
//     bench-bare-server CERTIFICATE KEY     prints its port, then serves until killed
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view reply_body =
    R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":)"
    R"({"uid":"705ab4f5-6393-11e8-b7cc-42010a800002","allowed":true}})";

struct Connection {
    int socket;
    SSL* session;
    std::vector<char> buffer = std::vector<char>(std::size_t{64} * 1024);
    std::size_t held = 0;
};

/// Bytes of the whole request at the front of `held`, or 0 while it is not known.
std::size_t request_bytes(std::string_view held) {
    auto const head = held.find("\r\n\r\n");
    if (head == std::string_view::npos) {
        return 0;
    }
    auto const field = held.substr(0, head).find("Content-Length: ");
    std::size_t const length =
        field == std::string_view::npos ? 0 : std::strtoul(held.data() + field + 16, nullptr, 10);
    return head + 4 + length;
}

/// False when the connection is over.
bool serve(Connection& connection, std::string_view reply) {
    while (true) {
        if (connection.held == connection.buffer.size()) {
            connection.buffer.resize(connection.buffer.size() * 2);
        }
        int const count = SSL_read(connection.session, connection.buffer.data() + connection.held,
                                   static_cast<int>(connection.buffer.size() - connection.held));
        if (count <= 0) {
            int const error = SSL_get_error(connection.session, count);
            return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
        }
        connection.held += static_cast<std::size_t>(count);
        std::size_t const whole = request_bytes({connection.buffer.data(), connection.held});
        if (whole == 0 || connection.held < whole) {
            continue;
        }
        connection.held = 0;
        if (SSL_write(connection.session, reply.data(), static_cast<int>(reply.size())) <= 0) {
            return false;
        }
        if (SSL_has_pending(connection.session) == 0) {
            return true;  // closed loop: the next request comes after this answer
        }
    }
}

int listen_on_loopback() {
    int const listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, 128) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::perror("listening");
        std::exit(1);
    }
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return listener;
}

SSL_CTX* make_context(char const* certificate, char const* key) {
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        std::fprintf(stderr, "cannot use %s and %s\n", certificate, key);
        std::exit(1);
    }
    return context;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: bench-bare-server CERTIFICATE KEY\n");
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX* const context = make_context(argv[1], argv[2]);
    int const listener = listen_on_loopback();
    int const poller = epoll_create1(0);
    epoll_event interest{};
    interest.events = EPOLLIN;
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);
    std::string const reply =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(reply_body.size()) + "\r\n\r\n" + std::string(reply_body);
    std::array<epoll_event, 64> events;
    while (true) {
        int const ready = epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
        for (int index = 0; index < ready; ++index) {
            auto* const connection =
                static_cast<Connection*>(events[static_cast<std::size_t>(index)].data.ptr);
            if (connection == nullptr) {
                int const accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
                if (accepted >= 0) {
                    int const on = 1;
                    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    auto* const made = new Connection{accepted, SSL_new(context)};
                    SSL_set_fd(made->session, accepted);
                    SSL_set_accept_state(made->session);
                    interest.data.ptr = made;
                    epoll_ctl(poller, EPOLL_CTL_ADD, accepted, &interest);
                }
            } else if (!serve(*connection, reply)) {
                SSL_free(connection->session);
                close(connection->socket);
                delete connection;
            }
        }
    }
}
