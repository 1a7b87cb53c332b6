#pragma once

#include <optional>
#include <string>

/// The reference grammar a second time, as slow regular expressions straight from its specification
/// (github.com/distribution/reference: ParseNormalizedNamed), for comparison with our parser.
namespace rt::tenancy::testing {

struct OracleReference {
    std::string domain;
    std::string path;
    std::string tag;
    std::string digest;
    bool operator==(OracleReference const&) const = default;
};

/// nullopt where the grammar or the digest registry (sha256 alone) refuses `text`. Only for short
/// texts: std::regex recurses.
std::optional<OracleReference> distribution_parse(std::string const& text);

}  // namespace rt::tenancy::testing
