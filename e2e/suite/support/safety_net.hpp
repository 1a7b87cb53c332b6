#pragma once

#include <string>
#include <vector>

#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {

/// Installs the second layer and takes the first away; TearDown puts all back as it was. What it
/// does disturbs every other test, so these suites run alone.
class SafetyNetTest : public TenancyTest {
  protected:
    void TearDown() override;

    /// Applies config/overlays/OVERLAY and waits until the API server judges by it: `ns` is a
    /// governed namespace in which the foreign image is not allowed.
    void install(std::string const& overlay, std::string const& ns);
    /// No webhook Pod is left, and failurePolicy is Ignore: what an outage with a broken glass is.
    void stop_webhook();
    /// The webhook runs, but nobody asks it: the publisher is stopped, the configurations are gone.
    void unregister_webhook();

  private:
    std::vector<std::string> overlays_;
    bool stopped_ = false;
    bool unregistered_ = false;
};

/// Asserts a refusal by the policy that judges images, showing each of the texts.
testing::AssertionResult refused_by_net(CommandResult const& result,
                                        std::vector<std::string> texts);

}  // namespace e2e
