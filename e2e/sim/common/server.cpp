#include "e2e/sim/common/server.hpp"

#include <cpprest/http_listener.h>
#include <pthread.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>
#include <pplx/threadpool.h>
#include <stdexcept>

#include "e2e/sim/common/answer.hpp"

namespace sim {
namespace {

using web::http::experimental::listener::http_listener;
using web::http::experimental::listener::http_listener_config;

constexpr std::size_t threads = 8;
constexpr std::size_t body_bytes_at_most = 64 * 1024;     // a 2 KB policy, encoded, is far below
constexpr auto hang_for = std::chrono::seconds(90);       // longer than any sane client waits
constexpr auto goodbye_at_most = std::chrono::seconds(2);

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument(why); }

std::string usage(const Kind& kind) {
    std::string text = kind.program + ": " + kind.summary + "\n\nUsage: " + kind.program +
                       " --world FILE --listen ADDR:PORT [--faults FILE] [--log FILE]";
    if (kind.tls) text += " --tls-cert FILE --tls-key FILE";
    if (kind.signs_tokens) text += " --token-cert FILE --token-key FILE";
    return text + "\n\nThe files are described in e2e/sim/README.md.\n";
}

Options parse_options(int argc, char** argv, const Kind& kind) {
    Options options;
    std::map<std::string, std::string*> known = {{"--world", &options.world_file},
                                                 {"--faults", &options.faults_file},
                                                 {"--log", &options.log_file},
                                                 {"--listen", &options.listen}};
    std::vector<std::string> needed = {"--world", "--listen"};
    if (kind.tls) {
        known["--tls-cert"] = &options.tls_certificate;
        known["--tls-key"] = &options.tls_key;
        needed.insert(needed.end(), {"--tls-cert", "--tls-key"});
    }
    if (kind.signs_tokens) {
        known["--token-cert"] = &options.token_certificate;
        known["--token-key"] = &options.token_key;
        needed.insert(needed.end(), {"--token-cert", "--token-key"});
    }
    for (int i = 1; i < argc; i += 2) {
        const auto at = known.find(argv[i]);
        if (at == known.end()) refuse("unknown flag " + std::string(argv[i]));
        if (i + 1 == argc) refuse(at->first + " needs a value");
        *at->second = argv[i + 1];
    }
    for (const std::string& flag : needed) {
        if (known[flag]->empty()) refuse(flag + " is missing");
    }
    if (options.listen.find(':') == std::string::npos) {
        refuse("--listen must be ADDR:PORT, e.g. 127.0.0.1:8443");
    }
    return options;
}

Request read_request(const web::http::http_request& message, const std::string& body) {
    Request request;
    request.method = message.method();
    request.path = message.request_uri().path();
    request.query = message.request_uri().query();
    for (const auto& [name, value] : message.headers()) {
        request.headers[lower_case(name)] = trim(value);
    }
    request.body = body;
    return request;
}

void reply(const web::http::http_request& message, const Response& response) {
    web::http::http_response out(static_cast<web::http::status_code>(response.status));
    out.headers().add("Date", format_http_date(std::chrono::system_clock::now()));
    for (const auto& [name, value] : response.headers) out.headers().add(name, value);
    // A vector, not a string: cpprest would append a charset of its own to the content type.
    out.set_body(std::vector<unsigned char>(response.body.begin(), response.body.end()));
    out.headers().set_content_type(response.content_type);
    message.reply(out).then([](const pplx::task<void>& sent) {
        try {
            sent.get();
        } catch (const std::exception&) {
            // The client has gone; nobody is left to be told.
        }
    });
}

/// Replies now, or later without holding a thread.
void reply_in_time(const web::http::http_request& message, const Response& response) {
    const auto delay =
        response.hang ? hang_for : std::chrono::seconds(response.delay_seconds);
    if (delay.count() == 0) {
        reply(message, response);
        return;
    }
    auto timer = std::make_shared<boost::asio::steady_timer>(
        crossplat::threadpool::shared_instance().service(), delay);
    timer->async_wait([timer, message, response](const boost::system::error_code&) {
        reply(message, response);
    });
}

/// A body that is not worth reading: its length is unknown or too large.
std::optional<CloudError> refuse_body(const web::http::http_headers& headers) {
    if (headers.has("Transfer-Encoding")) {
        return CloudError{411, "MissingContentLength", "A body must state its Content-Length."};
    }
    if (headers.content_length() > body_bytes_at_most) {
        return CloudError{413, "RequestEntityTooLarge", "The body is over 64 KiB."};
    }
    return std::nullopt;
}

void handle(const web::http::http_request& message, Answerer& answerer,
            const Simulator& simulator) {
    if (const auto error = refuse_body(message.headers())) {
        reply(message, simulator.render_error(*error));
        return;
    }
    message.extract_vector().then(
        [message, &answerer, &simulator](const pplx::task<std::vector<unsigned char>>& reading) {
            try {
                const std::vector<unsigned char> body = reading.get();
                const Request request = read_request(message, {body.begin(), body.end()});
                reply_in_time(message, answerer.answer(request, std::chrono::system_clock::now()));
            } catch (const std::exception& error) {
                reply(message, simulator.render_error({400, "BadRequest", error.what()}));
            }
        });
}

http_listener_config listener_config(const Options& options, const Kind& kind) {
    http_listener_config config;
    config.set_timeout(utility::seconds(60));
    if (!kind.tls) return config;
    config.set_ssl_context_callback([options](boost::asio::ssl::context& context) {
        context.set_options(boost::asio::ssl::context::default_workarounds |
                            boost::asio::ssl::context::no_sslv2 |
                            boost::asio::ssl::context::no_sslv3 |
                            boost::asio::ssl::context::no_tlsv1 |
                            boost::asio::ssl::context::no_tlsv1_1);
        context.use_certificate_chain_file(options.tls_certificate);
        context.use_private_key_file(options.tls_key, boost::asio::ssl::context::pem);
    });
    return config;
}

/// Tells early, by name, which TLS file cannot be used.
void check_tls_files(const Options& options) {
    boost::asio::ssl::context context(boost::asio::ssl::context::tls_server);
    const auto attempt = [](const std::string& file, const auto& use) {
        try {
            use(file);
        } catch (const std::exception& error) {
            refuse(file + ": " + error.what());
        }
    };
    attempt(options.tls_certificate,
            [&](const std::string& file) { context.use_certificate_chain_file(file); });
    attempt(options.tls_key, [&](const std::string& file) {
        context.use_private_key_file(file, boost::asio::ssl::context::pem);
    });
}

void wait_for_the_end(const sigset_t& signals) {
    int received = 0;
    sigwait(&signals, &received);
}

}  // namespace

int run_simulator(int argc, char** argv, const Kind& kind, const MakeSimulator& make) {
    if (argc == 2 && std::string(argv[1]) == "--help") {
        std::cout << usage(kind);
        return 0;
    }
    // Blocked before any thread starts, so that only sigwait below receives them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    int failure = 2;
    try {
        const Options options = parse_options(argc, argv, kind);
        WorldFile world(options.world_file);
        FaultFile faults(options.faults_file, kind.name);
        faults.refresh();
        const RequestLog log(options.log_file, kind.name);
        if (kind.tls) check_tls_files(options);
        const std::unique_ptr<Simulator> simulator = make(options);
        Answerer answerer(*simulator, world, faults, log);

        failure = 1;
        crossplat::threadpool::initialize_with_threads(threads);
        const std::string scheme = kind.tls ? "https://" : "http://";
        http_listener listener(web::uri(scheme + options.listen),
                               listener_config(options, kind));
        listener.support([&](const web::http::http_request& message) {
            handle(message, answerer, *simulator);
        });
        try {
            listener.open().wait();
        } catch (const std::exception& error) {
            refuse("cannot listen on " + options.listen + ": " + error.what());
        }
        std::cerr << kind.program << ": listening on " << scheme << options.listen << std::endl;
        wait_for_the_end(signals);
        // Closing waits for open connections, and a hanging answer would hold it: not for long.
        auto closing = std::async(std::launch::async, [&] { listener.close().wait(); });
        closing.wait_for(goodbye_at_most);
        std::_Exit(0);
    } catch (const std::exception& error) {
        std::cerr << kind.program << ": " << error.what() << "\n";
        if (failure == 2) std::cerr << "Try --help.\n";
        std::cerr.flush();
        std::_Exit(failure);
    }
}

}  // namespace sim
