#pragma once

#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/http/transport.hpp"
#include "lib/registry/chain.hpp"

namespace rt::op {

/// Passes requests on and remembers each as a step of minting a credential: which host was asked,
/// how long it took and how it answered. Never what was sent or received. For one thread.
class RecordingTransport final : public http::Transport {
  public:
    RecordingTransport(http::Transport& inner, Clock& clock) : inner_(inner), clock_(clock) {}

    Result<http::Response> send(http::Request const& request, std::stop_token stop) override;
    Result<http::Response> stream(http::Request const& request, OnChunk const& on_chunk,
                                  std::chrono::milliseconds idle_timeout,
                                  std::stop_token stop) override;

    [[nodiscard]] std::vector<registry::Step> const& steps() const { return steps_; }

  private:
    http::Transport& inner_;
    Clock& clock_;
    std::vector<registry::Step> steps_;
};

/// "identity", "assume role" or "registry token": what a request to a cloud is about, as its host
/// and action say.
[[nodiscard]] std::string mint_step_of(http::Request const& request);

}  // namespace rt::op
