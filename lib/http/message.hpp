#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rt::http {

/// Header fields in order; names compare without case (RFC 9110 section 5.1).
class Headers {
  public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

    void add(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
    }
    /// The first value of `name`, or empty.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] auto begin() const { return fields_.begin(); }
    [[nodiscard]] auto end() const { return fields_.end(); }
    [[nodiscard]] std::size_t size() const { return fields_.size(); }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// A request as a value. `url` is absolute for clients. Header values may hold credentials:
/// requests are never logged or put into errors whole.
struct Request {
    std::string method = "GET";
    std::string url;
    Headers headers{};
    std::string body{};
    /// The whole exchange; for streams, the time until the response head.
    std::chrono::milliseconds timeout{30'000};
};

struct Response {
    int status = 0;
    Headers headers{};
    std::string body{};
};

/// A URL's parts; "https://host:port/path?query".
struct Url {
    std::string scheme;
    std::string authority;  ///< host[:port] as written
    std::string path;       ///< starts with '/', without the query
    std::string query;      ///< without '?'
};
[[nodiscard]] Url split_url(std::string_view url);

}  // namespace rt::http
