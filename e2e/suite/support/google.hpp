#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// The Artifact Registry that the simulated Google has in three locations, one for each identity.
/// Tests share their Registries, like shared-acr: a host belongs to one Registry.
inline constexpr std::string_view google_instance_role_location = "europe-west3";
inline constexpr std::string_view google_oidc_location = "europe-west4";
inline constexpr std::string_view google_service_account_location = "europe-west9";

/// LOCATION-docker.pkg.dev
std::string google_host(std::string_view location);
/// LOCATION-docker.pkg.dev/acme-images/REPOSITORY/a1:v0.1
std::string google_image(std::string_view location, std::string const& repository);
/// NAME@acme-images.iam.gserviceaccount.com
std::string google_account(std::string const& name);
/// The full name of a provider of the cluster's workload identity pool.
std::string google_provider(std::string const& name);

/// {type: InstanceRole}, or OIDC or ServiceAccount with that provider.
Json google_identity(std::string const& type, std::string const& provider = "demo");
/// Applies Registry gar-LOCATION with the identity that belongs to the location. Several tests may
/// do so at once, and only one of them creates it: the others try again.
testing::AssertionResult apply_google_registry(std::string_view location);
/// One namespace, one registry. `account` empty: no role.
Json google_tenancy_manifest(std::string const& name, std::string const& ns,
                             std::string const& registry, std::string const& account, Json allow);
/// allow: acme-images/payments
Json google_payments();

}  // namespace e2e
