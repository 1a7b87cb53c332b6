#include "lib/http/server_metrics.hpp"

#include <algorithm>
#include <string_view>

namespace rt::http {
namespace {

constexpr std::array<char const*, 6> class_names{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

constexpr std::array<char const*, static_cast<std::size_t>(Rejection::Count)> rejection_names{
    "connections",       "connections_per_peer", "handshakes",         "handshake_failed",
    "handshake_timeout", "no_certificate",       "header_timeout",     "header_too_large",
    "body_timeout",      "body_too_large",       "body_budget",        "malformed",
    "suspended",         "suspended_per_peer",   "suspended_too_long", "answer_timeout"};

}  // namespace

void RequestTally::count_refused(int status) {
    std::size_t const status_class =
        status >= 100 && status < 600 ? static_cast<std::size_t>(status / 100) : std::size_t{0};
    ++by_class[status_class];
    dirty = true;
}

void RequestTally::count(int status, std::chrono::nanoseconds latency) {
    count_refused(status);
    auto const bound = std::ranges::lower_bound(bounds_ns, latency.count());
    ++by_latency[static_cast<std::size_t>(bound - bounds_ns.begin())];
    latency_sum_ns += latency.count();
}

ServerMetrics::ServerMetrics(Metrics& metrics, std::string const& prefix) {
    if (prefix.empty()) {
        return;
    }
    for (std::size_t index = 0; index < class_names.size(); ++index) {
        by_class_[index] =
            &metrics.counter(prefix + "_requests_total", "Requests answered, by status class.",
                             {{"class", class_names[index]}});
    }
    for (std::size_t index = 0; index < rejection_names.size(); ++index) {
        rejected_[index] = &metrics.counter(
            prefix + "_rejected_total",
            "Connections and requests turned away before a handler saw them, by reason.",
            {{"reason", rejection_names[index]}});
    }
    std::vector<double> bounds;
    bounds.reserve(RequestTally::bounds_ns.size());
    for (std::int64_t const bound : RequestTally::bounds_ns) {
        bounds.push_back(static_cast<double>(bound) * 1e-9);
    }
    latency_ =
        &metrics.histogram(prefix + "_request_duration_seconds",
                           "From the whole request's arrival to its answer being ready.", bounds);
    exceptions_ = &metrics.counter(prefix + "_handler_exceptions_total",
                                   "Requests answered 500 because the handler threw: a bug.");
    connections_ = &metrics.gauge(prefix + "_connections", "Open connections.");
}

void ServerMetrics::rejected(Rejection reason) {
    if (Counter* const counter = rejected_[static_cast<std::size_t>(reason)]) {
        counter->Increment();
    }
}

void ServerMetrics::connected(int difference) {
    if (connections_ != nullptr) {
        connections_->Increment(difference);
    }
}

void ServerMetrics::flush(RequestTally& tally) {
    if (!tally.dirty) {
        return;
    }
    if (latency_ != nullptr) {
        for (std::size_t index = 0; index < by_class_.size(); ++index) {
            by_class_[index]->Increment(tally.by_class[index]);
        }
        std::vector<double> const buckets(tally.by_latency.begin(), tally.by_latency.end());
        latency_->ObserveMultiple(buckets, static_cast<double>(tally.latency_sum_ns) * 1e-9);
        exceptions_->Increment(tally.exceptions);
    }
    tally = RequestTally();
}

}  // namespace rt::http
