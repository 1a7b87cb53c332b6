#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace config_test {

using Json = nlohmann::json;

/// Path from the repository root to an absolute one.
std::string absolute(std::string_view path);

/// Whole text of a file; fails the test where there is none.
std::string text_of(std::string_view path);

/// Every document of a YAML file as JSON, with the types that Kubernetes sees (quoted is a string).
std::vector<Json> documents(std::string_view path);

/// Every *.yaml file under a folder that is an object (has a kind other than Kustomization), by its
/// path from the repository root.
std::map<std::string, std::vector<Json>> objects_under(std::string_view folder);

/// All objects of config/default, read from the bases that it lists.
std::vector<Json> installed_objects();

/// The one object of this kind and name; fails the test where there is none.
Json installed(std::string_view kind, std::string_view name);

/// The CustomResourceDefinition whose kind this is, and its v1alpha1 schema.
Json crd_of(std::string_view kind);
Json schema_of(std::string_view kind);

}  // namespace config_test
