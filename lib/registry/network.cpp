#include "lib/registry/network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "lib/http/curl_error.hpp"

namespace rt::registry {
namespace {

constexpr std::chrono::milliseconds connect_timeout{5000};

struct AddressesFree {
    void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesFree>;

class Socket {
  public:
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    ~Socket() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    Socket(Socket const&) = delete;
    Socket& operator=(Socket const&) = delete;
    [[nodiscard]] int get() const { return descriptor_; }

  private:
    int descriptor_;
};

Result<Addresses> look_up(std::string const& name, std::string const& port, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    int const code = getaddrinfo(name.c_str(), port.c_str(), &hints, &found);
    if (code != 0) {
        return fail({ErrorKind::Unavailable, name + ": " + gai_strerror(code),
                     std::string(http::dns_failed)});
    }
    return Addresses(found);
}

std::string text_of(addrinfo const& one) {
    std::array<char, NI_MAXHOST> text{};
    int const code = getnameinfo(one.ai_addr, one.ai_addrlen, text.data(), text.size(), nullptr, 0,
                                 NI_NUMERICHOST);
    return code == 0 ? std::string(text.data()) : std::string("?");
}

Result<std::vector<std::string>> resolve(std::string const& name) {
    RT_TRY(Addresses const list, look_up(name, "443", 0));
    std::vector<std::string> addresses;
    for (addrinfo const* one = list.get(); one != nullptr; one = one->ai_next) {
        addresses.push_back(text_of(*one));
    }
    return addresses;
}

Error not_connected(std::string const& where, int code) {
    return {code == ETIMEDOUT ? ErrorKind::DeadlineExceeded : ErrorKind::Unavailable,
            where + ": " + std::generic_category().message(code)};
}

Result<void> connect_to(std::string const& address, std::string const& port) {
    std::string const where = address + " port " + port;
    RT_TRY(Addresses const list, look_up(address, port, AI_NUMERICHOST | AI_NUMERICSERV));
    Socket const socket(::socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) {
        return fail(not_connected(where, errno));
    }
    if (::connect(socket.get(), list->ai_addr, list->ai_addrlen) == 0) {
        return {};
    }
    if (errno != EINPROGRESS) {
        return fail(not_connected(where, errno));
    }
    pollfd wait{socket.get(), POLLOUT, 0};
    int ready = 0;
    do {
        ready = ::poll(&wait, 1, static_cast<int>(connect_timeout.count()));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) {
        return fail(not_connected(where, ready == 0 ? ETIMEDOUT : errno));
    }
    int code = 0;
    socklen_t size = sizeof(code);
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0) {
        return fail(not_connected(where, code == 0 ? errno : code));
    }
    return {};
}

}  // namespace

Network real_network(http::Transport& transport, http::CaBundles trusted, http::ProxyOf proxy_of,
                     std::stop_token stop) {
    auto const handshake = [trusted = std::move(trusted),
                            stop = std::move(stop)](std::string const& authority) {
        return http::verify_server("https://" + authority + "/", http::trusting(trusted),
                                   connect_timeout, stop);
    };
    return {resolve, connect_to, handshake, transport, system_clock(), std::move(proxy_of)};
}

bool is_private_address(std::string const& address) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
        return bytes[0] == 10 || bytes[0] == 127 || (bytes[0] == 172 && (bytes[1] & 0xF0U) == 16) ||
               (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254) ||
               (bytes[0] == 100 && (bytes[1] & 0xC0U) == 64);
    }
    if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
        return (bytes[0] & 0xFEU) == 0xFC || (bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80) ||
               address == "::1";
    }
    return false;
}

}  // namespace rt::registry
