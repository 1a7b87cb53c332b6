#include "webhook/resource_desk.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <utility>

#include "lib/base/log.hpp"

namespace rt::webhook {
namespace {

using std::chrono::milliseconds;

/// How long after it was told to stop an examination may take to wind up.
constexpr milliseconds winding_up_max{1'500};
constexpr milliseconds ask_again{15};

http::ServerResponse empty(int status) {
    http::ServerResponse response;
    response.status = status;
    response.content_type = {};
    response.retry_after_seconds = status == 503 ? 1 : 0;
    return response;
}

}  // namespace

struct ResourceDesk::Job {
    std::string body;
    SteadyTime deadline;
    std::stop_source stop{};
    std::atomic<bool> unwanted{false};  ///< nobody waits for the answer any more
    std::mutex mutex{};
    std::optional<http::ServerResponse> answer{};

    Job(std::string_view text, SteadyTime until) : body(text), deadline(until) {}
};

ResourceDesk::ResourceDesk(Examine examine, Clock& clock)
    : examine_(std::move(examine)),
      clock_(clock),
      worker_([this](std::stop_token stop) { work(std::move(stop)); }) {}

ResourceDesk::~ResourceDesk() = default;

std::shared_ptr<ResourceDesk::Job> ResourceDesk::put(http::ServerRequest const& request,
                                                     SteadyTime deadline) {
    std::lock_guard const lock(mutex_);
    std::erase_if(queue_, [](auto const& job) { return job->unwanted.load(); });
    if (queue_.size() >= queue_max) {
        return nullptr;
    }
    auto const job = std::make_shared<Job>(request.body, deadline);
    queue_.push_back(job);
    changed_.notify_one();
    // What the request keeps; it goes with the request.
    return {job.get(), [job](Job* left) {
                left->unwanted = true;
                left->stop.request_stop();
            }};
}

http::Answer ResourceDesk::answer(http::ServerRequest const& request,
                                  std::chrono::nanoseconds patience) {
    bool const late = request.waited >= patience;
    auto job = std::static_pointer_cast<Job>(*request.kept);
    if (!job) {
        if (late) {
            return empty(503);
        }
        job = put(request, clock_.steady_now() + patience - request.waited);
        *request.kept = job;
        return http::Suspend{ask_again};
    }
    {
        std::lock_guard const lock(job->mutex);
        if (job->answer) {
            return *std::move(job->answer);
        }
    }
    if (late) {
        job->stop.request_stop();
    }
    if (request.waited >= patience + winding_up_max) {
        return empty(503);
    }
    return http::Suspend{ask_again};
}

std::shared_ptr<ResourceDesk::Job> ResourceDesk::take(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !queue_.empty(); })) {
        auto job = std::move(queue_.front());
        queue_.pop_front();
        if (!job->unwanted) {
            return job;
        }
    }
    return nullptr;
}

void ResourceDesk::work(std::stop_token stop) {
    while (auto job = take(stop)) {
        // When the program ends, what is examined ends too.
        std::stop_callback const ending(stop, [&] { job->stop.request_stop(); });
        http::ServerResponse answer = empty(500);
        try {
            answer = examine_(job->body, job->deadline, job->stop.get_token());
        } catch (std::exception const& error) {
            log_error("an object of ours could not be examined", {{"error", error.what()}});
        }
        std::lock_guard const lock(job->mutex);
        job->answer = std::move(answer);
    }
}

}  // namespace rt::webhook
