#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace e2e {

/// A login that is carried out of its pull Secret, under a key for the whole host, into a namespace
/// that nothing governs: there only the registry can still say no.
///
/// Applies Secret `secret` with it to `ns`.
testing::AssertionResult carry(std::string const& login, std::string const& host,
                               std::string const& ns, std::string const& secret = "carried");
/// Applies a Pod that pulls with it.
testing::AssertionResult start_carried(std::string const& ns, std::string const& pod,
                                       std::string const& image,
                                       std::string const& secret = "carried");
/// Waits until the Pod waits with one of these signs of a refusal in its message.
testing::AssertionResult refused_by_registry(std::string const& ns, std::string const& pod,
                                             std::vector<std::string> const& signs);

}  // namespace e2e
