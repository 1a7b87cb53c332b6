#pragma once

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <string>

#include "lib/http/server.hpp"

namespace rt::http {

namespace beast_http = boost::beast::http;

/// Beast's parser, keeping only what a handler is shown, and stricter than it about framing.
class RequestParser final : public beast_http::basic_parser<true> {
  public:
    explicit RequestParser(ServerLimits const& limits) : fields_max_(limits.header_fields_max) {
        eager(false);
        header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        body_limit(limits.body_bytes_max);
    }

    boost::beast::string_view method{};
    boost::beast::string_view target{};
    boost::beast::string_view content_type{};
    std::string decoded{};  ///< a chunked body
    int version = 0;        ///< 11 for HTTP/1.1
    bool has_host = false;
    bool wants_continue = false;
    bool unknown_expectation = false;
    bool too_many_fields = false;

  private:
    using Verb = beast_http::verb;
    using Field = beast_http::field;

    void on_request_impl(Verb, boost::beast::string_view verb, boost::beast::string_view path,
                         int number, boost::system::error_code&) override {
        method = verb;
        target = path;
        version = number;
    }
    void on_response_impl(int, boost::beast::string_view, int,
                          boost::system::error_code&) override {}
    void on_field_impl(Field name, boost::beast::string_view, boost::beast::string_view value,
                       boost::system::error_code& ec) override {
        if (is_header_done()) {
            return;  // a trailer; none means anything to us
        }
        if (++fields_ > fields_max_) {
            too_many_fields = true;
            ec = beast_http::error::header_limit;
        } else if (name == Field::content_type) {
            content_type = value;
        } else if (name == Field::host) {
            ec = has_host ? beast_http::error::bad_field : boost::system::error_code();
            has_host = true;
        } else if (name == Field::content_length) {
            // One length in plain digits: whoever reads a list differently sees another request.
            bool const digits = !value.empty() && std::ranges::all_of(value, [](char character) {
                return character >= '0' && character <= '9';
            });
            ec = has_length_ || !digits ? beast_http::error::bad_content_length
                                        : boost::system::error_code();
            has_length_ = true;
        } else if (name == Field::transfer_encoding) {
            bool const chunked_only = boost::beast::iequals(value, "chunked");
            ec = chunked_only ? boost::system::error_code()
                              : beast_http::error::bad_transfer_encoding;
        } else if (name == Field::expect) {
            wants_continue = boost::beast::iequals(value, "100-continue");
            unknown_expectation = !wants_continue;
        }
    }
    void on_header_impl(boost::system::error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&,
                           boost::system::error_code&) override {}
    std::size_t on_body_impl(boost::beast::string_view body, boost::system::error_code&) override {
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, boost::beast::string_view,
                              boost::system::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view body,
                                   boost::system::error_code&) override {
        decoded.append(body.data(), body.size());
        return body.size();
    }
    void on_finish_impl(boost::system::error_code&) override {}

    std::size_t const fields_max_;
    std::size_t fields_ = 0;
    bool has_length_ = false;
};

}  // namespace rt::http
