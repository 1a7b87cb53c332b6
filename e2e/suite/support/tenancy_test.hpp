#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "e2e/suite/support/eventually.hpp"
#include "e2e/suite/support/kubectl.hpp"
#include "e2e/suite/support/manifests.hpp"
#include "e2e/suite/support/pull_secret.hpp"

namespace e2e {

/// A test over the installed product. Its namespaces and tenancies carry a suffix of their own, so
/// that tests run side by side and in any order; what they made is deleted afterwards. A failed
/// test prints what an engineer would look at first.
class TenancyTest : public testing::Test {
  protected:
    TenancyTest();
    void TearDown() override;

    /// e2e-SUFFIX-ROLE: the name for a namespace, tenancy or label of this test.
    [[nodiscard]] std::string name(std::string const& role) const;
    /// Creates the namespace of that name (label `team` optional) and returns its name.
    std::string make_namespace(std::string const& role, std::string const& team = "");
    /// A host name of this test's own behind which the shared registry answers.
    [[nodiscard]] std::string own_host() const;
    /// Applies a Registry name("registry"), or of another name, with own_host(), or another host,
    /// and the rest of its spec.
    void make_registry(Json spec, std::string const& host = "",
                       std::string const& role = "registry");
    /// Applies a Secret of that name in the product's namespace.
    void make_product_secret(std::string const& secret, std::string const& type, Json const& data);
    /// Applies the tenancy and remembers it.
    void make_tenancy(Tenancy const& tenancy);
    /// Applies it and waits until it is Ready with the namespaces that the test made for it.
    void make_ready_tenancy(Tenancy const& tenancy);
    /// One namespace and one Ready tenancy that governs it with this role; returns the namespace.
    std::string make_governed_namespace(std::string const& role = "acr-cainiao",
                                        std::string const& enforcement = "Deny");
    /// A RegistryTenancy name("tenancy") over the namespace name("ns"), with that one entry of
    /// spec.registries.
    [[nodiscard]] Json tenancy_with(Json const& entry) const;
    /// Applies it, remembers it and waits until it is Ready.
    void make_ready_with(Json const& tenancy);
    /// Makes the namespace name("ns") and that tenancy, Ready; returns the namespace.
    std::string govern_with(Json const& entry);
    /// To be cleaned up, though made otherwise.
    void remember_namespace(std::string const& ns) { namespaces_.push_back(ns); }
    void remember_tenancy(std::string const& tenancy) { tenancies_.push_back(tenancy); }

  private:
    void explain() const;
    static void forget(std::string const& kind, std::vector<std::string> const& names);

    std::string suffix_;
    std::vector<std::string> namespaces_;
    std::vector<std::string> tenancies_;
    std::vector<std::string> registries_;
    std::vector<std::string> product_secrets_;
};

/// How long anything may take that needs no waiting by design. Generous: two cores, many tests.
inline constexpr std::chrono::seconds soon{90};
/// The grace after which a namespace without tenancies loses Secret and grant, as hack/deploy sets
/// it on the local cluster.
inline constexpr std::chrono::seconds grace{25};

/// Empty when the tenancy is Ready for its present generation; otherwise what it says.
std::string why_not_ready(std::string const& tenancy);
/// Empty when it reports Ready=False for its present generation.
std::string why_not_failing(std::string const& tenancy);
/// Empty when an Event about the tenancy shows the text.
std::string why_not_told(std::string const& tenancy, std::string const& text);
/// Empty when the Secret is there with exactly these keys, otherwise what is there.
std::string why_not_keys(std::string const& ns, std::string const& keys);
/// Empty when the Pod's phase is Running.
std::string why_not_running(std::string const& ns, std::string const& pod);
/// The keys for a path under both names of the shared registry, as PullSecret::keys() shows them.
std::string keys_of(std::string const& path);
/// The one tenancy's Ready condition: status, reason, message.
std::string ready_text(std::string const& tenancy);
/// All problems of the namespace's grant, as text; empty: healthy.
std::string problems_of(std::string const& ns);
/// The message with which a container of the Pod waits.
std::string waiting_message(std::string const& ns, std::string const& pod);

/// Asserts that the command was refused and that its error shows each of the texts.
testing::AssertionResult refused(CommandResult const& result,
                                 std::vector<std::string> const& texts);
/// Asserts that the command succeeded.
testing::AssertionResult done(CommandResult const& result);

}  // namespace e2e
