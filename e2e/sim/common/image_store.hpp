#pragma once

#include <optional>
#include <string>

#include "e2e/sim/common/http_values.hpp"

namespace sim {

/// What a GET or HEAD of a registry asks for: /v2/NAME/manifests/REFERENCE or
/// /v2/NAME/blobs/DIGEST.
struct Wanted {
    std::string repository;
    bool manifest = false;
    std::string reference;
};
/// Nothing for other paths, and for names that could lead out of a folder.
std::optional<Wanted> parse_pull_path(std::string const& path);

/// A manifest or blob as a registry sends it.
struct Stored {
    std::string digest;
    std::string content_type;
    std::string body;
};
/// From the storage (rootdirectory) of a docker-registry; nothing where it is not there, or not in
/// this very repository.
std::optional<Stored> find_stored(std::string const& storage, Wanted const& wanted);

/// An error as registries write it: {"errors":[{"code":…,"message":…}]}.
Response registry_error(CloudError const& error);

}  // namespace sim
