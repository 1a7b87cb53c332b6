#include "lib/http/server_response.hpp"

#include <array>
#include <charconv>

namespace rt::http {
namespace {

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 204:
            return "No Content";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        default:
            return "Status";
    }
}

void append_number(std::string& out, std::size_t number) {
    std::array<char, 24> digits;
    auto const [end, code] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace

void append_head(std::string& out, ResponseHead const& head) {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(head.status));
    out += ' ';
    out += reason_phrase(head.status);
    if (!head.date.empty()) {
        out += "\r\nDate: ";
        out += head.date;
    }
    if (head.body_bytes > 0) {
        out += "\r\nContent-Type: ";
        out += head.content_type;
    }
    out += "\r\nContent-Length: ";
    append_number(out, head.body_bytes);
    if (head.retry_after_seconds > 0) {
        out += "\r\nRetry-After: ";
        append_number(out, static_cast<std::size_t>(head.retry_after_seconds));
    }
    if (head.close) {
        out += "\r\nConnection: close";
    }
    out += "\r\n\r\n";
}

}  // namespace rt::http
