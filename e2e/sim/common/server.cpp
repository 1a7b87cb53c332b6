#include "e2e/sim/common/server.hpp"

#include <cpprest/http_listener.h>
#include <pthread.h>

#include <pplx/threadpool.h>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>
#include <stdexcept>
#include <vector>

#include "e2e/sim/common/answer.hpp"

namespace sim {
namespace {

using web::http::experimental::listener::http_listener;
using web::http::experimental::listener::http_listener_config;

constexpr std::size_t threads = 8;
constexpr std::size_t body_bytes_at_most = 64 * 1024;  // a 2 KB policy, encoded, is far below
constexpr auto hang_for = std::chrono::seconds(90);    // longer than any sane client waits
constexpr auto goodbye_at_most = std::chrono::seconds(2);

[[noreturn]] void refuse(std::string const& why) {
    throw std::invalid_argument(why);
}

std::string usage(Kind const& kind) {
    std::string text = kind.program + ": " + kind.summary + "\n\nUsage: " + kind.program +
                       " --world FILE --listen ADDR:PORT [--faults FILE] [--log FILE]";
    if (kind.tls) {
        text += " --tls-cert FILE --tls-key FILE";
    }
    if (kind.signs_tokens) {
        text += " --token-cert FILE --token-key FILE";
    }
    if (!kind.file_flag.empty()) {
        text += " --" + kind.file_flag + " PATH";
    }
    return text + "\n\nThe files are described in e2e/sim/README.md.\n";
}

Options parse_options(int argc, char** argv, Kind const& kind) {
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
    if (!kind.file_flag.empty()) {
        known["--" + kind.file_flag] = &options.file;
        needed.push_back("--" + kind.file_flag);
    }
    for (int i = 1; i < argc; i += 2) {
        auto const at = known.find(argv[i]);
        if (at == known.end()) {
            refuse("unknown flag " + std::string(argv[i]));
        }
        if (i + 1 == argc) {
            refuse(at->first + " needs a value");
        }
        *at->second = argv[i + 1];
    }
    for (std::string const& flag : needed) {
        if (known[flag]->empty()) {
            refuse(flag + " is missing");
        }
    }
    if (options.listen.find(':') == std::string::npos) {
        refuse("--listen must be ADDR:PORT, e.g. 127.0.0.1:8443");
    }
    return options;
}

Request read_request(web::http::http_request const& message, std::string const& body) {
    Request request;
    request.method = message.method();
    request.path = message.request_uri().path();
    request.query = message.request_uri().query();
    for (auto const& [name, value] : message.headers()) {
        request.headers[lower_case(name)] = trim(value);
    }
    request.body = body;
    return request;
}

void reply(web::http::http_request const& message, Response const& response) {
    web::http::http_response out(static_cast<web::http::status_code>(response.status));
    if (message.method() == web::http::methods::HEAD) {
        // cpprest sends the body all the same: the client must not take it for the next answer.
        out.headers().add("Connection", "close");
    }
    for (auto const& [name, value] : response.headers) {
        out.headers().add(name, value);
    }
    if (!out.headers().has("Date")) {
        out.headers().add("Date", format_http_date(std::chrono::system_clock::now()));
    }
    // A vector, not a string: cpprest would append a charset of its own to the content type.
    out.set_body(std::vector<unsigned char>(response.body.begin(), response.body.end()));
    out.headers().set_content_type(response.content_type);
    if (message.method() == web::http::methods::HEAD) {
        // cpprest sends the body all the same, which a client must not take for its next answer.
        out.headers().add("Connection", "close");
    }
    message.reply(out).then([](pplx::task<void> const& sent) {
        try {
            sent.get();
        } catch (std::exception const&) {
            // The client has gone; nobody is left to be told.
        }
    });
}

/// Replies now, or later without holding a thread.
void reply_in_time(web::http::http_request const& message, Response const& response) {
    auto const delay = response.hang ? hang_for : std::chrono::seconds(response.delay_seconds);
    if (delay.count() == 0) {
        reply(message, response);
        return;
    }
    auto timer = std::make_shared<boost::asio::steady_timer>(
        crossplat::threadpool::shared_instance().service(), delay);
    timer->async_wait(
        [timer, message, response](boost::system::error_code const&) { reply(message, response); });
}

/// A body that is not worth reading: its length is unknown or too large.
std::optional<CloudError> refuse_body(web::http::http_headers const& headers) {
    if (headers.has("Transfer-Encoding")) {
        return CloudError{411, "MissingContentLength", "A body must state its Content-Length."};
    }
    if (headers.content_length() > body_bytes_at_most) {
        return CloudError{413, "RequestEntityTooLarge", "The body is over 64 KiB."};
    }
    return std::nullopt;
}

/// A service that runs: a simulator with what it reads and writes.
struct Running {
    Running(Service const& service, Options const& options, WorldFile& world)
        : path_prefix(service.path_prefix),
          simulator(service.make(options)),
          faults(options.faults_file, service.name),
          log(options.log_file, service.name),
          answerer(*simulator, world, faults, log) {
        faults.refresh();
    }

    std::string path_prefix;
    std::unique_ptr<Simulator> simulator;
    FaultFile faults;
    RequestLog log;
    Answerer answerer;
};
using RunningServices = std::vector<std::unique_ptr<Running>>;

/// The first whose prefix the path has; the last has them all.
Running& service_for(RunningServices const& services, std::string const& path) {
    for (auto const& service : services) {
        if (path.compare(0, service->path_prefix.size(), service->path_prefix) == 0) {
            return *service;
        }
    }
    return *services.back();
}

void handle(web::http::http_request const& message, Running& service) {
    Simulator const& simulator = *service.simulator;
    if (auto const error = refuse_body(message.headers())) {
        reply(message, simulator.render_error(*error));
        return;
    }
    message.extract_vector().then(
        [message, &service, &simulator](pplx::task<std::vector<unsigned char>> const& reading) {
            try {
                std::vector<unsigned char> const body = reading.get();
                Request const request = read_request(message, {body.begin(), body.end()});
                reply_in_time(message,
                              service.answerer.answer(request, std::chrono::system_clock::now()));
            } catch (std::exception const& error) {
                reply(message, simulator.render_error({400, "BadRequest", error.what()}));
            }
        });
}

http_listener_config listener_config(Options const& options, Kind const& kind) {
    http_listener_config config;
    config.set_timeout(utility::seconds(60));
    if (!kind.tls) {
        return config;
    }
    config.set_ssl_context_callback([options](boost::asio::ssl::context& context) {
        context.set_options(
            boost::asio::ssl::context::default_workarounds | boost::asio::ssl::context::no_sslv2 |
            boost::asio::ssl::context::no_sslv3 | boost::asio::ssl::context::no_tlsv1 |
            boost::asio::ssl::context::no_tlsv1_1);
        context.use_certificate_chain_file(options.tls_certificate);
        context.use_private_key_file(options.tls_key, boost::asio::ssl::context::pem);
    });
    return config;
}

/// Tells early, by name, which TLS file cannot be used.
void check_tls_files(Options const& options) {
    boost::asio::ssl::context context(boost::asio::ssl::context::tls_server);
    auto const attempt = [](std::string const& file, auto const& use) {
        try {
            use(file);
        } catch (std::exception const& error) {
            refuse(file + ": " + error.what());
        }
    };
    attempt(options.tls_certificate,
            [&](std::string const& file) { context.use_certificate_chain_file(file); });
    attempt(options.tls_key, [&](std::string const& file) {
        context.use_private_key_file(file, boost::asio::ssl::context::pem);
    });
}

void wait_for_the_end(sigset_t const& signals) {
    int received = 0;
    sigwait(&signals, &received);
}

}  // namespace

int run_simulator(int argc, char** argv, Kind const& kind, MakeSimulator const& make) {
    return run_simulators(argc, argv, kind, {{kind.name, "", make}});
}

int run_simulators(int argc, char** argv, Kind const& kind, std::vector<Service> const& services) {
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
        Options const options = parse_options(argc, argv, kind);
        WorldFile world(options.world_file);
        if (kind.tls) {
            check_tls_files(options);
        }
        RunningServices running;
        for (Service const& service : services) {
            running.push_back(std::make_unique<Running>(service, options, world));
        }

        failure = 1;
        crossplat::threadpool::initialize_with_threads(threads);
        std::string const scheme = kind.tls ? "https://" : "http://";
        http_listener listener(web::uri(scheme + options.listen), listener_config(options, kind));
        listener.support([&](web::http::http_request const& message) {
            handle(message, service_for(running, message.request_uri().path()));
        });
        try {
            listener.open().wait();
        } catch (std::exception const& error) {
            refuse("cannot listen on " + options.listen + ": " + error.what());
        }
        std::cerr << kind.program << ": listening on " << scheme << options.listen << '\n';
        wait_for_the_end(signals);
        // Closing waits for open connections, and a hanging answer would hold it: not for long.
        auto closing = std::async(std::launch::async, [&] { listener.close().wait(); });
        closing.wait_for(goodbye_at_most);
        std::_Exit(0);
    } catch (std::exception const& error) {
        std::cerr << kind.program << ": " << error.what() << "\n";
        if (failure == 2) {
            std::cerr << "Try --help.\n";
        }
        std::cerr.flush();
        std::_Exit(failure);
    }
}

}  // namespace sim
