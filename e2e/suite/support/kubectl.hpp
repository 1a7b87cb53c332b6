#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "e2e/suite/support/command.hpp"

namespace e2e {

using Json = nlohmann::ordered_json;

/// kubectl with the cluster's kubeconfig.
CommandResult kubectl(std::vector<std::string> const& arguments, std::string const& input = "",
                      std::chrono::seconds limit = std::chrono::seconds(60));

/// kubectl apply -f - of one object, or of several as a list.
CommandResult apply(Json const& object, std::vector<std::string> const& options = {});
/// The same with --dry-run=server: all admission, nothing stored.
CommandResult try_apply(Json const& object);
/// As the operator, which alone may write pull Secrets and grants.
CommandResult apply_as_operator(Json const& object);

/// The object, or nothing where it does not exist. Throws std::runtime_error when kubectl fails
/// otherwise: a test must not take an unreachable API server for an absent object.
std::optional<Json> get(std::string const& kind, std::string const& name,
                        std::string const& ns = "");
/// All objects of a kind, in one namespace or ("") everywhere.
std::vector<Json> list(std::string const& kind, std::string const& ns = "",
                       std::string const& selector = "");

/// The text at a JSON pointer, or empty.
std::string text_at(Json const& object, std::string const& pointer);

}  // namespace e2e
