#pragma once

#include <gtest/gtest.h>

#include <string>

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// The simulated Harbor. Tests share its Registry e2e-harbor, like shared-acr: a host belongs to
/// one Registry.
inline std::string const harbor_host = "harbor.example.com";

/// Applies Registry e2e-harbor and the Secret with the login of a robot that may do no more than
/// the operator needs.
testing::AssertionResult apply_harbor_registry();
/// A call of its API as an administrator, from inside the cluster's network.
CommandResult harbor_api(std::string const& method, std::string const& path,
                         std::string const& body = "");
/// The robots that have this in their name, oldest first. Throws where Harbor doesn't list them.
Json harbor_robots(std::string const& part);

}  // namespace e2e
