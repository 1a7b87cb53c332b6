#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// Whom a trouble may meet: this test and no other.
struct Victim {
    std::string ns;
    std::string role;  ///< in the cloud, as far as the test has one of its own
};

/// Breaks something for as long as what it returns lives.
using Breaking = std::function<std::shared_ptr<void>(Victim const&)>;

/// One thing that goes wrong between operator and registry, and what people are told.
struct Trouble {
    std::string name;
    Breaking breaking;
    std::string reason;              ///< of the tenancy's condition Ready: one of those below
    std::string code;                ///< in its message: what went wrong, in one word
    std::vector<std::string> words;  ///< each in an Event on the tenancy: what an admin needs
    bool pulls = true;               ///< whether the registry still takes the last credential
};
/// Somebody must change something: it is tried again slowly.
inline constexpr char denied[] = "CredentialDenied";
/// It may go away by itself.
inline constexpr char unavailable[] = "CredentialUnavailable";

/// A rule of faults.yaml for one simulator that meets the victim's role (or its namespace).
Breaking fault_for_role(std::string const& simulator, Json const& rule);
Breaking fault_for_namespace(std::string const& simulator, Json const& rule);
/// The rule: this error instead of an answer.
Json error_rule(std::string const& code, int http, std::string const& message);
/// In the lines of world.yaml with BEFORE + role + AFTER `from` becomes `to`; empty: the lines go.
Breaking world_change(std::string const& before, std::string const& after,
                      std::string const& from = "", std::string const& to = "");

/// A Ready tenancy of one namespace, to be put into trouble.
struct Subject {
    std::string tenancy;
    Victim victim;
    /// The tenancy with other rules, twice, so that each time it needs a new credential: once while
    /// it is broken, and once mended, so that the end of a long back-off need not be awaited.
    std::vector<Json> changes;
    std::string image;      ///< what the credential pulls; empty: this is not tried
    std::string hidden;     ///< what stands in no grant: how the cloud's roles are named
    bool new_login = true;  ///< whether a new credential differs from the last
};

/// Breaks it and asserts: the condition Ready with reason and code, the Events with their words,
/// nothing of the cloud's in the grant, the Secret with the last good credential byte for byte, and
/// a Pod that is pulled with it; and, once it is mended, Ready with a new credential.
void expect_last_good_stays(Trouble const& trouble, Subject const& subject);

}  // namespace e2e
