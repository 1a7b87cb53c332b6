#pragma once

#include <string>

#include "e2e/sim/common/text.hpp"

namespace sim {

/// One line of the request log: what was asked and how it ended. There is no field that could hold
/// a secret, a token or a signature.
struct LogRecord {
    std::string action;
    std::string caller;   ///< ARN
    std::string role;     ///< ARN of the role asked for, or of the caller's
    std::string session;  ///< session name
    std::string external_id;
    std::string policy;  ///< the session policy's text
    std::string instance;
    std::string scope;    ///< as asked, several separated by one space
    std::string granted;  ///< the subset that was granted
    std::string fault;    ///< the fault's mode, where one was applied
    std::string code;     ///< "OK" or the error's code
    int http = 200;
};

/// Appends JSON lines to a file that several simulators share.
class RequestLog {
  public:
    /// An empty path: nothing is written. Throws std::runtime_error where it cannot be opened.
    RequestLog(std::string const& path, std::string simulator);
    ~RequestLog();
    RequestLog(RequestLog const&) = delete;
    RequestLog& operator=(RequestLog const&) = delete;

    void append(TimePoint time, LogRecord const& record) const;

  private:
    int file_ = -1;
    std::string simulator_;
};

}  // namespace sim
