#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {

/// A CustomResourceDefinition of a kind that carries pod templates, in version v1alpha1, without a
/// controller behind it: only what admission sees of it matters.
Json definition_manifest(std::string const& group, std::string const& plural,
                         std::string const& kind);
/// An object of such a kind.
Json custom_manifest(std::string const& group, std::string const& kind, std::string const& ns,
                     std::string const& name, Json spec);
/// A pod template with one container.
Json template_with(std::string_view image);

/// A test that brings kinds of its own.
class CustomKindTest : public TenancyTest {
  protected:
    void TearDown() override;

    /// Makes the API server know a custom kind (definition_manifest). It calls webhooks for it a
    /// moment later. Each kind is one test's own, because it is gone with it.
    void install_kind(std::string const& group, std::string const& plural, std::string const& kind);

  private:
    std::vector<std::string> definitions_;
};

}  // namespace e2e
