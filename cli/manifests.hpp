#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.hpp"
#include "lib/base/json.hpp"

namespace rt::cli {

/// One object with the place it was read from.
struct Document {
    std::string file;  ///< as given; "-" for standard input, the folder for a kustomization
    int line = 0;      ///< where the object begins; 0: not known
    std::shared_ptr<Json> json{};
    std::map<std::string, int, std::less<>> lines{};  ///< YamlDocument::lines

    [[nodiscard]] Json const& object() const { return *json; }
    /// The line of a field as findings name it ("spec.containers[0].image"), else the object's.
    [[nodiscard]] int line_of(std::string_view field) const;
};

struct ManifestSources {
    std::vector<std::string> files;           ///< files, folders, or "-"
    std::vector<std::string> kustomizations;  ///< folders, rendered with `kubectl kustomize`
    bool recursive = false;
};

struct Manifests {
    std::vector<Document> documents;
    std::vector<std::string> problems;  ///< what could not be read: place, reason and fix
};

/// Reads every object from YAML and JSON files; Lists are taken apart. In folders only *.yaml,
/// *.yml and *.json count, and what is no Kubernetes object is passed over; in files that were
/// named it is a problem.
[[nodiscard]] Manifests read_manifests(ManifestSources const& sources, Environment& env);

}  // namespace rt::cli
