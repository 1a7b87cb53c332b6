#pragma once

#include <chrono>
#include <string>

#include "cli/environment.hpp"
#include "cli/world.hpp"

namespace rt::cli {

/// "90m", "12h", "30d", "1h30m": whole units from days to seconds. InvalidArgument otherwise, also
/// for nothing at all.
[[nodiscard]] Result<std::chrono::seconds> parse_duration(std::string_view text);

/// An entry of spec.images of a RegistryException: a Registry's where one has the host.
[[nodiscard]] Json image_json(tenancy::RegistryCatalog const& catalog, std::string const& host,
                              std::string const& repository);

struct GrandfatherOptions {
    std::string tenancy{};
    std::string lifetime{};  ///< parse_duration()
    std::string reason{};
    WorldSources world{};
};

/// Prints RegistryExceptions, as YAML, for every image that runs or could start in the tenancy's
/// namespaces and that nothing allows. 0; 1 where some image cannot be covered (it cannot be read);
/// 2 where it cannot be told.
int grandfather(GrandfatherOptions const& options, Environment& env);

}  // namespace rt::cli
