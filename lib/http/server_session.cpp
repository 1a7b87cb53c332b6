// The only translation unit with coroutines (server_stream.hpp is a part of it), and the only one
// that pays for Beast's headers. House rules for GCC 12, which destroys some temporaries of a
// co_await expression twice: every operand of a co_await is a named local, parameters are taken by
// value, lambdas that capture are no coroutines.
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without it

#include "lib/http/server_session.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <memory>
#include <optional>

#include "lib/base/log.hpp"
#include "lib/http/connection_buffer.hpp"
#include "lib/http/request_parser.hpp"
#include "lib/http/request_scan.hpp"
#include "lib/http/server_response.hpp"
#include "lib/http/server_stream.hpp"

namespace rt::http {
namespace {

using boost::system::error_code;
using std::chrono::milliseconds;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// How long a closing connection may take to notice; enough for a client to read the last answer.
constexpr milliseconds closing_timeout{2'000};
/// An answer's buffer above this size is given back after use.
constexpr std::size_t answer_bytes_kept = std::size_t{256} * 1024;

class Session final : public Connection {
  public:
    Session(WorkerContext& worker, PeerKey const& peer, ServerStream stream)
        : worker_(worker),
          limits_(worker.shared.options.limits),
          peer_(peer),
          stream_(std::move(stream)),
          timer_(worker.io),
          handshaking_(stream_.tls() != nullptr) {
        // Spread by up to a tenth, so that connections made together are not replaced together.
        auto const tenths = static_cast<std::int64_t>(worker.connections_made++ % 11);
        retire_at_ =
            worker.now + limits_.connection_age_max - limits_.connection_age_max * tenths / 100;
        worker_.connections.insert(this);
        worker_.shared.metrics.connected(1);
    }
    ~Session() override {
        release_body();
        end_handshake();
        worker_.connections.erase(this);
        worker_.shared.metrics.connected(-1);
        worker_.shared.ledger.disconnect(peer_);
    }

    Task<void> run();

    void cancel() override { stream_.cancel(); }
    void kill() override {
        killed_ = true;
        error_code ignored;
        timer_.cancel(ignored);
        stream_.kill();
    }

  private:
    /// What receiving a request came to: 0 = here it is, an HTTP status = refuse with it, or:
    static constexpr int gone = -1;

    Task<bool> handshake();
    Task<std::size_t> receive();
    Task<int> receive_head();
    Task<int> receive_body();
    Task<int> receive_chunked();
    Task<ServerResponse> ask();
    Task<bool> send(std::string_view bytes);
    Task<bool> answer(ServerResponse response, bool close);
    Task<void> refuse(int status);
    Task<void> close(bool input_pending);

    void end_handshake() {
        if (std::exchange(handshaking_, false)) {
            worker_.shared.ledger.end_handshake();
        }
    }
    int parse_head(std::size_t head_bytes);
    Answer ask_handler(ServerRequest const& request);
    [[nodiscard]] bool retiring() const;
    [[nodiscard]] bool leaving() const;
    int rejected(Rejection reason, int status) {
        worker_.shared.metrics.rejected(reason);
        return status;
    }
    /// Counts body bytes received since the last call against the server's budget.
    [[nodiscard]] bool charge_up_to(std::size_t body_bytes) {
        std::size_t const more = body_bytes - charged_;
        if (more > 0 && !worker_.shared.ledger.charge(more)) {
            return false;
        }
        charged_ = body_bytes;
        return true;
    }
    void release_body() {
        if (charged_ > 0) {
            worker_.shared.ledger.release(std::exchange(charged_, 0));
        }
    }
    void enter_for(Phase phase, milliseconds limit) { enter(phase, worker_.now + limit); }

    WorkerContext& worker_;
    ServerLimits const& limits_;
    PeerKey const peer_;
    ServerStream stream_;
    Timer timer_;
    ConnectionBuffer buffer_;
    std::optional<RequestParser> parser_;
    std::string method_;
    std::string target_;
    std::string content_type_;
    std::string common_name_;
    std::string_view body_;
    std::string out_;
    std::size_t head_bytes_ = 0;
    std::size_t request_bytes_ = 0;  ///< of the buffer, to be forgotten after the answer
    std::size_t charged_ = 0;
    std::uint64_t requests_ = 0;
    SteadyTime retire_at_{};
    bool handshaking_;
    bool killed_ = false;
};

Task<bool> Session::handshake() {
    enter_for(Phase::Handshake, limits_.handshake_timeout);
    bool const shaken = co_await stream_.handshake();
    end_handshake();
    if (!shaken) {
        rejected(expired() ? Rejection::HandshakeTimeout : Rejection::HandshakeFailed, 0);
    } else if (stream_.tls() != nullptr) {
        common_name_ = verified_common_name(stream_.tls());
    }
    co_return shaken;
}

Task<std::size_t> Session::receive() {
    if (expired() || killed_) {
        co_return 0;
    }
    auto const space = buffer_.free_space();
    // A connection that waits for its next request has nothing to read yet.
    bool const wait_first = phase() == Phase::Idle;
    std::size_t const count = co_await stream_.read_some(space.data(), space.size(), wait_first);
    buffer_.commit(count);
    co_return count;
}

Task<int> Session::receive_head() {
    HeadScanner scanner;
    enter_for(Phase::Idle, limits_.idle_timeout);
    while (true) {
        if (!buffer_.empty()) {
            if (phase() == Phase::Idle) {
                enter_for(Phase::Head, limits_.header_timeout);
            }
            auto const verdict = scanner.scan(buffer_.view());
            if (verdict == HeadScanner::Verdict::Malformed) {
                co_return rejected(Rejection::Malformed, 400);
            }
            bool const complete = verdict == HeadScanner::Verdict::Complete;
            std::size_t const size = complete ? scanner.head_bytes() : buffer_.size();
            if (size > limits_.header_bytes_max) {
                co_return rejected(Rejection::HeaderTooLarge, 431);
            }
            if (complete) {
                co_return parse_head(size);
            }
        } else if (leaving()) {
            co_return gone;
        }
        std::size_t const count = co_await receive();
        if (count == 0) {
            bool const late = phase() == Phase::Head && expired();
            co_return late ? rejected(Rejection::HeaderTimeout, 408) : gone;
        }
    }
}

int Session::parse_head(std::size_t head_bytes) {
    RequestParser& parser = parser_.emplace(limits_);
    error_code error;
    std::size_t const used =
        parser.put(asio::const_buffer(buffer_.view().data(), head_bytes), error);
    if (error == beast_http::error::body_limit) {
        return rejected(Rejection::BodyTooLarge, 413);
    }
    if (parser.too_many_fields) {
        return rejected(Rejection::HeaderTooLarge, 431);
    }
    bool const http11_without_host = parser.version == 11 && !parser.has_host;
    if (error || used != head_bytes || !parser.is_header_done() || http11_without_host ||
        (parser.version < 11 && parser.chunked())) {
        return rejected(Rejection::Malformed, 400);
    }
    if (parser.unknown_expectation) {
        return rejected(Rejection::Malformed, 417);
    }
    // Copies: the buffer may move while the body arrives.
    method_.assign(parser.method.data(), parser.method.size());
    target_.assign(parser.target.data(), parser.target.size());
    content_type_.assign(parser.content_type.data(), parser.content_type.size());
    head_bytes_ = head_bytes;
    return 0;
}

Task<int> Session::receive_body() {
    auto const length =
        static_cast<std::size_t>(parser_->chunked() ? 0 : parser_->content_length().value_or(0));
    std::size_t const total = head_bytes_ + length;
    bool const complete = !parser_->chunked() && buffer_.size() >= total;
    if (!complete) {
        enter_for(Phase::Body, limits_.body_timeout);
        if (parser_->wants_continue) {
            bool const sent = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
            if (!sent) {
                co_return gone;
            }
            enter_for(Phase::Body, limits_.body_timeout);
        }
    }
    if (parser_->chunked()) {
        int const outcome = co_await receive_chunked();
        co_return outcome;
    }
    while (true) {
        if (!charge_up_to(std::min(buffer_.size(), total) - head_bytes_)) {
            co_return rejected(Rejection::BodyBudget, 503);
        }
        if (buffer_.size() >= total) {
            break;
        }
        std::size_t const count = co_await receive();
        if (count == 0) {
            co_return expired() ? rejected(Rejection::BodyTimeout, 408) : gone;
        }
    }
    body_ = buffer_.view().substr(head_bytes_, length);
    request_bytes_ = total;
    co_return 0;
}

Task<int> Session::receive_chunked() {
    buffer_.consume(head_bytes_);
    parser_->eager(true);
    // Chunk sizes and extensions count too, or one-byte chunks would make the limit meaningless.
    std::size_t const wire_bytes_max = 2 * limits_.body_bytes_max + ConnectionBuffer::base_bytes;
    std::size_t wire_bytes = 0;
    while (true) {
        error_code error;
        std::size_t used = 0;
        if (!buffer_.empty()) {
            std::string_view const held = buffer_.view();
            used = parser_->put(asio::const_buffer(held.data(), held.size()), error);
            buffer_.consume(used);
            wire_bytes += used;
        }
        if (error == beast_http::error::body_limit || wire_bytes > wire_bytes_max) {
            co_return rejected(Rejection::BodyTooLarge, 413);
        }
        bool const stuck = used == 0 && buffer_.size() > limits_.header_bytes_max;
        if ((error && error != beast_http::error::need_more) || stuck) {
            co_return rejected(Rejection::Malformed, 400);
        }
        if (!charge_up_to(wire_bytes)) {
            co_return rejected(Rejection::BodyBudget, 503);
        }
        if (parser_->is_done()) {
            break;
        }
        if (used > 0 && !error) {
            continue;
        }
        std::size_t const count = co_await receive();
        if (count == 0) {
            co_return expired() ? rejected(Rejection::BodyTimeout, 408) : gone;
        }
    }
    parser_->decoded.reserve(parser_->decoded.size() + body_padding_bytes);
    body_ = parser_->decoded;
    request_bytes_ = 0;
    co_return 0;
}

Answer Session::ask_handler(ServerRequest const& request) {
    try {
        return worker_.shared.handler(request);
    } catch (std::exception const& exception) {
        log_error("request handler threw", {{"error", exception.what()}});
    } catch (...) {
        log_error("request handler threw");
    }
    ++worker_.tally.exceptions;
    return ServerResponse{.status = 500};
}

/// Asks the handler until it answers; between two askings only a timer waits.
Task<ServerResponse> Session::ask() {
    enter(Phase::Asking, SteadyTime::max());
    SteadyTime const arrived = system_clock().steady_now();
    ServerRequest request;
    request.method = method_;
    request.target = target_;
    request.content_type = content_type_;
    request.body = body_;
    request.client_common_name = common_name_;
    std::shared_ptr<void> kept;
    request.kept = &kept;
    bool suspended = false;
    ServerResponse response;
    while (true) {
        Answer answer = ask_handler(request);
        if (auto* const ready = std::get_if<ServerResponse>(&answer)) {
            response = std::move(*ready);
            break;
        }
        if (!suspended) {
            auto const verdict = worker_.shared.ledger.suspend(peer_);
            if (verdict != ServerLedger::Verdict::Admitted) {
                response.status = rejected(verdict == ServerLedger::Verdict::TooMany
                                               ? Rejection::Suspended
                                               : Rejection::SuspendedPerPeer,
                                           429);
                response.retry_after_seconds = 1;
                break;
            }
            suspended = true;
        }
        auto const delay = std::max(std::get<Suspend>(answer).delay, milliseconds(1));
        timer_.expires_after(delay);
        error_code error;
        auto token = asio::redirect_error(use_task, error);
        co_await timer_.async_wait(token);
        request.waited = system_clock().steady_now() - arrived;
        if (killed_ || request.waited > limits_.suspended_wait_max) {
            response.status = rejected(Rejection::SuspendedTooLong, 503);
            response.retry_after_seconds = 1;
            break;
        }
    }
    if (suspended) {
        worker_.shared.ledger.resume(peer_);
    }
    worker_.tally.count(response.status, system_clock().steady_now() - arrived);
    co_return response;
}

Task<bool> Session::send(std::string_view bytes) {
    enter_for(Phase::Sending, limits_.body_timeout);
    while (!bytes.empty()) {
        if (killed_ || expired()) {
            co_return false;
        }
        std::size_t const count = co_await stream_.write_some(bytes);
        if (count == 0) {
            if (expired()) {
                rejected(Rejection::AnswerTimeout, 0);
            }
            co_return false;
        }
        bytes.remove_prefix(count);
    }
    co_return true;
}

Task<bool> Session::answer(ServerResponse response, bool close) {
    ResponseHead head;
    head.status = response.status;
    head.content_type = response.content_type;
    head.body_bytes = response.body.size();
    head.retry_after_seconds = response.retry_after_seconds;
    head.close = close;
    head.date = worker_.date;
    out_.clear();
    append_head(out_, head);
    if (method_ != "HEAD") {
        out_ += response.body;  // one buffer: a usual answer is one TLS record and one write
    }
    bool const sent = co_await send(out_);
    if (out_.capacity() > answer_bytes_kept) {
        std::string().swap(out_);
    }
    co_return sent;
}

/// Answers a request that no handler sees, with an empty body, and closes.
Task<void> Session::refuse(int status) {
    worker_.tally.count_refused(status);
    ServerResponse response;
    response.status = status;
    response.retry_after_seconds = status == 503 ? 1 : 0;
    bool const sent = co_await answer(std::move(response), true);
    if (sent) {
        co_await close(true);
    }
}

/// `input_pending`: the peer may still be sending; closing now would reset the connection and could
/// take the answer with it, so what arrives is read and dropped for a while.
Task<void> Session::close(bool input_pending) {
    if (killed_) {
        co_return;
    }
    enter_for(Phase::Closing, closing_timeout);
    co_await stream_.say_goodbye();
    while (input_pending && !killed_ && !expired()) {
        auto const space = buffer_.free_space();
        bool const more = co_await stream_.discard(space.data(), space.size());
        if (!more) {
            break;
        }
    }
}

/// Whether a connection without a request has to go. While draining, a new one has not: API servers
/// go on connecting to a Pod that is leaving until they have heard of it, and each of them gets its
/// answer, with `Connection: close`.
bool Session::leaving() const {
    return (worker_.shared.draining.load(std::memory_order_relaxed) && served()) ||
           worker_.shared.stopping.load(std::memory_order_relaxed);
}

bool Session::retiring() const {
    return worker_.shared.draining.load(std::memory_order_relaxed) ||
           requests_ >= limits_.requests_per_connection_max || worker_.now >= retire_at_;
}

Task<void> Session::run() {
    bool const ready = co_await handshake();
    if (!ready) {
        co_return;
    }
    while (true) {
        int outcome = co_await receive_head();
        if (outcome == 0) {
            outcome = co_await receive_body();
        }
        if (outcome == gone) {
            co_await close(false);
            co_return;
        }
        if (outcome != 0) {
            method_.clear();
            co_await refuse(outcome);
            co_return;
        }
        ++requests_;
        mark_served();
        ServerResponse response = co_await ask();
        bool const last = retiring() || !parser_->keep_alive();
        bool const sent = co_await answer(std::move(response), last);
        release_body();
        buffer_.consume(request_bytes_);
        if (!sent) {
            co_return;
        }
        if (last) {
            co_await close(!buffer_.empty());
            co_return;
        }
        if (!buffer_.empty()) {
            co_await stream_
                .give_way();  // a peer that sends requests in a row must not keep the thread
        }
    }
}

Task<void> drive(std::shared_ptr<Session> session) {
    try {
        co_await session->run();
    } catch (std::exception const& exception) {
        // Out of memory, at worst: this connection ends, the others go on.
        log_error("connection failed", {{"error", exception.what()}});
    }
}

}  // namespace

void start_session(WorkerContext& worker, int descriptor, bool ipv6, PeerKey const& peer,
                   TlsContext const& context) {
    ServerStream stream(worker.io.get_executor(), descriptor, ipv6, context.get());
    auto session = std::make_shared<Session>(worker, peer, std::move(stream));
    Task<void> task = drive(std::move(session));
    asio::co_spawn(worker.io.get_executor(), std::move(task), asio::detached);
}

}  // namespace rt::http
