#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "lib/base/clock.hpp"
#include "lib/http/server.hpp"

namespace rt::webhook {

/// The thread on which what admins write is examined: that may take seconds and read the API
/// server, and admission must never wait for it. The queue is short; who finds it full asks again
/// until its time is up. A request whose client has gone is dropped.
class ResourceDesk {
  public:
    /// Answers one body. Should end by `deadline`, and soon after `stop`.
    using Examine = std::function<http::ServerResponse(std::string const& body, SteadyTime deadline,
                                                       std::stop_token stop)>;
    static constexpr std::size_t queue_max = 16;

    ResourceDesk(Examine examine, Clock& clock);
    ~ResourceDesk();
    ResourceDesk(ResourceDesk const&) = delete;
    ResourceDesk& operator=(ResourceDesk const&) = delete;

    /// Called on I/O threads until it answers; never blocks. `patience`: how long after its arrival
    /// a request should be answered; it is told to stop then, and answered 503 a little later.
    [[nodiscard]] http::Answer answer(http::ServerRequest const& request,
                                      std::chrono::nanoseconds patience);

  private:
    struct Job;
    void work(std::stop_token stop);
    std::shared_ptr<Job> take(std::stop_token stop);
    [[nodiscard]] std::shared_ptr<Job> put(http::ServerRequest const& request, SteadyTime deadline);

    Examine examine_;
    Clock& clock_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::shared_ptr<Job>> queue_;
    std::jthread worker_;
};

}  // namespace rt::webhook
