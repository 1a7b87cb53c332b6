#include "lib/kube/core/request.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"

namespace rt::kube {
namespace {

constexpr std::string_view json_type = "application/json";

/// Appends "?a=b&c=d"; values that are empty are left out.
class Query {
  public:
    Query& add(std::string_view name, std::string_view value) {
        if (!value.empty()) {
            text_ += text_.empty() ? '?' : '&';
            text_ += name;
            text_ += '=';
            text_ += percent_encode(value);
        }
        return *this;
    }
    Query& flag(std::string_view name, bool on) { return on ? add(name, "true") : *this; }
    [[nodiscard]] std::string const& str() const { return text_; }

  private:
    std::string text_;
};

/// The content negotiation by which the server drops spec and data before it sends.
std::string partial_accept(std::string_view kind) {
    return "application/json;as=" + std::string(kind) + ";g=meta.k8s.io;v=v1";
}

ApiRequest with_body(std::string method, std::string target, std::string_view content_type,
                     Json const& body) {
    ApiRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.content_type = std::string(content_type);
    request.body = dump_json(body);
    return request;
}

}  // namespace

std::string resource_path(ResourceType const& type, std::string_view ns, std::string_view name,
                          std::string_view subresource) {
    std::string path = type.group.empty() ? "/api/" : "/apis/" + type.group + "/";
    path += type.version;
    if (type.namespaced && !ns.empty()) {
        path += "/namespaces/" + percent_encode(ns);
    }
    path += "/" + type.plural;
    if (!name.empty()) {
        path += "/" + percent_encode(name);
    }
    if (!subresource.empty()) {
        path += "/" + std::string(subresource);
    }
    return path;
}

ApiRequest get_request(ResourceType const& type, ObjectKey const& key) {
    ApiRequest request;
    request.target = resource_path(type, key.ns, key.name);
    return request;
}

ApiRequest list_request(ResourceType const& type, ListOptions const& options,
                        std::string_view continue_token) {
    Query query;
    query.add("fieldSelector", options.field_selector)
        .add("labelSelector", options.label_selector)
        .add("limit", options.limit > 0 ? std::to_string(options.limit) : "")
        .add("continue", continue_token);
    if (continue_token.empty()) {
        // A continue token fixes the version; the server refuses both together.
        query.add("resourceVersion", options.resource_version)
            .add("resourceVersionMatch", options.resource_version_match);
    }
    ApiRequest request;
    request.target = resource_path(type, options.ns) + query.str();
    if (options.metadata_only) {
        request.accept = partial_accept("PartialObjectMetadataList");
    }
    return request;
}

ApiRequest watch_request(ResourceType const& type, WatchOptions const& options) {
    Query query;
    query.flag("watch", true)
        .flag("allowWatchBookmarks", true)
        .add("fieldSelector", options.field_selector)
        .add("labelSelector", options.label_selector)
        .add("resourceVersion", options.resource_version)
        .add("timeoutSeconds", std::to_string(options.timeout.count()));
    if (options.send_initial_events) {
        query.flag("sendInitialEvents", true).add("resourceVersionMatch", "NotOlderThan");
    }
    ApiRequest request;
    request.target = resource_path(type, options.ns) + query.str();
    if (options.metadata_only) {
        request.accept = partial_accept("PartialObjectMetadata");
    }
    return request;
}

ApiRequest create_request(ResourceType const& type, std::string_view ns, Json const& object) {
    return with_body("POST", resource_path(type, ns), json_type, object);
}

ApiRequest update_request(ResourceType const& type, Json const& object,
                          std::string_view subresource) {
    ObjectKey const key = key_of(object);
    return with_body("PUT", resource_path(type, key.ns, key.name, subresource), json_type, object);
}

ApiRequest apply_request(ResourceType const& type, Json const& object,
                         ApplyOptions const& options) {
    ObjectKey const key = key_of(object);
    Query query;
    query.add("fieldManager", options.field_manager)
        .flag("force", options.force)
        .add("dryRun", options.dry_run ? "All" : "");
    return with_body("PATCH",
                     resource_path(type, key.ns, key.name, options.subresource) + query.str(),
                     "application/apply-patch+yaml", object);
}

ApiRequest merge_patch_request(ResourceType const& type, ObjectKey const& key, Json const& patch,
                               std::string_view subresource) {
    return with_body("PATCH", resource_path(type, key.ns, key.name, subresource),
                     "application/merge-patch+json", patch);
}

ApiRequest delete_request(ResourceType const& type, ObjectKey const& key,
                          Preconditions const& preconditions) {
    std::string target = resource_path(type, key.ns, key.name);
    if (preconditions.uid.empty() && preconditions.resource_version.empty()) {
        ApiRequest request;
        request.method = "DELETE";
        request.target = std::move(target);
        return request;
    }
    Json guards = Json::object();
    if (!preconditions.uid.empty()) {
        guards["uid"] = preconditions.uid;
    }
    if (!preconditions.resource_version.empty()) {
        guards["resourceVersion"] = preconditions.resource_version;
    }
    Json const body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"preconditions", guards}};
    return with_body("DELETE", std::move(target), json_type, body);
}

ApiRequest create_subresource_request(ResourceType const& type, ObjectKey const& key,
                                      std::string_view subresource, Json const& body) {
    return with_body("POST", resource_path(type, key.ns, key.name, subresource), json_type, body);
}

}  // namespace rt::kube
