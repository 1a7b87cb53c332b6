#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"

namespace rt::kube {

struct ListOptions {
    std::string field_selector{};
    std::string label_selector{};
    /// "" = the most recent data (quorum read); "0" = whatever the server has at hand.
    std::string resource_version{};
    std::string resource_version_match{};
    int limit = 0;               ///< page size; 0 = all at once
    bool metadata_only = false;  ///< PartialObjectMetadata: no spec, no data
    std::string ns{};            ///< only this namespace; empty = all
};

struct WatchOptions {
    std::string resource_version{};
    std::string field_selector{};
    std::string label_selector{};
    bool metadata_only = false;
    bool send_initial_events = false;  ///< WatchList (KEP-3157)
    std::string ns{};
    std::chrono::seconds timeout{300};
};

struct ApplyOptions {
    std::string field_manager;
    bool force = true;  ///< take over fields that other managers set
    bool dry_run = false;
    std::string subresource{};  ///< e.g. "status"
};

/// Optimistic guards of a DELETE.
struct Preconditions {
    std::string uid{};
    std::string resource_version{};
};

/// A request to the API server as a value: everything but server, identity and time limit.
struct ApiRequest {
    std::string method = "GET";
    std::string target;  ///< path and query
    std::string accept = "application/json";
    std::string content_type{};  ///< empty where there is no body
    std::string body{};          ///< may hold a credential: never logged
};

/// "/api/v1/namespaces/NS/secrets/NAME/SUBRESOURCE" and alike; parts that are empty are left out,
/// the namespace also where the type is cluster-scoped. Names are percent-encoded.
[[nodiscard]] std::string resource_path(ResourceType const& type, std::string_view ns,
                                        std::string_view name = {},
                                        std::string_view subresource = {});

[[nodiscard]] ApiRequest get_request(ResourceType const& type, ObjectKey const& key);
[[nodiscard]] ApiRequest list_request(ResourceType const& type, ListOptions const& options,
                                      std::string_view continue_token);
/// Always asks for bookmarks.
[[nodiscard]] ApiRequest watch_request(ResourceType const& type, WatchOptions const& options);
[[nodiscard]] ApiRequest create_request(ResourceType const& type, std::string_view ns,
                                        Json const& object);
[[nodiscard]] ApiRequest update_request(ResourceType const& type, Json const& object,
                                        std::string_view subresource);
/// Server-side apply; the body is JSON, which is YAML.
[[nodiscard]] ApiRequest apply_request(ResourceType const& type, Json const& object,
                                       ApplyOptions const& options);
[[nodiscard]] ApiRequest merge_patch_request(ResourceType const& type, ObjectKey const& key,
                                             Json const& patch, std::string_view subresource);
[[nodiscard]] ApiRequest delete_request(ResourceType const& type, ObjectKey const& key,
                                        Preconditions const& preconditions);
[[nodiscard]] ApiRequest create_subresource_request(ResourceType const& type, ObjectKey const& key,
                                                    std::string_view subresource, Json const& body);

}  // namespace rt::kube
