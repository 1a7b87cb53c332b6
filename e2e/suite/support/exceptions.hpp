#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// A RegistryException that ends in so much time; negative: that has ended.
Json exception_manifest(std::string const& name, std::vector<std::string> const& namespaces,
                        Json images, std::chrono::seconds life);
/// `images` of an exception: registry namespace alipay of the shared registry.
Json alipay_namespace();
/// So many repositories that no session policy holds them.
Json too_many_repositories();

}  // namespace e2e
