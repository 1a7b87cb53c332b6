#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sim {

/// One HTTP request as a value: what a simulator's answer may depend on.
struct Request {
    std::string method;
    std::string path;                            ///< still percent-encoded
    std::string query;                           ///< still percent-encoded, without '?'
    std::map<std::string, std::string> headers;  ///< names in lower case, values trimmed
    std::string body;

    /// The header's value, or an empty text.
    [[nodiscard]] std::string const& header(std::string const& lower_case_name) const;
};

/// One HTTP answer as a value, with the misbehaviour that a fault asks for.
struct Response {
    int status = 200;
    std::string content_type = "application/json;charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    int delay_seconds = 0;  ///< answer this much later
    bool hang = false;      ///< never answer: the caller has to give up
};

/// The outcome that a cloud reports as an error.
struct CloudError {
    int http = 400;
    std::string code;
    std::string message;
};

}  // namespace sim
