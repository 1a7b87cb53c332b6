#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {

/// For tests of `kubectl tenancy policy`: whether a cloud mints for a tenancy, and a pull with what
/// it minted, while what the cloud was told changes.
class CliPolicyTest : public TenancyTest {
  protected:
    /// The test's tenancy of one Registry, with `entry` as in spec.registries, for name("ns").
    /// `covered`: a path that its `allow` includes.
    void use(Json entry, std::string covered);
    [[nodiscard]] Json const& tenancy() const { return tenancy_; }
    /// Empty where the cloud takes a new credential for the tenancy. Asks for something else each
    /// time, so that no back-off need be awaited; what is asked for is covered, so that nobody's
    /// rights need change.
    testing::AssertionResult mints_anew();
    testing::AssertionResult mints_no_more();
    /// Pulls manifest and layers as somebody else would, with the login of the pull Secret.
    CommandResult pull(std::string const& host, std::string const& repository);

  private:
    CommandResult ask_anew();
    testing::AssertionResult ask_until(std::string (*why_not)(std::string const&));

    Json tenancy_;
    std::string covered_;
    int asked_ = 0;
};

}  // namespace e2e
