#pragma once

#include "webhook/admission/decision.hpp"
#include "webhook/admission/rules.hpp"

namespace rt::webhook {

/// Decides about a request to /validate. Pure. Outcome::NamespaceUnknown asks for a later try; a
/// caller that can't wait any longer turns it into a denial with give_up_waiting().
[[nodiscard]] Decision decide(Review const& review, PolicyView const& view,
                              AdmissionSettings const& settings);

/// The denial of a request whose namespace stayed unknown.
[[nodiscard]] Decision give_up_waiting(Decision decision);

/// The denial of a request that can't be understood, and of one over which we failed.
[[nodiscard]] Decision deny_unreadable();
[[nodiscard]] Decision deny_failed();

/// What /mutate changes in a Pod.
struct Injection {
    bool pull_secret = false;
    bool pull_always = false;
    [[nodiscard]] bool nothing() const { return !pull_secret && !pull_always; }
};

/// Decides what to inject. Pure. Never depends on whether anything is allowed: that is /validate's.
/// A namespace about which nothing is known gets the reference: it grants nothing by itself, and
/// can't be added later.
[[nodiscard]] Injection decide_injection(Review const& review, PolicyView const& view,
                                         AdmissionSettings const& settings);

}  // namespace rt::webhook
