#include "webhook/events.hpp"

#include <algorithm>
#include <string>

#include "lib/base/log.hpp"
#include "lib/base/text.hpp"

namespace rt::webhook {
namespace {

std::string api_version(std::string_view group, std::string_view version) {
    return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
}

}  // namespace

TokenBucket::TokenBucket(double rate, double burst, Clock& clock)
    : rate_(rate), burst_(burst), clock_(clock), tokens_(burst), filled_(clock.steady_now()) {}

bool TokenBucket::take() {
    std::lock_guard const lock(mutex_);
    auto const now = clock_.steady_now();
    double const passed = std::chrono::duration<double>(now - filled_).count();
    filled_ = now;
    tokens_ = std::min(burst_, tokens_ + passed * rate_);
    if (tokens_ < 1) {
        return false;
    }
    tokens_ -= 1;
    return true;
}

kube::ObjectReference regarding(Review const& review) {
    for (Owner const& owner : review.object.owners) {
        if (owner.controller) {
            return {std::string(owner.api_version), std::string(owner.kind), std::string(review.ns),
                    std::string(owner.name), std::string(owner.uid)};
        }
    }
    std::string_view const name = review.name.empty() ? review.object.name : review.name;
    return {api_version(review.kind_group, review.kind_version), std::string(review.kind),
            std::string(review.ns), std::string(name), std::string(review.object.uid)};
}

EventMirror::EventMirror(kube::EventRecorder& recorder, Clock& clock)
    : recorder_(recorder), events_(20, 200, clock), lines_(10, 100, clock) {}

void EventMirror::observe(Review const& review, Decision const& decision, Note const& note) {
    std::string const code(tenancy::code_of(note.reason));
    bool const about_something = !review.ns.empty() && !review.kind.empty();
    if (!review.dry_run && about_something && events_.take()) {
        recorder_.record(regarding(review), kube::EventType::Warning, code,
                         decision.outcome == Outcome::Denied ? "Denied" : "Admitted", note.text);
    }
    if (decision.outcome != Outcome::Denied) {
        return;
    }
    if (!lines_.take()) {
        std::lock_guard const lock(mutex_);
        ++lines_dropped_;
        return;
    }
    std::uint64_t dropped = 0;
    {
        std::lock_guard const lock(mutex_);
        std::swap(dropped, lines_dropped_);
    }
    log_info("denied", {{"reason", code},
                        {"namespace", printable(review.ns, 63)},
                        {"kind", printable(review.kind, 63)},
                        {"name", printable(review.name, 253)},
                        {"user", printable(review.user, 253)},
                        {"dryRun", review.dry_run},
                        {"note", note.text},
                        {"linesDropped", dropped}});
}

}  // namespace rt::webhook
