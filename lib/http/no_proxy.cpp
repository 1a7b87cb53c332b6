#include "lib/http/no_proxy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "lib/base/text.hpp"
#include "lib/http/authority.hpp"

namespace rt::http {
namespace {

struct Address {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    unsigned bits = 0;  ///< 32 or 128; 0: no address
};

Address read_address(std::string_view text) {
    if (text.starts_with('[') && text.ends_with(']')) {
        text = text.substr(1, text.size() - 2);
    }
    std::string const terminated(text);
    Address address;
    if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
        address.bits = 32;
    } else if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
        address.bits = 128;
    }
    return address;
}

/// "10.0.0.0/8", "fd00::/8" or one address.
bool holds(std::string_view network, Address const& address) {
    auto const slash = network.find('/');
    Address const base = read_address(network.substr(0, slash));
    unsigned bits = base.bits;
    if (slash != std::string_view::npos) {
        std::string_view const written = network.substr(slash + 1);
        auto const [end, error] =
            std::from_chars(written.data(), written.data() + written.size(), bits);
        if (error != std::errc() || end != written.data() + written.size()) {
            return false;
        }
    }
    if (base.bits == 0 || base.bits != address.bits || bits > base.bits) {
        return false;
    }
    std::size_t const whole = bits / 8;
    unsigned const rest = bits % 8;
    return std::equal(base.bytes.begin(), base.bytes.begin() + whole, address.bytes.begin()) &&
           (rest == 0 || (base.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0);
}

/// A name stands for itself and all below it, with or without a dot before it.
bool covers(std::string_view entry, std::string_view name) {
    if (entry.starts_with('.')) {
        entry.remove_prefix(1);
    }
    if (entry.ends_with('.')) {
        entry.remove_suffix(1);
    }
    return !entry.empty() && name.ends_with(entry) &&
           (name.size() == entry.size() || name[name.size() - entry.size() - 1] == '.');
}

}  // namespace

bool passes_by_proxy(std::string_view exceptions, std::string_view host) {
    std::string const list = to_lower_ascii(exceptions);
    std::string name = to_lower_ascii(host);
    if (name.ends_with('.')) {
        name.pop_back();
    }
    Address const address = read_address(name);
    constexpr std::string_view separators = ", \t";
    for (std::size_t at = 0; (at = list.find_first_not_of(separators, at)) != std::string::npos;) {
        std::size_t const end = std::min(list.find_first_of(separators, at), list.size());
        std::string_view const entry = std::string_view(list).substr(at, end - at);
        if (entry == "*" || (address.bits != 0 ? holds(entry, address) : covers(entry, name))) {
            return true;
        }
        at = end;
    }
    return false;
}

ProxyOf proxy_of(std::optional<Proxy> const& proxy) {
    if (!proxy) {
        return [](std::string const&) { return std::string(); };
    }
    return
        [authority = proxy->authority, exceptions = proxy->exceptions](std::string const& asked) {
            return passes_by_proxy(exceptions, host_and_port(asked, "443").first) ? std::string()
                                                                                  : authority;
        };
}

}  // namespace rt::http
