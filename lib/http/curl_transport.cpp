#include <curl/curl.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <mutex>
#include <optional>

#include "lib/base/clock.hpp"
#include "lib/base/text.hpp"
#include "lib/http/authority.hpp"
#include "lib/http/curl_error.hpp"
#include "lib/http/no_proxy.hpp"
#include "lib/http/transport.hpp"
#include "lib/http/trust_store.hpp"

namespace rt::http {
namespace {

using std::chrono::milliseconds;

/// Far above what any API sends; keeps a hostile peer from filling memory with fields.
constexpr std::size_t header_bytes_max = std::size_t{128} * 1024;
/// Connecting (name, TCP, TLS) must not eat a long exchange's whole time: another try may find
/// another address.
constexpr milliseconds connect_timeout_max{10'000};
/// A peer that vanished without a word is noticed after about 30 + 3 * 10 s.
constexpr long keepalive_idle_s = 30;
constexpr long keepalive_interval_s = 10;

struct EasyFree {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiFree {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListFree>;

/// One connection to one authority. libcurl keeps connections in the multi handle, so a handle of
/// each kind belongs together; exactly one thread uses a pair at a time.
struct Pair {
    std::unique_ptr<CURLM, MultiFree> multi{curl_multi_init()};
    std::unique_ptr<CURL, EasyFree> easy{curl_easy_init()};
    std::string origin{};

    [[nodiscard]] bool usable() const { return multi != nullptr && easy != nullptr; }
};

/// Pairs that wait for their next request, the last used one at the end.
class PairPool {
  public:
    explicit PairPool(std::size_t idle_max) : idle_max_(idle_max) {}

    std::unique_ptr<Pair> take(std::string const& origin) {
        {
            std::lock_guard const lock(mutex_);
            auto const found = std::find_if(idle_.rbegin(), idle_.rend(), [&](auto const& pair) {
                return pair->origin == origin;
            });
            if (found != idle_.rend()) {
                auto pair = std::move(*found);
                idle_.erase(std::next(found).base());
                return pair;
            }
        }
        auto pair = std::make_unique<Pair>();
        pair->origin = origin;
        return pair;
    }

    void put_back(std::unique_ptr<Pair> pair) {
        std::unique_ptr<Pair> dropped;  // closed outside the lock
        std::lock_guard const lock(mutex_);
        idle_.push_back(std::move(pair));
        if (idle_.size() > idle_max_) {
            dropped = std::move(idle_.front());
            idle_.erase(idle_.begin());
        }
    }

  private:
    std::size_t const idle_max_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Pair>> idle_;
};

/// What libcurl's callbacks fill in during one exchange.
struct Exchange {
    CURL* easy = nullptr;
    Response response{};
    std::size_t header_bytes = 0;
    std::size_t body_bytes_max = 0;
    Transport::OnChunk const* on_chunk = nullptr;  ///< null: collect the body
    SteadyTime last_activity{};
    bool head_complete = false;
    bool too_large = false;
    bool ended_by_caller = false;
    std::exception_ptr thrown{};
};

int status_of(CURL* easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
}

std::size_t on_header(char const* data, std::size_t, std::size_t size, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    exchange.header_bytes += size;
    if (exchange.header_bytes > header_bytes_max) {
        exchange.too_large = true;
        return 0;
    }
    std::string_view const line = trimmed({data, size});
    if (line.starts_with("HTTP/")) {
        exchange.response.headers = Headers();  // an interim answer (1xx) came before
    } else if (auto const colon = line.find(':'); colon != std::string_view::npos) {
        exchange.response.headers.add(std::string(line.substr(0, colon)),
                                      std::string(trimmed(line.substr(colon + 1))));
    } else if (line.empty()) {
        exchange.head_complete = status_of(exchange.easy) >= 200;
    }
    exchange.last_activity = system_clock().steady_now();
    return size;
}

std::size_t on_body(char const* data, std::size_t, std::size_t size, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    if (exchange.on_chunk != nullptr && status_of(exchange.easy) / 100 == 2) {
        try {
            exchange.ended_by_caller = !(*exchange.on_chunk)(std::string_view(data, size));
        } catch (...) {  // must not travel through C frames
            exchange.thrown = std::current_exception();
        }
        exchange.last_activity = system_clock().steady_now();
        return exchange.ended_by_caller || exchange.thrown ? 0 : size;
    }
    exchange.last_activity = system_clock().steady_now();
    if (exchange.response.body.size() + size > exchange.body_bytes_max) {
        exchange.too_large = true;
        return 0;
    }
    exchange.response.body.append(data, size);
    return size;
}

CURLcode use_trust_store(CURL*, void* context, void* store) {
    SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
    return CURLE_OK;
}

bool holds_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

/// The request's fields in libcurl's notation, without those that libcurl would add by itself.
Result<HeaderList> header_list(Request const& request) {
    HeaderList list;
    auto const append = [&](std::string const& line) {
        if (curl_slist* const longer = curl_slist_append(list.get(), line.c_str())) {
            static_cast<void>(list.release());
            list.reset(longer);
        }
    };
    for (auto const& [name, value] : request.headers) {
        if (name.empty() || name.find(':') != std::string::npos || holds_line_break(name) ||
            holds_line_break(value)) {
            return fail(invalid_argument("header " + printable(name, 64) +
                                         " cannot be sent: a name without ':' and a value without "
                                         "line breaks are needed"));
        }
        append(value.empty() ? name + ";" : name + ": " + value);
    }
    for (std::string const name : {"Content-Type", "Accept", "Expect"}) {
        if (!request.headers.has(name)) {
            append(name + ":");
        }
    }
    return list;
}

class CurlTransport final : public Transport {
  public:
    /// `connect_only`: send() ends where a request would begin, with an empty response.
    CurlTransport(CurlTransportOptions options, bool connect_only)
        : options_(std::move(options)),
          proxy_of_(proxy_of(options_.proxy)),
          connect_only_(connect_only),
          trust_(make_trust_store(options_.tls.ca_pem, options_.tls.use_system_cas)),
          pool_(options_.idle_connections_max) {
        for (auto const& [host, pem] : options_.tls.ca_of_host) {
            trust_of_host_.emplace(host, make_trust_store(pem, false));
        }
    }

    Result<Response> send(Request const& request, std::stop_token stop) override {
        return exchange(request, nullptr, milliseconds::zero(), std::move(stop));
    }

    Result<Response> stream(Request const& request, OnChunk const& on_chunk,
                            milliseconds idle_timeout, std::stop_token stop) override {
        return exchange(request, &on_chunk, idle_timeout, std::move(stop));
    }

  private:
    Result<Response> exchange(Request const& request, OnChunk const* on_chunk,
                              milliseconds idle_timeout, std::stop_token stop);
    Result<void> prepare(Pair& pair, Request const& request, Url const& url, HeaderList& headers,
                         HeaderList& connect_to) const;
    void prepare_tls(CURL* easy, x509_store_st* trust) const;
    void prepare_proxy(CURL* easy) const;
    [[nodiscard]] Result<TrustStore> const& trust_for(std::string const& host) const;
    static Result<CURLcode> run(Pair& pair, Exchange& state, Request const& request,
                                milliseconds idle_timeout, std::string const& host,
                                std::stop_token const& stop);

    CurlTransportOptions const options_;
    ProxyOf const proxy_of_;
    bool const connect_only_;
    Result<TrustStore> const trust_;
    std::map<std::string, Result<TrustStore>> trust_of_host_;
    PairPool pool_;
};

Result<TrustStore> const& CurlTransport::trust_for(std::string const& host) const {
    auto const found = trust_of_host_.find(host);
    return found == trust_of_host_.end() ? trust_ : found->second;
}

void CurlTransport::prepare_proxy(CURL* easy) const {
    std::string const url(options_.proxy->url.reveal());  // libcurl copies it
    curl_easy_setopt(easy, CURLOPT_PROXY, url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");  // decided already, and not the environment's
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

void CurlTransport::prepare_tls(CURL* easy, x509_store_st* trust) const {
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &use_trust_store);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, trust);
    if (!options_.tls.client_certificate_pem.empty()) {
        std::string const& certificate = options_.tls.client_certificate_pem;
        std::string_view const key = options_.tls.client_key_pem.reveal();
        // libcurl does not write through these pointers; its type is shared with other uses.
        curl_blob certificate_blob{const_cast<char*>(certificate.data()), certificate.size(),
                                   CURL_BLOB_NOCOPY};
        curl_blob key_blob{const_cast<char*>(key.data()), key.size(), CURL_BLOB_NOCOPY};
        curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
        curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate_blob);
        curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
        curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key_blob);
    }
}

Result<void> CurlTransport::prepare(Pair& pair, Request const& request, Url const& url,
                                    HeaderList& headers, HeaderList& connect_to) const {
    CURL* const easy = pair.easy.get();
    curl_easy_reset(easy);
    RT_TRY(headers, header_list(request));
    std::string target = request.url;
    auto const [host, port] = host_and_port(url.authority, url.scheme == "http" ? "80" : "443");
    if (!options_.tls.server_name.empty()) {
        // Connects to the URL's address, but asks for and checks another name.
        target = url.scheme + "://" + options_.tls.server_name + ":" + port +
                 request.url.substr(url.scheme.size() + 3 + url.authority.size());
        connect_to.reset(curl_slist_append(nullptr, ("::" + host + ":" + port).c_str()));
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to.get());
        if (!request.headers.has("Host")) {
            if (curl_slist* const longer =
                    curl_slist_append(headers.get(), ("Host: " + url.authority).c_str())) {
                static_cast<void>(headers.release());
                headers.reset(longer);
            }
        }
    }
    if (auto const other = options_.connect_to.find(to_lower_ascii(host));
        other != options_.connect_to.end()) {
        auto const [to_host, to_port] = host_and_port(other->second, port);
        connect_to.reset(curl_slist_append(
            nullptr, (host + ":" + port + ":" + to_host + ":" + to_port).c_str()));
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to.get());
    }
    curl_easy_setopt(easy, CURLOPT_URL, target.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // signatures cover the path as written
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a stop must not wait for the resolver
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, keepalive_idle_s);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, keepalive_interval_s);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(std::min(request.timeout, connect_timeout_max).count()));
    bool const sends_body = !request.body.empty() || request.method == "POST" ||
                            request.method == "PUT" || request.method == "PATCH";
    if (request.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (sends_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    }
    if (request.method != "HEAD") {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    if (url.scheme == "https") {
        Result<TrustStore> const& trust = trust_for(to_lower_ascii(host));
        if (!trust) {
            return fail(trust.error().with_context(printable(host, 260)));
        }
        prepare_tls(easy, trust->get());
        if (!proxy_of_(url.authority).empty()) {
            prepare_proxy(easy);
        }
    }
    return {};
}

/// Drives one transfer to its end, a stop or a deadline.
Result<CURLcode> CurlTransport::run(Pair& pair, Exchange& state, Request const& request,
                                    milliseconds idle_timeout, std::string const& host,
                                    std::stop_token const& stop) {
    CURLM* const multi = pair.multi.get();
    std::stop_callback const wake(stop, [multi] { curl_multi_wakeup(multi); });
    SteadyTime const started = system_clock().steady_now();
    state.last_activity = started;
    while (true) {
        int running = 0;
        CURLMcode const performed = curl_multi_perform(multi, &running);
        if (performed != CURLM_OK) {
            return fail(internal_error(host + ": " + curl_multi_strerror(performed)));
        }
        int queued = 0;
        while (CURLMsg const* const message = curl_multi_info_read(multi, &queued)) {
            if (message->msg == CURLMSG_DONE) {
                return message->data.result;
            }
        }
        if (stop.stop_requested()) {
            return fail(Error{ErrorKind::Cancelled, host + ": stopped before the answer"});
        }
        bool const streaming = state.on_chunk != nullptr && state.head_complete;
        SteadyTime const deadline =
            streaming ? state.last_activity + idle_timeout : started + request.timeout;
        auto const left = std::chrono::ceil<milliseconds>(deadline - system_clock().steady_now());
        if (left <= milliseconds::zero()) {
            return fail(Error{
                ErrorKind::DeadlineExceeded,
                host + (streaming ? ": nothing arrived for " : ": no complete answer within ") +
                    std::to_string((streaming ? idle_timeout : request.timeout).count()) + " ms"});
        }
        // One second at most: the clock above counts suspends, poll's does not.
        int const wait_ms = static_cast<int>(std::min(left, milliseconds(1000)).count());
        curl_multi_poll(multi, nullptr, 0, wait_ms, nullptr);
    }
}

Result<Response> CurlTransport::exchange(Request const& request, OnChunk const* on_chunk,
                                         milliseconds idle_timeout, std::stop_token stop) {
    Url const url = split_url(request.url);
    if ((url.scheme != "http" && url.scheme != "https") || url.authority.empty() ||
        url.authority.find('@') != std::string::npos) {
        return fail(invalid_argument("a URL must be http(s)://host[:port]/..., without user@"));
    }
    std::string const host = printable(url.authority, 260);
    if (stop.stop_requested()) {
        return fail(Error{ErrorKind::Cancelled, host + ": stopped before the request"});
    }
    auto pair = pool_.take(url.scheme + "://" + url.authority);
    if (!pair->usable()) {
        return fail(internal_error("libcurl cannot make a handle: out of memory or sockets"));
    }
    HeaderList headers;
    HeaderList connect_to;
    RT_CHECK(prepare(*pair, request, url, headers, connect_to));
    CURL* const easy = pair->easy.get();
    Exchange state;
    state.easy = easy;
    state.body_bytes_max = options_.body_bytes_max;
    state.on_chunk = on_chunk;
    std::array<char, CURL_ERROR_SIZE> detail{};
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail.data());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &state);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &state);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, connect_only_ ? 1L : 0L);
    curl_multi_setopt(pair->multi.get(), CURLMOPT_MAXCONNECTS, 1L);
    curl_multi_add_handle(pair->multi.get(), easy);
    auto const outcome = run(*pair, state, request, idle_timeout, host, stop);
    state.response.status = status_of(easy);
    curl_multi_remove_handle(pair->multi.get(), easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
    pool_.put_back(std::move(pair));
    if (state.thrown) {
        std::rethrow_exception(state.thrown);
    }
    if (!outcome) {
        return fail(outcome.error());
    }
    if (state.too_large) {
        return fail(Error{ErrorKind::Corrupt, host + ": the answer is larger than the limit of " +
                                                  std::to_string(options_.body_bytes_max) +
                                                  " bytes"});
    }
    if (*outcome != CURLE_OK && !state.ended_by_caller) {
        std::string const proxy = url.scheme == "https" ? proxy_of_(url.authority) : "";
        Error error = curl_error(*outcome, proxy.empty() ? host : host + " (proxy " + proxy + ")",
                                 detail.data());
        error.http_status = state.response.status;
        return fail(std::move(error));
    }
    if (connect_only_) {
        return Response{};
    }
    if (!state.head_complete) {
        // libcurl takes a head that breaks off for a short answer; half a head is none.
        return fail(curl_error(CURLE_GOT_NOTHING, host, {}));
    }
    return std::move(state.response);
}

/// Not thread-safe in itself, so it happens once, before the first handle exists.
void initialise_curl() {
    static CURLcode const initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(initialised);
}

}  // namespace

std::unique_ptr<Transport> make_curl_transport(CurlTransportOptions options) {
    initialise_curl();
    return std::make_unique<CurlTransport>(std::move(options), false);
}

Result<void> verify_server(std::string const& url, TlsOptions tls, milliseconds timeout,
                           std::stop_token stop) {
    initialise_curl();
    CurlTransportOptions options;
    options.tls = std::move(tls);
    CurlTransport transport(std::move(options), true);
    Request request;
    request.url = url;
    request.timeout = timeout;
    RT_CHECK(transport.send(request, std::move(stop)));
    return {};
}

}  // namespace rt::http
