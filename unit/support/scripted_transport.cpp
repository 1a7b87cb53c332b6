#include "unit/support/scripted_transport.hpp"

#include <gtest/gtest.h>

#include <condition_variable>

namespace rt::test {
namespace {

std::string without_query(std::string const& url) {
    return url.substr(0, url.find('?'));
}

std::string line(std::string const& what, std::string const& expected, std::string const& actual) {
    return "  " + what + "\n    expected: " + expected + "\n    actual:   " + actual + "\n";
}

}  // namespace

using Step = ScriptedTransport::Step;

Step& Step::with_header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
}
Step& Step::with_body(std::string exact) {
    body_ = std::move(exact);
    return *this;
}
Step& Step::with_body_that(std::string what, std::function<bool(std::string const&)> holds) {
    body_rule_ = std::move(what);
    body_holds_ = std::move(holds);
    return *this;
}
Step& Step::any_query() {
    any_query_ = true;
    return *this;
}
Step& Step::answer(int status, std::string body, http::Headers headers) {
    response_ = http::Response{status, std::move(headers), std::move(body)};
    return *this;
}
Step& Step::fail(Error error) {
    error_ = std::move(error);
    return *this;
}
Step& Step::stream(std::vector<std::string> chunks) {
    chunks_ = std::move(chunks);
    return *this;
}
Step& Step::stream_until_stopped(std::vector<std::string> chunks) {
    until_stopped_ = true;
    return stream(std::move(chunks));
}
Step& Step::then_do(std::function<void(http::Request const&)> action) {
    action_ = std::move(action);
    return *this;
}
Step& Step::times(int count) {
    times_ = count;
    return *this;
}

ScriptedTransport::~ScriptedTransport() {
    for (Step const& step : steps_) {
        ADD_FAILURE() << "scripted request never came: " << step.method_ << " " << step.url_
                      << (step.times_ > 1 ? " (" + std::to_string(step.times_) + " times)" : "");
    }
}

Step& ScriptedTransport::expect(std::string method, std::string url) {
    std::lock_guard const lock(mutex_);
    Step step;
    step.method_ = std::move(method);
    step.url_ = std::move(url);
    return steps_.emplace_back(std::move(step));
}

Result<Step> ScriptedTransport::take(http::Request const& request) {
    std::lock_guard const lock(mutex_);
    requests_.push_back(request);
    auto const unexpected = [&](std::string const& differences) {
        ADD_FAILURE() << "request " << requests_.size() << " deviates from the script\n"
                      << differences;
        return rt::fail(Error{ErrorKind::Unavailable, "not in the script"});
    };
    if (steps_.empty()) {
        return unexpected(
            line("request", "(none, the script has ended)", request.method + " " + request.url));
    }
    Step const& step = steps_.front();
    std::string differences;
    std::string const url = step.any_query_ ? without_query(request.url) : request.url;
    if (step.method_ != request.method || step.url_ != url) {
        differences += line("request", step.method_ + " " + step.url_, request.method + " " + url);
    }
    for (auto const& [name, value] : step.headers_) {
        if (request.headers.get(name) != value) {
            differences += line("header " + name, value, std::string(request.headers.get(name)));
        }
    }
    if (step.body_ && *step.body_ != request.body) {
        differences += line("body", *step.body_, request.body);
    }
    if (step.body_holds_ && !step.body_holds_(request.body)) {
        differences += line("body", step.body_rule_, request.body);
    }
    Step used = step;
    if (--steps_.front().times_ <= 0) {
        steps_.pop_front();
    }
    if (!differences.empty()) {
        return unexpected(differences);
    }
    return used;
}

Result<http::Response> ScriptedTransport::send(http::Request const& request, std::stop_token stop) {
    if (stop.stop_requested()) {
        return rt::fail(Error{ErrorKind::Cancelled, "stopped"});
    }
    RT_TRY(Step step, take(request));
    if (step.action_) {
        step.action_(request);
    }
    if (step.error_) {
        return rt::fail(*step.error_);
    }
    return std::move(step.response_);
}

Result<http::Response> ScriptedTransport::stream(http::Request const& request,
                                                 OnChunk const& on_chunk,
                                                 std::chrono::milliseconds /*idle_timeout*/,
                                                 std::stop_token stop) {
    if (stop.stop_requested()) {
        return rt::fail(Error{ErrorKind::Cancelled, "stopped"});
    }
    RT_TRY(Step step, take(request));
    if (step.action_) {
        step.action_(request);
    }
    for (std::string const& chunk : step.chunks_) {
        if (!on_chunk(chunk)) {
            return std::move(step.response_);
        }
    }
    if (step.until_stopped_) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any stopped;
        stopped.wait(lock, stop, [] { return false; });
        return rt::fail(Error{ErrorKind::Cancelled, "stopped"});
    }
    if (step.error_) {
        return rt::fail(*step.error_);
    }
    return std::move(step.response_);
}

std::vector<http::Request> ScriptedTransport::requests() const {
    std::lock_guard const lock(mutex_);
    return requests_;
}

std::size_t ScriptedTransport::remaining() const {
    std::lock_guard const lock(mutex_);
    return steps_.size();
}

}  // namespace rt::test
