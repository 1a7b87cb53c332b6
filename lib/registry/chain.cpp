#include "lib/registry/chain.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/http/authority.hpp"
#include "lib/http/curl_error.hpp"
#include "lib/registry/causes.hpp"
#include "lib/registry/door.hpp"

namespace rt::registry {
namespace {

using std::chrono::milliseconds;

/// Runs the steps one after the other.
class Walker {
  public:
    Walker(ChainTarget const& target, Network const& network,
           std::function<void(Step const&)> const& tell, std::stop_token stop)
        : target_(target),
          network_(network),
          tell_(tell),
          stop_(std::move(stop)),
          proxy_(network.proxy_of ? network.proxy_of(target.host) : std::string()) {}

    bool walk() {
        return (proxy_.empty() ? reach() : reach_proxy()) && enter() &&
               (!target_.image || (ask_token() && ask_manifest_of_image()));
    }

  private:
    void begin() { began_ = network_.clock.steady_now(); }
    milliseconds took() const {
        return std::chrono::duration_cast<milliseconds>(network_.clock.steady_now() - began_);
    }
    bool good(std::string name, std::string saw, std::string odd = {}) {
        tell_({std::move(name), true, took(), printable(saw, 512), std::move(odd)});
        return true;
    }
    bool bad(std::string name, std::string saw, std::string cause) {
        tell_({std::move(name), false, took(), printable(saw, 512), std::move(cause)});
        return false;
    }

    bool reach() {
        auto const [host, port] = http::host_and_port(target_.host, "443");
        begin();
        auto const addresses = network_.resolve(host);
        if (!addresses) {
            return bad("DNS", addresses.error().message, dns_cause(host));
        }
        std::string const odd = odd_addresses(host, *addresses);
        good("DNS", join(*addresses, ", "), odd);
        begin();
        auto const connected = connect(*addresses, port);
        if (!connected) {
            return bad("TCP", connected.error().message,
                       odd.empty() ? tcp_cause(host, connected.error()) : odd);
        }
        good("TCP", *connected);
        begin();
        if (auto const shaken = network_.handshake(target_.host); !shaken) {
            return bad("TLS", shaken.error().message, tls_cause(shaken.error()));
        }
        return good("TLS", "the certificate is " + host + "'s");
    }

    /// The first of the addresses that answers, with its port.
    [[nodiscard]] Result<std::string> connect(std::vector<std::string> const& addresses,
                                              std::string const& port) const {
        Error last;
        for (std::string const& address : addresses) {
            auto const opened = network_.connect(address, port);
            if (opened) {
                return address + " port " + port;
            }
            last = opened.error();
        }
        return fail(std::move(last));
    }

    /// A proxy looks the registry up and connects to it: what can be seen from here is the way to
    /// the proxy, and who answers behind it.
    bool reach_proxy() {
        auto const [host, port] = http::host_and_port(proxy_, "80");
        begin();
        auto const addresses = network_.resolve(host);
        if (!addresses) {
            return bad("proxy", addresses.error().message, proxy_cause());
        }
        auto const connected = connect(*addresses, port);
        if (!connected) {
            return bad("proxy", connected.error().message, proxy_cause());
        }
        return good("proxy", *connected + ": all that follows goes through " + proxy_ +
                                 ", as HTTPS_PROXY says here; nodes pull as their container "
                                 "runtime is told");
    }

    bool enter() {
        begin();
        http::Request request;
        request.url = "https://" + target_.host + "/v2/";
        request.timeout = request_timeout;
        auto const response = network_.transport.send(request, stop_);
        if (!response && !proxy_.empty()) {
            bool const untrusted = response.error().code == http::tls_untrusted;
            return bad(untrusted ? "TLS" : "/v2/", response.error().message,
                       untrusted ? tls_cause(response.error()) : behind_proxy_cause());
        }
        if (!response) {
            return bad("/v2/", response.error().message, ping_cause(503));
        }
        std::string odd;
        if (auto const date = parse_http_date(response->headers.get("Date"))) {
            skew_ =
                std::chrono::duration_cast<std::chrono::seconds>(*date - network_.clock.wall_now());
            if (std::chrono::abs(skew_) > std::chrono::minutes(2)) {
                odd = "the server's clock is off from ours by " + std::to_string(skew_.count()) +
                      " s: check NTP";
            }
        }
        if (response->status != 200 && response->status != 401) {
            return bad("/v2/", "HTTP " + std::to_string(response->status),
                       ping_cause(response->status));
        }
        good("/v2/", "HTTP " + std::to_string(response->status), odd);
        begin();
        auto door = read_door(*target_.spec.registry, target_.host, *response);
        if (!door) {
            return bad("challenge", door.error().message, token_cause(door.error(), skew_));
        }
        door_ = *std::move(door);
        switch (door_.kind) {
            case Door::Kind::Open:
                return good("challenge", "none: anybody may come in");
            case Door::Kind::Basic:
                return good("challenge", "user and password");
            case Door::Kind::Bearer:
                break;
        }
        return good("challenge", "a token from " + door_.realm);
    }

    bool ask_token() {
        begin();
        auto const granted = may_pull(network_.transport, target_.host, door_,
                                      {&target_.image->question, 1}, target_.login, stop_);
        if (!granted) {
            return bad("token", granted.error().message, token_cause(granted.error(), skew_));
        }
        good("token",
             target_.login == nullptr
                 ? "asked as anybody"
                 : "the credential of " + printable(target_.login->username, 64) + " is accepted");
        begin();
        std::string const scope = "repository:" + target_.image->question.repository + ":pull";
        bool const is_granted = granted->contains(target_.image->question.repository);
        if (target_.login == nullptr) {
            return good("scope",
                        scope + (is_granted ? " is granted to anybody"
                                            : " is not granted "
                                              "to anybody, as "
                                              "it should be"),
                        is_granted ? "anyone may pull this without a credential" : "") &&
                   is_granted;
        }
        if (!is_granted) {
            return bad("scope", scope + " is not granted",
                       words_for({Reason::RoleTooNarrow, {target_.image->entry}, {}}, target_.spec,
                                 target_.host)
                           .for_admins);
        }
        return good("scope", scope + " is granted");
    }

    bool ask_manifest_of_image() {
        begin();
        Question const& question = target_.image->question;
        auto const answer =
            ask_manifest(network_.transport, target_.host, door_, question, target_.login, stop_);
        std::string const name = question.repository + " " + question.reference;
        if (!answer) {
            return bad("manifest", answer.error().message, ping_cause(503));
        }
        if (answer->status != 200) {
            return bad("manifest", name + ": HTTP " + std::to_string(answer->status),
                       manifest_cause(answer->status));
        }
        return good("manifest", name + (answer->digest.empty() ? "" : ": " + answer->digest));
    }

    ChainTarget const& target_;
    Network const& network_;
    std::function<void(Step const&)> const& tell_;
    std::stop_token stop_;
    std::string const proxy_;  ///< HOST:PORT; empty: none
    SteadyTime began_{};
    std::chrono::seconds skew_{};
    Door door_{};
};

}  // namespace

bool walk(ChainTarget const& target, Network const& network,
          std::function<void(Step const&)> const& tell, std::stop_token const& stop) {
    return Walker(target, network, tell, stop).walk();
}

Json to_json(Step const& step) {
    Json object = {
        {"step", step.name}, {"ok", step.ok}, {"ms", step.took.count()}, {"saw", step.saw}};
    if (!step.cause.empty()) {
        object["cause"] = step.cause;
    }
    return object;
}

std::optional<Step> read_step(Json const& object) {
    Step step;
    step.name = string_at(object, "step");
    step.saw = string_at(object, "saw");
    step.cause = string_at(object, "cause");
    Json const* const ok = find(object, "ok");
    Json const* const ms = find(object, "ms");
    if (step.name.empty() || ok == nullptr || !ok->is_boolean() || ms == nullptr ||
        !ms->is_number_integer()) {
        return std::nullopt;
    }
    step.ok = ok->get<bool>();
    step.took = milliseconds(ms->get<std::int64_t>());
    return step;
}

std::string rendered(Step const& step) {
    std::string name = printable(step.name, 20);
    name.resize(std::max<std::size_t>(name.size(), 15), ' ');
    std::string time = std::to_string(step.took.count()) + " ms";
    time.insert(0, time.size() < 8 ? 8 - time.size() : 0, ' ');
    std::string line = (step.ok ? "  ok      " : "  FAILED  ") + name + time + "  " +
                       printable(step.saw, 1024) + '\n';
    if (!step.cause.empty()) {
        line += std::string("          ") + (step.ok ? "look: " : "likely: ") +
                printable(step.cause, 1024) + '\n';
    }
    return line;
}

}  // namespace rt::registry
