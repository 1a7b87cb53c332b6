#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/http/no_proxy.hpp"
#include "lib/http/transport.hpp"
#include "lib/registry/chain.hpp"

namespace rt::op {

/// Passes requests on and remembers each as a step of minting a credential: which host was asked,
/// how long it took and how it answered. Never what was sent or received. For one thread.
class RecordingTransport final : public http::Transport {
  public:
    /// `proxy_of`: what `inner` goes through, to be told.
    RecordingTransport(http::Transport& inner, Clock& clock, http::ProxyOf proxy_of = {})
        : inner_(inner), clock_(clock), proxy_of_(std::move(proxy_of)) {}

    Result<http::Response> send(http::Request const& request, std::stop_token stop) override;
    Result<http::Response> stream(http::Request const& request, OnChunk const& on_chunk,
                                  std::chrono::milliseconds idle_timeout,
                                  std::stop_token stop) override;

    [[nodiscard]] std::vector<registry::Step> const& steps() const { return steps_; }
    /// The proxy of the last request, HOST:PORT; empty: none.
    [[nodiscard]] std::string const& last_proxy() const { return last_proxy_; }

  private:
    http::Transport& inner_;
    Clock& clock_;
    http::ProxyOf proxy_of_;
    std::vector<registry::Step> steps_;
    std::string last_proxy_;
};

/// "identity", "assume role" or "registry token": what a request to a cloud is about, as its host
/// and action say.
[[nodiscard]] std::string mint_step_of(http::Request const& request);

}  // namespace rt::op
