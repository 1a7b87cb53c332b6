#include "lib/http/curl_error.hpp"

#include <curl/curl.h>

#include "lib/base/text.hpp"

namespace rt::http {
namespace {

struct Meaning {
    ErrorKind kind;
    std::string_view what;
    bool detail_is_harmless;
    std::string_view code = {};
};

Meaning meaning_of(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return {ErrorKind::Unavailable, "resolving the name failed", false, dns_failed};
        case CURLE_COULDNT_RESOLVE_PROXY:
            return {ErrorKind::Unavailable, "resolving the name of the proxy failed", true};
        case CURLE_COULDNT_CONNECT:
            return {ErrorKind::Unavailable, "connecting failed", true};
        case CURLE_OPERATION_TIMEDOUT:
            return {ErrorKind::DeadlineExceeded, "no complete answer within the time limit", false};
        case CURLE_PEER_FAILED_VERIFICATION:
            return {ErrorKind::Unavailable, "the certificate is not accepted", true, tls_untrusted};
        case CURLE_SSL_CONNECT_ERROR:
            return {ErrorKind::Unavailable, "the TLS handshake failed", true};
        case CURLE_SSL_CERTPROBLEM:
            return {ErrorKind::InvalidArgument, "the client certificate and key cannot be used",
                    false};
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
            return {ErrorKind::Unavailable, "TLS could not be set up", true};
        case CURLE_GOT_NOTHING:
            return {ErrorKind::Unavailable, "the connection was closed without an answer", false};
        case CURLE_PARTIAL_FILE:
            return {ErrorKind::Unavailable, "the connection was closed in the middle of the answer",
                    false};
        case CURLE_SEND_ERROR:
            return {ErrorKind::Unavailable, "sending the request failed", true};
        case CURLE_RECV_ERROR:
            return {ErrorKind::Unavailable, "receiving the answer failed", true};
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:  // what libcurl calls an HTTP/0.9 answer
        case CURLE_BAD_CONTENT_ENCODING:
            return {ErrorKind::Corrupt, "the answer is not HTTP/1.1", false};
        case CURLE_OUT_OF_MEMORY:  // libcurl's word for a header line over its own limit of 100 KB
            return {ErrorKind::Corrupt, "the answer's head is larger than accepted", false};
        case CURLE_URL_MALFORMAT:
            return {ErrorKind::InvalidArgument, "the URL is malformed", false};
        default:
            return {ErrorKind::Unavailable, "the request failed", false};
    }
}

}  // namespace

Error curl_error(int code, std::string_view host, std::string_view detail) {
    auto const curl_code = static_cast<CURLcode>(code);
    Meaning const meaning = meaning_of(curl_code);
    std::string message = printable(host, 260) + ": " + std::string(meaning.what);
    if (meaning.detail_is_harmless && !detail.empty()) {
        message += " (" + printable(detail, 300) + ")";
    } else if (meaning.what == "the request failed") {
        message += " (" + std::string(curl_easy_strerror(curl_code)) + ")";
    }
    return Error{meaning.kind, std::move(message), std::string(meaning.code)};
}

}  // namespace rt::http
