#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace config_test {

using Json = nlohmann::json;

/// What is wrong with a value under an OpenAPI v3 schema: unknown and missing fields, types, enums,
/// lengths, sizes and ranges (not CEL: the API server checks that, see e2e/suite/crd_rules).
std::vector<std::string> violations(Json const& schema, Json const& value,
                                    std::string const& path = "");

/// Calls `visit` with every schema node below (and including) this one and its path.
void each_schema(Json const& schema, std::string const& path,
                 std::function<void(Json const& schema, std::string const& path)> const& visit);

}  // namespace config_test
