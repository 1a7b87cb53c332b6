#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/sim/common/http_values.hpp"

namespace sim {

enum class FaultMode { Error, Throttle, Garbage, Timeout, Empty, Expired, Slow, Short, Clock };

/// One rule of the faults file: the requests that it meets and what happens to them.
struct Fault {
    FaultMode mode = FaultMode::Error;
    std::string action;   ///< exact; empty: every action
    std::string role;     ///< part of the role's ARN; empty: every role
    std::string session;  ///< part of the session name; empty: every session
    std::string scope;    ///< part of the asked scope (auth); empty: every scope
    std::string code;
    std::string message;
    int http = 0;     ///< 0: the mode's own
    long count = -1;  ///< the first N matching requests; -1: all
    int seconds = 0;  ///< slow: the delay; throttle: the wait that is announced; short: the life
    long offset_seconds = 0;  ///< clock: how far it is ahead
    bool date_header = true;  ///< clock: whether the Date header tells the same wrong time
    bool operator==(Fault const&) const = default;
};

/// What a request offers to the rules for comparison.
struct FaultTarget {
    std::string_view action;
    std::string_view role;
    std::string_view session;
    std::string_view scope;
};

/// A whole faults file.
struct FaultPlan {
    std::optional<long> session_seconds;    ///< life of assumed sessions, whatever was asked for
    std::optional<bool> hardened_metadata;  ///< overrides the world's setting
    std::vector<Fault> faults;              ///< this simulator's, in order; the first match counts
};

/// Reads a plan for one simulator, by the name of its section; unknown keys and simulators are
/// refused by a std::runtime_error that names them.
FaultPlan parse_faults(std::string const& yaml, std::string const& simulator);

/// The faults file, read again at every request. An absent or empty file means no faults.
class FaultFile {
  public:
    FaultFile(std::string path, std::string simulator);

    /// Reads the file. Throws std::runtime_error when it is broken: a test that wrote it must hear.
    void refresh();
    [[nodiscard]] std::optional<long> session_seconds();
    [[nodiscard]] std::optional<bool> hardened_metadata();
    /// The first rule of mode clock whose role and session stand in the request's text, if any.
    [[nodiscard]] std::optional<Fault> clock_for(std::string_view text);
    /// The fault for this request, if any, but a clock's; counts it. A rule that stays in the
    /// file keeps its count when others come and go.
    [[nodiscard]] std::optional<Fault> take(FaultTarget const& target);

  private:
    std::string path_;
    std::string simulator_;
    std::mutex mutex_;
    std::string text_;
    FaultPlan plan_;
    std::vector<long> used_;
};

/// How one simulator writes an error.
using RenderError = std::function<Response(CloudError const&)>;

/// The whole answer for modes that replace it (error, throttle, garbage, empty, timeout); nothing
/// for expired, slow, short and clock, which change a normal answer.
std::optional<Response> answer_of_fault(Fault const& fault, CloudError const& throttled,
                                        RenderError const& render);

}  // namespace sim
