#include "lib/http/proxy.hpp"

#include "lib/base/environment.hpp"
#include "lib/base/text.hpp"
#include "lib/http/authority.hpp"
#include "lib/http/message.hpp"

namespace rt::http {
namespace {

using Variable = std::function<std::string(char const* name)>;

/// The name that is set, and its value.
std::pair<std::string, std::string> first_of(Variable const& variable, char const* lower,
                                             char const* upper) {
    std::string value = variable(lower);
    return value.empty() ? std::pair{std::string(upper), variable(upper)}
                         : std::pair{std::string(lower), std::move(value)};
}

}  // namespace

Result<Proxy> parse_proxy(std::string const& name, std::string const& text) {
    std::string const url = text.find("://") == std::string::npos ? "http://" + text : text;
    Url const parts = split_url(url);
    // What stands before the last @ may be a password.
    auto const at = parts.authority.rfind('@');
    std::string const login = at == std::string::npos ? "" : parts.authority.substr(0, at + 1);
    // libcurl would take port 1080 where none is written; everybody else takes 80.
    auto const [host, port] = host_and_port(parts.authority.substr(login.size()), "80");
    if (parts.scheme != "http" || host.empty() || parts.path != "/" || !parts.query.empty()) {
        return fail(invalid_argument(name +
                                     " is no proxy that can be used: write http://HOST:PORT or "
                                     "http://USER:PASSWORD@HOST:PORT"));
    }
    std::string const authority = host + ":" + port;
    return Proxy{SecretString("http://" + login + authority), printable(authority, 260)};
}

Result<std::optional<Proxy>> find_proxy(Variable const& variable) {
    auto const [name, value] = first_of(variable, "https_proxy", "HTTPS_PROXY");
    if (value.empty()) {
        return std::nullopt;
    }
    RT_TRY(Proxy proxy, parse_proxy("the environment's " + name, value));
    proxy.exceptions = first_of(variable, "no_proxy", "NO_PROXY").second;
    return proxy;
}

Result<std::optional<Proxy>> find_proxy() {
    return find_proxy(environment_variable);
}

}  // namespace rt::http
