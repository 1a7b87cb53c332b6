#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/http/transport.hpp"

namespace rt::test {

/// A Transport that answers from a script, in order. What deviates from the script is a test
/// failure with both sides printed, and the caller gets an Unavailable error. Thread-safe.
///
///     ScriptedTransport api;
///     api.expect("GET", "https://api/version").answer(200, R"({"major":"1"})");
///     api.expect("POST", "https://sts/").with_header("x-acs-action", "AssumeRole").fail(error);
///     api.expect("GET", "https://api/pods?watch=1").stream({line_1, line_2});
///
/// The destructor fails the test where expected requests never came.
class ScriptedTransport final : public http::Transport {
  public:
    /// One step of the script; every setter returns the step.
    class Step {
      public:
        Step& with_header(std::string name, std::string value);
        Step& with_body(std::string exact);
        /// Checks the body by a predicate; `what` names it in the failure.
        Step& with_body_that(std::string what, std::function<bool(std::string const&)> holds);
        /// The URL may carry any query; the path before it must match.
        Step& any_query();

        Step& answer(int status, std::string body = {}, http::Headers headers = {});
        Step& fail(Error error);
        /// 200 and these chunks; then the stream ends as if the peer had closed it.
        Step& stream(std::vector<std::string> chunks);
        /// 200 and these chunks; then blocks until the caller's stop is requested.
        Step& stream_until_stopped(std::vector<std::string> chunks);
        /// Called when the request arrives, before it is answered.
        Step& then_do(std::function<void(http::Request const&)> action);
        /// The same step again, `count` times in all.
        Step& times(int count);

      private:
        friend class ScriptedTransport;
        std::string method_;
        std::string url_;
        bool any_query_ = false;
        std::vector<std::pair<std::string, std::string>> headers_;
        std::optional<std::string> body_;
        std::string body_rule_;
        std::function<bool(std::string const&)> body_holds_;
        http::Response response_{200, {}, {}};
        std::optional<Error> error_;
        std::vector<std::string> chunks_;
        bool until_stopped_ = false;
        std::function<void(http::Request const&)> action_;
        int times_ = 1;
    };

    ScriptedTransport() = default;
    ~ScriptedTransport() override;

    /// Adds a step. The reference is valid until the step has been used.
    Step& expect(std::string method, std::string url);

    Result<http::Response> send(http::Request const& request, std::stop_token stop) override;
    Result<http::Response> stream(http::Request const& request, OnChunk const& on_chunk,
                                  std::chrono::milliseconds idle_timeout,
                                  std::stop_token stop) override;

    /// Every request that came, in order, for checks after the fact.
    [[nodiscard]] std::vector<http::Request> requests() const;
    /// How many scripted requests have not come yet.
    [[nodiscard]] std::size_t remaining() const;

  private:
    Result<Step> take(http::Request const& request);

    mutable std::mutex mutex_;
    std::deque<Step> steps_;
    std::vector<http::Request> requests_;
};

}  // namespace rt::test
