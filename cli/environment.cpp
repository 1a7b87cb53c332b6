#include "cli/environment.hpp"

#include <unistd.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/run_program.hpp"
#include "lib/base/environment.hpp"
#include "lib/base/text.hpp"
#include "lib/kube/client/exec_plugin.hpp"

namespace rt::cli {
namespace {

/// A Go duration of one unit ("30s", "5m", "1h"), or seconds without one; kubectl's format.
Result<std::chrono::milliseconds> parse_timeout(std::string const& text) {
    std::int64_t count = 0;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    std::string_view const unit(rest, text.data() + text.size());
    std::int64_t const factor = unit == "ms"                  ? 1
                                : unit == "s" || unit.empty() ? 1000
                                : unit == "m"                 ? 60'000
                                : unit == "h"                 ? 3'600'000
                                                              : 0;
    if (error != std::errc() || factor == 0 || count < 0 || count > 86'400'000) {
        return fail(invalid_argument("--request-timeout \"" + printable(text, 64) +
                                     "\" is no duration: write for example 30s, 5m or 1h"));
    }
    return std::chrono::milliseconds(count * factor);
}

Result<Connection> connect_for_real(ClusterFlags const& flags) {
    kube::KubeconfigOptions options;
    options.context = flags.context;
    options.cluster = flags.cluster;
    options.user = flags.user;
    if (!flags.kubeconfig.empty()) {
        options.paths = {flags.kubeconfig};
    }
    RT_TRY(kube::UserConfig user, kube::find_user(options));
    kube::ClientConfig& config = user.config;
    if (!flags.as.empty()) {
        config.impersonate_user = flags.as;
    }
    if (!flags.as_groups.empty()) {
        config.impersonate_groups = flags.as_groups;
    }
    if (config.impersonate_user.empty() && !config.impersonate_groups.empty()) {
        return fail(invalid_argument("--as-group needs a user: add --as USER"));
    }
    if (!flags.request_timeout.empty()) {
        RT_TRY(config.request_timeout, parse_timeout(flags.request_timeout));
    }
    if (!config.proxy) {  // as kubectl does
        RT_TRY(config.proxy, http::find_proxy());
    }
    Connection connection;
    connection.current_namespace = config.current_namespace;
    RT_TRY(connection.client, kube::make_user_client(std::move(user), system_clock()));
    return connection;
}

void use_real_network(http::CaBundles const& trusted,
                      std::function<void(registry::Network const&)> const& use) {
    http::CurlTransportOptions options;
    options.tls = http::trusting(trusted);
    // One that can't be read was told by connect_for_real.
    options.proxy = http::find_proxy().value_or(std::nullopt);
    auto const proxy_of = http::proxy_of(options.proxy);
    auto const transport = http::make_curl_transport(std::move(options));
    use(registry::real_network(*transport, trusted, proxy_of, {}));
}

/// Escapes what would move a terminal's cursor; our own line breaks stay.
std::string safe_lines(std::string_view text) {
    std::string out;
    for (std::string_view const line : split(text, '\n')) {
        out += (out.empty() ? "" : "\n") + printable(line, 4096);
    }
    return out;
}

}  // namespace

Result<std::vector<Json>> list_objects(kube::Client& client, kube::ResourceType const& type,
                                       kube::ListOptions options) {
    options.limit = 500;
    RT_TRY(auto page, kube::list_all(client, type, std::move(options), {}));
    for (Json& object : page.items) {
        object["apiVersion"] = type.api_version();
        object["kind"] = type.kind;
    }
    return std::move(page.items);
}

Environment real_environment(std::FILE* in, std::FILE* out, std::FILE* err) {
    bool const colour = isatty(fileno(out)) == 1 && environment_variable("NO_COLOR").empty() &&
                        environment_variable("TERM") != "dumb";
    return {in, out, err, system_clock(), colour, connect_for_real, run_program, use_real_network};
}

bool print(std::FILE* stream, std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stream) == text.size() &&
           std::fflush(stream) == 0;
}

int report_error(Environment& env, std::string_view message, int code) {
    // Nothing more can be done about a terminal that went away.
    static_cast<void>(print(env.err, "error: " + safe_lines(message) + '\n'));
    return code;
}

void report_warning(Environment& env, std::string_view message) {
    static_cast<void>(print(env.err, "warning: " + safe_lines(message) + '\n'));
}

}  // namespace rt::cli
