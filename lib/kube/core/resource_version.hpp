#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace rt::kube {

/// True for what KEP-5504 calls well-formed: digits only, no leading zero, not "0".
[[nodiscard]] bool well_formed_resource_version(std::string_view version);

/// The order of two versions of one resource type (KEP-5504: shorter is older, equal lengths
/// compare as text). Nothing where either is not well-formed: some aggregated servers use other
/// strings, and for those only equality means anything.
[[nodiscard]] std::optional<std::strong_ordering> compare_resource_versions(std::string_view left,
                                                                            std::string_view right);

/// True where `version` is known to be `than` or later. Equal strings always are.
[[nodiscard]] bool at_least_resource_version(std::string_view version, std::string_view than);

}  // namespace rt::kube
