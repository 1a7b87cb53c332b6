#include "webhook/metrics.hpp"

#include <string>

#include "lib/tenancy/judge.hpp"

namespace rt::webhook {
namespace {

constexpr char const* requests_name = "registry_tenancy_webhook_admission_requests_total";
constexpr char const* requests_help =
    "Admission requests answered, by endpoint, decision and reason code.";
constexpr char const* errors_name = "registry_tenancy_webhook_admission_errors_total";
constexpr char const* errors_help =
    "Admission requests that were no AdmissionReview (refused) or met a failure of ours (failed).";

constexpr std::array<char const*, endpoints_count> endpoint_names{"mutate", "validate",
                                                                  "validate-registrytenancy"};

std::string reason_name(std::size_t index) {
    return index == 0 ? "none"
                      : std::string(tenancy::code_of(static_cast<tenancy::Reason>(index - 1)));
}

/// Whether a decision can come out this way at all; the others get no series.
bool possible(EndpointName endpoint, Outcome outcome, std::size_t reason) {
    if (outcome == Outcome::NamespaceUnknown || endpoint == EndpointName::Mutate) {
        return false;
    }
    bool const has_reason = reason != 0;
    if (endpoint == EndpointName::Resources) {
        return !has_reason && (outcome == Outcome::Allowed || outcome == Outcome::Denied);
    }
    bool const notice = has_reason && !tenancy::denies(static_cast<tenancy::Reason>(reason - 1));
    switch (outcome) {
        case Outcome::Allowed:
            return !has_reason;
        case Outcome::Denied:
        case Outcome::Audited:
            return has_reason && !notice;
        default:
            return has_reason;
    }
}

}  // namespace

AdmissionMetrics::AdmissionMetrics(Metrics& metrics)
    : patched_(
          metrics.counter(requests_name, requests_help,
                          {{"endpoint", "mutate"}, {"decision", "patched"}, {"reason", "none"}})),
      unpatched_(
          metrics.counter(requests_name, requests_help,
                          {{"endpoint", "mutate"}, {"decision", "allowed"}, {"reason", "none"}})),
      grandfathered_(metrics.counter(
          "registry_tenancy_webhook_grandfathered_images_total",
          "Images that updates left unchanged and that nothing allows any more; admitted.")),
      refused_(metrics.counter(errors_name, errors_help, {{"cause", "refused"}})),
      failed_(metrics.counter(errors_name, errors_help, {{"cause", "failed"}})),
      namespaces_(
          metrics.gauge("registry_tenancy_webhook_index_namespaces", "Namespaces in the index.")),
      governed_(metrics.gauge("registry_tenancy_webhook_index_governed_namespaces",
                              "Namespaces that a RegistryTenancy governs.")),
      tenancies_(metrics.gauge("registry_tenancy_webhook_index_tenancies",
                               "RegistryTenancies in the index.")),
      registries_(
          metrics.gauge("registry_tenancy_webhook_index_registries", "Registries in the index.")),
      exceptions_(metrics.gauge("registry_tenancy_webhook_index_exceptions",
                                "RegistryExceptions in the index that have not ended.")),
      unreadable_(metrics.gauge("registry_tenancy_webhook_index_unreadable_objects",
                                "Objects of ours that cannot be read.")),
      synced_(metrics.gauge("registry_tenancy_webhook_index_synced",
                            "1 where every watch has delivered a complete list.")),
      age_(metrics.gauge("registry_tenancy_webhook_index_age_seconds",
                         "Time since the index was last proven complete.")),
      certificate_expiry_(
          metrics.gauge("registry_tenancy_webhook_certificate_expiry_timestamp_seconds",
                        "When the serving certificate expires; 0 without one.")) {
    for (std::size_t o = 0; o < outcomes_count; ++o) {
        for (std::size_t r = 0; r < tenancy::reasons_count; ++r) {
            auto const outcome = static_cast<Outcome>(o);
            auto const reason = static_cast<tenancy::Reason>(r);
            // Requests that are allowed without a word have no findings, and whole requests that
            // cannot be judged none of their own.
            if (outcome != Outcome::Allowed && outcome != Outcome::NamespaceUnknown &&
                reason != tenancy::Reason::PolicyUnavailable) {
                findings_[o][r] = &metrics.counter(
                    "registry_tenancy_webhook_findings_total",
                    "Images and pull Secrets found fault with, or allowed with a word, by reason "
                    "code and by what became of the request.",
                    {{"reason", std::string(tenancy::code_of(reason))},
                     {"decision", std::string(name_of(outcome))}});
            }
        }
    }
    for (std::size_t e = 0; e < endpoints_count; ++e) {
        durations_[e] = &metrics.histogram(
            "registry_tenancy_webhook_admission_duration_seconds",
            "Time from the whole request to its answer, waiting for a namespace included.",
            {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1, 2.5},
            {{"endpoint", endpoint_names[e]}});
        for (std::size_t o = 0; o < outcomes_count; ++o) {
            for (std::size_t r = 0; r < reasons_count; ++r) {
                auto const outcome = static_cast<Outcome>(o);
                if (possible(static_cast<EndpointName>(e), outcome, r)) {
                    decisions_[e][o][r] =
                        &metrics.counter(requests_name, requests_help,
                                         {{"endpoint", endpoint_names[e]},
                                          {"decision", std::string(name_of(outcome))},
                                          {"reason", reason_name(r)}});
                }
            }
        }
    }
}

void AdmissionMetrics::decided(EndpointName endpoint, Outcome outcome,
                               std::optional<tenancy::Reason> reason) {
    std::size_t const index = reason ? static_cast<std::size_t>(*reason) + 1 : 0;
    Counter* const counter =
        decisions_[static_cast<std::size_t>(endpoint)][static_cast<std::size_t>(outcome)][index];
    if (counter != nullptr) {
        counter->Increment();
    }
}

void AdmissionMetrics::found(Decision const& decision) {
    auto const& counters = findings_[static_cast<std::size_t>(decision.outcome)];
    for (tenancy::Finding const& finding : decision.findings) {
        if (Counter* const counter = counters[static_cast<std::size_t>(finding.reason)]) {
            counter->Increment();
        }
    }
    if (decision.grandfathered != 0) {
        grandfathered_.Increment(static_cast<double>(decision.grandfathered));
    }
}

void AdmissionMetrics::observe(EndpointName endpoint, std::chrono::nanoseconds duration) {
    durations_[static_cast<std::size_t>(endpoint)]->Observe(
        std::chrono::duration<double>(duration).count());
}

void AdmissionMetrics::show(IndexFigures const& figures) {
    namespaces_.Set(static_cast<double>(figures.namespaces));
    governed_.Set(static_cast<double>(figures.governed));
    tenancies_.Set(static_cast<double>(figures.tenancies));
    registries_.Set(static_cast<double>(figures.registries));
    exceptions_.Set(static_cast<double>(figures.exceptions));
    unreadable_.Set(static_cast<double>(figures.unreadable));
}

void AdmissionMetrics::show_snapshot(bool synced, std::chrono::milliseconds age) {
    synced_.Set(synced ? 1 : 0);
    age_.Set(std::chrono::duration<double>(age).count());
}

}  // namespace rt::webhook
