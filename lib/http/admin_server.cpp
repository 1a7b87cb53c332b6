#include <utility>

#include "lib/http/message.hpp"
#include "lib/http/server.hpp"

namespace rt::http {
namespace {

ServerResponse text(int status, std::string body) {
    ServerResponse response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(body);
    return response;
}

ServerResponse verdict(std::string reason) {
    return reason.empty() ? text(200, "ok\n") : text(503, std::move(reason) + "\n");
}

ServerResponse answer(AdminProbes const& probes, Metrics const& metrics,
                      ServerRequest const& request) {
    if (request.method != "GET" && request.method != "HEAD") {
        return text(405, "only GET\n");
    }
    std::string const path = split_url(request.target).path;
    if (path == "/livez") {
        return verdict(probes.not_live());
    }
    if (path == "/readyz") {
        return verdict(probes.not_ready());
    }
    if (path == "/metrics") {
        ServerResponse response = text(200, metrics.text());
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        return response;
    }
    return text(404, "only /livez, /readyz and /metrics\n");
}

}  // namespace

Result<std::unique_ptr<Server>> start_admin_server(std::uint16_t port, AdminProbes probes,
                                                   Metrics& metrics) {
    ServerOptions options;
    options.port = port;
    // Probes and scrapes come from a handful of peers and carry no body.
    options.limits.body_bytes_max = 1024;
    options.limits.connections_max = 128;
    options.limits.connections_per_peer_max = 64;
    Handler handler = [probes = std::move(probes),
                       &metrics](ServerRequest const& request) -> Answer {
        return answer(probes, metrics, request);
    };
    return start_plain_server(std::move(options), std::move(handler), metrics);
}

}  // namespace rt::http
