#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {

/// A test of one of the ways past an allow-list that docs/bypass-vectors.md lists. The attacker is
/// whoever may do everything in one governed namespace, which may pull the registry namespace
/// cainiao and nothing else.
class BypassTest : public TenancyTest {
  protected:
    /// The governed namespace, made at the first call.
    std::string const& ns();
    /// A Pod of that namespace; `change` gets its spec.
    Json pod(std::string_view image, std::function<void(Json&)> const& change = {});
    /// Asserts that the dry run of creating `object` is refused with RT-NotAllowed.
    testing::AssertionResult is_refused(Json const& object);
    /// A Pod with this image that was there before a tenancy came: makes namespace, Pod and
    /// tenancy.
    void make_old_pod(Json const& object_spec);
    /// The answer to `kubectl auth can-i`, asked for somebody with the role admin in the namespace.
    bool tenant_may(std::string const& verb, std::string const& resource,
                    std::string const& where = {});

  private:
    std::string ns_;
};

}  // namespace e2e
