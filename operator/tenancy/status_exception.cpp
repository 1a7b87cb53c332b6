// status of a RegistryException.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/kube/core/condition.hpp"
#include "operator/tenancy/status.hpp"

namespace rt::op {
namespace {

constexpr std::size_t message_bytes_max = 4096;

/// Reasons that nothing but a change of the exception's spec can heal.
bool is_spec_error(std::string_view reason) {
    return reason == "PolicyTooLarge" || reason == "NotNarrowable" ||
           reason == "CredentialAmbiguous";
}

/// Conditions under construction; those of other writers are left out.
class Conditions {
  public:
    Conditions(Json const& before, std::int64_t generation, WallTime now)
        : all_(kube::conditions_of(Json{{"status", before}})), generation_(generation), now_(now) {}

    void set(std::string type, bool value, std::string reason, std::string const& message) {
        kube::Condition condition;
        condition.type = type;
        condition.status = value ? "True" : "False";
        condition.reason = std::move(reason);
        condition.message = printable(message, message_bytes_max);
        condition.observed_generation = generation_;
        kube::set_condition(all_, std::move(condition), now_);
        ours_.push_back(std::move(type));
    }
    [[nodiscard]] Json json() && {
        std::erase_if(all_, [&](kube::Condition const& one) {
            return std::find(ours_.begin(), ours_.end(), one.type) == ours_.end();
        });
        std::sort(all_.begin(), all_.end(), [](kube::Condition const& a, kube::Condition const& b) {
            return a.type < b.type;
        });
        return kube::to_json(all_);
    }

  private:
    std::vector<kube::Condition> all_;
    std::vector<std::string> ours_;
    std::int64_t generation_;
    WallTime now_;
};

std::string of_namespaces(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " namespace" : " namespaces");
}

void set_running(Conditions& conditions, ResultBoard::ExceptionTally const& tally,
                 std::string const& end) {
    conditions.set("Active", true, "InForce", "allows its images until " + end);
    if (tally.failed.empty()) {
        conditions.set("Ready", true, "Active",
                       "in force in " + of_namespaces(tally.namespaces) + " until " + end);
        conditions.set("Stalled", false, "NotStalled", "");
        return;
    }
    auto const& first = tally.failed.front();
    std::string const message =
        of_namespaces(tally.failed.size()) +
        " in which images are admitted, but a credential is not extended; " + first.ns + ": " +
        first.message;
    conditions.set("Ready", false, first.reason, message);
    bool const stalled = is_spec_error(first.reason);
    conditions.set("Stalled", stalled, stalled ? first.reason : "NotStalled",
                   stalled ? message : "");
}

}  // namespace

ResultBoard::ExceptionTally ResultBoard::tally_exception(std::string const& exception,
                                                         std::vector<std::string> const& namespaces,
                                                         std::uint64_t since) const {
    std::lock_guard const lock(mutex_);
    ExceptionTally tally;
    for (std::string const& ns : namespaces) {
        auto const found = results_.find(ns);
        if (found == results_.end() || found->second.sequence < since) {
            ++tally.pending;
            continue;
        }
        NamespaceResult const& result = found->second;
        if (std::find(result.exceptions.begin(), result.exceptions.end(), exception) ==
            result.exceptions.end()) {
            continue;
        }
        ++tally.namespaces;
        for (auto const& failure : result.exception_failures) {
            if (failure.exception == exception) {
                tally.failed.push_back({ns, failure.registry, failure.reason, failure.message});
                break;
            }
        }
    }
    std::sort(tally.failed.begin(), tally.failed.end(),
              [](Tally::Failed const& a, Tally::Failed const& b) { return a.ns < b.ns; });
    return tally;
}

Json exception_status(Declared<tenancy::RegistryException> const& declared,
                      ResultBoard::ExceptionTally const& tally, ExceptionTimes const& times) {
    Conditions conditions(*declared.status, declared.meta.generation, times.now);
    Json status = {{"observedGeneration", declared.meta.generation}};
    if (!declared.in_force) {
        std::string const errors = tenancy::to_string(declared.errors);
        conditions.set("Active", false, "InvalidSpec", "what cannot be read allows nothing");
        conditions.set("Ready", false, "InvalidSpec", errors);
        conditions.set("Stalled", true, "InvalidSpec", errors);
        conditions.set("Ending", false, "NotActive", "");
        status["conditions"] = std::move(conditions).json();
        return status;
    }
    WallTime const ends_at = declared.in_force->ends_at(times.longest_life);
    std::string const end = format_rfc3339(ends_at);
    status["endsAt"] = end;
    if (ends_at <= times.now) {
        std::string const message = "ended on " + end +
                                    ": it allows nothing, and is kept for the "
                                    "record; delete it whenever you like";
        conditions.set("Active", false, "Expired", message);
        conditions.set("Ready", true, "Expired", message);
        conditions.set("Stalled", false, "NotStalled", "");
        conditions.set("Ending", false, "Expired", "");
    } else {
        set_running(conditions, tally, end);
        bool const ending = ends_at - times.now <= exception_notice;
        conditions.set("Ending", ending, ending ? "EndsWithinADay" : "NotYet",
                       ending ? "ends on " + end : "");
    }
    status["conditions"] = std::move(conditions).json();
    return status;
}

std::optional<std::chrono::nanoseconds> exception_status_changes_in(
    Declared<tenancy::RegistryException> const& declared, ExceptionTimes const& times) {
    if (!declared.in_force) {
        return std::nullopt;
    }
    WallTime const ends_at = declared.in_force->ends_at(times.longest_life);
    for (WallTime const change : {ends_at - exception_notice, ends_at}) {
        if (times.now < change) {
            return change - times.now;
        }
    }
    return std::nullopt;
}

}  // namespace rt::op
