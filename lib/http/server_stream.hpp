#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

// Internal to lib/http: a part of server_session.cpp, apart only for its length.
namespace rt::http {

namespace asio = boost::asio;

// Concrete executor types: type-erased ones cost a fifth of the CPU of a small request.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
template <class T>
using Task = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> use_task{};

/// An accepted connection, plain or TLS. OpenSSL works on the socket itself and Asio only says when
/// it is ready: asio::ssl::stream would copy every byte twice more and hold another 34 KB a
/// connection. After cancel() or kill() the operation that waits fails; after kill() every later
/// one does too.
class ServerStream {
  public:
    /// Takes `descriptor` over. `context` null: plain. A new certificate leaves this connection
    /// alone, because it holds its context by itself.
    ServerStream(Executor const& executor, int descriptor, bool ipv6, SSL_CTX* context)
        : socket_(executor, ipv6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor) {
        if (context != nullptr) {
            tls_.reset(SSL_new(context));
            SSL_set_fd(tls_.get(), descriptor);
        }
    }

    /// Null for a plain connection.
    [[nodiscard]] SSL* tls() const { return tls_.get(); }

    void cancel() {
        boost::system::error_code ignored;
        static_cast<void>(socket_.cancel(ignored));
    }
    void kill() {
        killed_ = true;
        boost::system::error_code ignored;
        static_cast<void>(socket_.close(ignored));
    }

    Task<bool> handshake() {
        bool going_on = tls_ != nullptr;
        while (going_on) {
            forget_errors();
            int const outcome = SSL_accept(tls_.get());
            if (outcome == 1) {
                co_return true;
            }
            going_on = co_await would_block(outcome);
        }
        co_return tls_ == nullptr;
    }

    /// At least one byte, or 0 where the connection is over. `wait_first`: nothing is expected to
    /// be there yet, so do not try before the socket is ready.
    Task<std::size_t> read_some(char* out, std::size_t size, bool wait_first) {
        if (tls_ == nullptr) {
            asio::mutable_buffer const target(out, size);
            boost::system::error_code error;
            auto token = asio::redirect_error(use_task, error);
            std::size_t const count = co_await socket_.async_read_some(target, token);
            co_return error || killed_ ? 0 : count;
        }
        bool going_on = true;
        if (wait_first && SSL_has_pending(tls_.get()) == 0) {
            going_on = co_await ready(Socket::wait_read);
        } else if (++reads_in_a_row_ >= reads_in_a_row_max) {
            co_await give_way();
            going_on = !killed_;
        }
        while (going_on) {
            std::size_t count = 0;
            forget_errors();
            int const outcome = SSL_read_ex(tls_.get(), out, size, &count);
            if (outcome == 1) {
                co_return count;
            }
            going_on = co_await would_block(outcome);
        }
        co_return 0;
    }

    /// At least one byte written, or 0 where the connection is over.
    Task<std::size_t> write_some(std::string_view bytes) {
        if (tls_ == nullptr) {
            asio::const_buffer const source(bytes.data(), bytes.size());
            boost::system::error_code error;
            auto token = asio::redirect_error(use_task, error);
            std::size_t const count = co_await socket_.async_write_some(source, token);
            co_return error || killed_ ? 0 : count;
        }
        bool going_on = true;
        while (going_on) {
            std::size_t count = 0;
            forget_errors();
            int const outcome = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count);
            if (outcome == 1) {
                co_return count;
            }
            going_on = co_await would_block(outcome);
        }
        co_return 0;
    }

    /// Lets the worker's other connections run.
    Task<void> give_way() {
        reads_in_a_row_ = 0;
        auto executor = socket_.get_executor();
        co_await asio::post(executor, use_task);
    }

    /// Exchanges close_notify (RFC 8446 section 6.1) where TLS still works, then ends our
    /// direction.
    Task<void> say_goodbye() {
        bool going_on = tls_ != nullptr && !killed_;
        bool sent = false;
        while (going_on) {
            forget_errors();
            int const outcome = SSL_shutdown(tls_.get());
            if (outcome == 0 && !sent) {
                sent = true;  // the next call waits for the peer's
                continue;
            }
            going_on = outcome < 0;
            if (going_on) {
                going_on = co_await would_block(outcome);
            }
        }
        boost::system::error_code ignored;
        static_cast<void>(socket_.shutdown(Socket::shutdown_send, ignored));
    }

    /// Reads what still comes below TLS and forgets it; false at the end.
    Task<bool> discard(char* scratch, std::size_t size) {
        asio::mutable_buffer const target(scratch, size);
        boost::system::error_code error;
        auto token = asio::redirect_error(use_task, error);
        co_await socket_.async_read_some(target, token);
        co_return !error && !killed_;
    }

  private:
    /// Reads in a row before other connections get their turn, where a peer sends faster than we
    /// read.
    static constexpr int reads_in_a_row_max = 16;

    /// SSL_get_error() reads the thread's queue too, so an older error must not stand in it. Almost
    /// always it is empty, and emptying it costs more than looking.
    static void forget_errors() {
        if (ERR_peek_error() != 0) {
            ERR_clear_error();
        }
    }

    struct Free {
        void operator()(SSL* session) const { SSL_free(session); }
    };

    /// False where the wait was cancelled or the connection killed: then its descriptor may already
    /// belong to another one and must not be touched.
    Task<bool> ready(Socket::wait_type what) {
        reads_in_a_row_ = 0;
        boost::system::error_code error;
        auto token = asio::redirect_error(use_task, error);
        co_await socket_.async_wait(what, token);
        co_return !error && !killed_;
    }

    /// After an OpenSSL call that did not succeed: true when it has to be repeated because the
    /// socket is ready now, false when the connection is over.
    Task<bool> would_block(int outcome) {
        int const reason = SSL_get_error(tls_.get(), outcome);
        bool again = false;
        if (reason == SSL_ERROR_WANT_READ) {
            again = co_await ready(Socket::wait_read);
        } else if (reason == SSL_ERROR_WANT_WRITE) {
            again = co_await ready(Socket::wait_write);
        }
        co_return again;
    }

    Socket socket_;
    std::unique_ptr<SSL, Free> tls_;
    int reads_in_a_row_ = 0;
    bool killed_ = false;
};

}  // namespace rt::http
