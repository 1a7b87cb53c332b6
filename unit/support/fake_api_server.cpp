#include "unit/support/fake_api_server.hpp"

#include <cstdio>

#include "lib/base/time.hpp"
#include "lib/kube/core/status.hpp"
#include "unit/support/fake_api_fields.hpp"

namespace rt::test {
namespace {

using kube::ObjectKey;
using kube::ResourceType;

Error api_error(ErrorKind kind, int status, std::string code, std::string message) {
    Error error{kind, std::move(message)};
    error.code = std::move(code);
    error.http_status = status;
    return error;
}

Error not_found(ResourceType const& type, ObjectKey const& key) {
    return api_error(ErrorKind::NotFound, 404, "NotFound",
                     type.plural + " \"" + key.name + "\" not found");
}

Error conflict(ResourceType const& type, ObjectKey const& key, std::string const& why) {
    return api_error(
        ErrorKind::Conflict, 409, "Conflict",
        "Operation cannot be fulfilled on " + type.plural + " \"" + key.name + "\": " + why);
}

bool has_status_subresource(ResourceType const& type) {
    return type == kube::types::registries || type == kube::types::registry_tenancies ||
           type == kube::types::registry_exceptions;
}

/// What generation counts: neither metadata nor status.
Json spec_of(Json object) {
    object.erase("metadata");
    object.erase("status");
    return object;
}

Json& metadata_of(Json& object) {
    return object["metadata"];
}

void drop_empty(Json& object, std::initializer_list<char const*> keys) {
    for (char const* const key : keys) {
        if (object.contains(key) && object[key].empty()) {
            object.erase(key);
        }
    }
}

/// A main write leaves the status as it is, a status write the rest.
Json restricted(ResourceType const& type, Json wanted, Json const& current,
                std::string const& subresource) {
    if (!has_status_subresource(type) && subresource.empty()) {
        return wanted;
    }
    if (subresource == "status") {
        Json result = current;
        result.erase("status");
        if (wanted.contains("status")) {
            result["status"] = wanted["status"];
        }
        return result;
    }
    wanted.erase("status");
    if (current.contains("status")) {
        wanted["status"] = current["status"];
    }
    return wanted;
}

}  // namespace

FakeApiServer::FakeApiServer(Clock& clock) : clock_(clock) {}

Json FakeApiServer::put(ResourceType const& type, Json object) {
    std::lock_guard const lock(mutex_);
    metadata_of(object).erase("resourceVersion");
    if (type == kube::types::secrets) {
        Store& store = store_of(type);
        ObjectKey const key = kube::key_of(object);
        auto const old = store.objects.find(key);
        auto& applied = store.applied[key];
        take_over_fields(old == store.objects.end() ? Json() : old->second, object, applied);
        metadata_of(object)["managedFields"] = managed_fields_of(applied);
    }
    return commit(type, std::move(object));
}

void FakeApiServer::erase(ResourceType const& type, ObjectKey const& key) {
    std::lock_guard const lock(mutex_);
    discard(type, key);
}

std::optional<Json> FakeApiServer::find(ResourceType const& type, ObjectKey const& key) const {
    std::lock_guard const lock(mutex_);
    auto const store = stores_.find(type);
    if (store == stores_.end()) {
        return std::nullopt;
    }
    auto const found = store->second.objects.find(key);
    return found == store->second.objects.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Json> FakeApiServer::all(ResourceType const& type) const {
    std::lock_guard const lock(mutex_);
    auto const store = stores_.find(type);
    return store == stores_.end() ? std::vector<Json>()
                                  : matching(store->second, "", "", "", false);
}

void FakeApiServer::finish_namespace(std::string const& name) {
    std::lock_guard const lock(mutex_);
    for (auto& [type, store] : stores_) {
        std::vector<ObjectKey> keys;
        for (auto const& [key, object] : store.objects) {
            if (key.ns == name) {
                keys.push_back(key);
            }
        }
        for (ObjectKey const& key : keys) {
            discard(type, key);
        }
    }
    discard(kube::types::namespaces, {"", name});
}

Result<void> FakeApiServer::check_namespace(ResourceType const& type, std::string const& ns) const {
    if (!type.namespaced) {
        return {};
    }
    auto const store = stores_.find(kube::types::namespaces);
    auto const found = store == stores_.end() ? decltype(store->second.objects.end())()
                                              : store->second.objects.find({"", ns});
    if (store == stores_.end() || found == store->second.objects.end()) {
        if (require_namespaces_) {
            return fail(not_found(kube::types::namespaces, {"", ns}));
        }
        return {};
    }
    if (found->second.at("metadata").contains("deletionTimestamp")) {
        return fail(api_error(
            ErrorKind::Forbidden, 403, std::string(kube::codes::namespace_terminating),
            "unable to create new content in namespace " + ns + " because it is being terminated"));
    }
    return {};
}

/// Stores `object` as the next version of itself; what does not change is not written.
Json FakeApiServer::commit(ResourceType const& type, Json object) {
    Store& store = store_of(type);
    object["apiVersion"] = type.api_version();
    object["kind"] = type.kind;
    ObjectKey const key = kube::key_of(object);
    auto const old = store.objects.find(key);
    Json& metadata = metadata_of(object);
    drop_empty(metadata, {"labels", "annotations", "finalizers", "ownerReferences"});
    if (!type.group.ends_with(".dev")) {
        // Built-in types are Go structs: an empty map is none. Custom resources keep it.
        drop_empty(object, {"data", "stringData"});
    }
    Json before;
    if (old == store.objects.end()) {
        char uid[64];
        std::snprintf(uid, sizeof uid, "00000000-0000-4000-8000-%012llu",
                      static_cast<unsigned long long>(++uids_));
        metadata["uid"] = uid;
        metadata["generation"] = 1;
        metadata["creationTimestamp"] = format_rfc3339(clock_.wall_now());
        if (type == kube::types::namespaces) {
            metadata["labels"]["kubernetes.io/metadata.name"] = key.name;
        }
    } else {
        before = old->second;
        for (char const* const field : {"uid", "generation", "creationTimestamp"}) {
            metadata[field] = before["metadata"][field];
        }
        metadata["resourceVersion"] = before["metadata"]["resourceVersion"];
        if (object == before) {
            return object;
        }
        if (spec_of(object) != spec_of(before)) {
            metadata["generation"] = before["metadata"]["generation"].get<int>() + 1;
        }
    }
    metadata["resourceVersion"] = std::to_string(++version_);
    store.objects.insert_or_assign(key, object);
    store.history.push_back({version_, std::move(before), object, store.silent});
    changed_.notify_all();
    return object;
}

void FakeApiServer::discard(ResourceType const& type, ObjectKey const& key) {
    Store& store = store_of(type);
    auto const found = store.objects.find(key);
    if (found == store.objects.end()) {
        return;
    }
    Json before = std::move(found->second);
    store.objects.erase(found);
    store.applied.erase(key);
    ++version_;
    store.history.push_back({version_, std::move(before), Json(), store.silent});
    changed_.notify_all();
}

Result<Json> FakeApiServer::get(ResourceType const& type, ObjectKey const& key,
                                std::stop_token stop) {
    RT_CHECK(enter({Verb::Get, type.plural, key}, stop));
    auto found = find(type, key);
    if (!found) {
        return fail(not_found(type, key));
    }
    return *std::move(found);
}

Result<Json> FakeApiServer::create(ResourceType const& type, std::string const& ns,
                                   Json const& object, std::stop_token stop) {
    RT_CHECK(enter({Verb::Create, type.plural, {ns, kube::key_of(object).name}}, stop));
    std::lock_guard const lock(mutex_);
    RT_CHECK(check_namespace(type, ns));
    Json wanted = object;
    Json& metadata = metadata_of(wanted);
    if (type.namespaced) {
        metadata["namespace"] = ns;
    }
    if (string_at(metadata, "name").empty()) {
        metadata["name"] = string_at(metadata, "generateName") + std::to_string(++uids_);
    }
    ObjectKey const key = kube::key_of(wanted);
    if (store_of(type).objects.contains(key)) {
        return fail(api_error(ErrorKind::AlreadyExists, 409, "AlreadyExists",
                              type.plural + " \"" + key.name + "\" already exists"));
    }
    if (has_status_subresource(type)) {
        wanted.erase("status");
    }
    return commit(type, std::move(wanted));
}

Result<Json> FakeApiServer::store_update(ResourceType const& type, Json wanted,
                                         std::string const& subresource) {
    Store& store = store_of(type);
    ObjectKey const key = kube::key_of(wanted);
    auto const found = store.objects.find(key);
    if (found == store.objects.end()) {
        return fail(not_found(type, key));
    }
    Json const current = found->second;
    Json const& metadata = wanted.at("metadata");
    std::string const version = string_at(metadata, "resourceVersion");
    if (!version.empty() && version != string_at(current.at("metadata"), "resourceVersion")) {
        return fail(conflict(type, key,
                             "the object has been modified; please apply your changes to the "
                             "latest version and try again"));
    }
    std::string const uid = string_at(metadata, "uid");
    if (!uid.empty() && uid != string_at(current.at("metadata"), "uid")) {
        return fail(conflict(type, key, "Precondition failed: UID in precondition"));
    }
    Json next = restricted(type, std::move(wanted), current, subresource);
    if (type == kube::types::secrets && string_at(next, "type") != string_at(current, "type")) {
        return fail(api_error(ErrorKind::InvalidArgument, 422, "Invalid",
                              "type: Invalid value: field is immutable"));
    }
    bool const was_deleted = current.at("metadata").contains("deletionTimestamp");
    bool const finalized = next.at("metadata").value("finalizers", Json::array()).empty();
    if (was_deleted && finalized && type != kube::types::namespaces) {
        discard(type, key);
        return next;
    }
    return commit(type, std::move(next));
}

Result<Json> FakeApiServer::update(ResourceType const& type, Json const& object,
                                   std::string const& subresource, std::stop_token stop) {
    RT_CHECK(enter({Verb::Update, type.plural, kube::key_of(object), subresource}, stop));
    std::lock_guard const lock(mutex_);
    return store_update(type, object, subresource);
}

Result<Json> FakeApiServer::merge_patch(ResourceType const& type, ObjectKey const& key,
                                        Json const& patch, std::string const& subresource,
                                        std::stop_token stop) {
    RT_CHECK(enter({Verb::Patch, type.plural, key, subresource}, stop));
    std::lock_guard const lock(mutex_);
    auto const found = store_of(type).objects.find(key);
    if (found == store_of(type).objects.end()) {
        return fail(not_found(type, key));
    }
    Json wanted = found->second;
    wanted.merge_patch(patch);
    return store_update(type, std::move(wanted), subresource);
}

Result<Json> FakeApiServer::apply(ResourceType const& type, Json const& object,
                                  kube::ApplyOptions const& options, std::stop_token stop) {
    ObjectKey const key = kube::key_of(object);
    RT_CHECK(enter({Verb::Apply, type.plural, key, options.subresource}, stop));
    std::lock_guard const lock(mutex_);
    Store& store = store_of(type);
    auto const found = store.objects.find(key);
    Json const& guards = object.at("metadata");
    std::string const uid = string_at(guards, "uid");
    if (found == store.objects.end()) {
        if (!options.subresource.empty()) {
            return fail(not_found(type, key));
        }
        if (!uid.empty()) {
            return fail(conflict(type, key, "uid mismatch: no existing object was found"));
        }
        RT_CHECK(check_namespace(type, key.ns));
    } else if (!uid.empty() && uid != string_at(found->second.at("metadata"), "uid")) {
        return fail(api_error(ErrorKind::InvalidArgument, 422, "Invalid",
                              "metadata.uid: Invalid value: field is immutable"));
    }
    Json const base =
        found == store.objects.end() ? Json{{"metadata", {{"name", key.name}}}} : found->second;
    Json fields = object;
    for (char const* const name :
         {"name", "namespace", "uid", "resourceVersion", "managedFields"}) {
        metadata_of(fields).erase(name);
    }
    fields.erase("apiVersion");
    fields.erase("kind");
    if (options.subresource == "status") {
        fields = fields.contains("status") ? Json{{"status", fields["status"]}} : Json::object();
    } else if (has_status_subresource(type)) {
        fields.erase("status");
    }
    if (fields.contains("metadata") && fields["metadata"].empty()) {
        fields.erase("metadata");
    }
    auto applied = store.applied[key];
    RT_TRY(Json next, apply_fields(base, fields, options.field_manager + "/" + options.subresource,
                                   options.force, applied));
    if (!key.ns.empty()) {
        metadata_of(next)["namespace"] = key.ns;
    }
    if (type == kube::types::secrets) {
        metadata_of(next)["managedFields"] = managed_fields_of(applied);
    }
    if (options.dry_run) {
        return next;
    }
    if (found != store.objects.end()) {
        if (std::string const version = string_at(guards, "resourceVersion"); !version.empty()) {
            metadata_of(next)["resourceVersion"] = version;
        }
        RT_TRY(Json updated, store_update(type, std::move(next), options.subresource));
        store.applied[key] = std::move(applied);
        return updated;
    }
    store.applied[key] = std::move(applied);
    return commit(type, std::move(next));
}

Result<void> FakeApiServer::remove(ResourceType const& type, ObjectKey const& key,
                                   kube::Preconditions const& preconditions, std::stop_token stop) {
    RT_CHECK(enter({Verb::Delete, type.plural, key}, stop));
    std::lock_guard const lock(mutex_);
    auto const found = store_of(type).objects.find(key);
    if (found == store_of(type).objects.end()) {
        return fail(not_found(type, key));
    }
    Json object = found->second;
    Json& metadata = metadata_of(object);
    if (!preconditions.uid.empty() && preconditions.uid != string_at(metadata, "uid")) {
        return fail(
            conflict(type, key, "Precondition failed: UID in precondition: " + preconditions.uid));
    }
    if (!preconditions.resource_version.empty() &&
        preconditions.resource_version != string_at(metadata, "resourceVersion")) {
        return fail(conflict(type, key, "Precondition failed: ResourceVersion in precondition"));
    }
    bool const waits =
        type == kube::types::namespaces || !metadata.value("finalizers", Json::array()).empty();
    if (!waits) {
        discard(type, key);
        return {};
    }
    if (!metadata.contains("deletionTimestamp")) {
        metadata["deletionTimestamp"] = format_rfc3339(clock_.wall_now());
        if (type == kube::types::namespaces) {
            object["status"]["phase"] = "Terminating";
        }
        commit(type, std::move(object));
    }
    return {};
}

Result<Json> FakeApiServer::create_subresource(ResourceType const& type, ObjectKey const& key,
                                               std::string const& subresource, Json const& body,
                                               std::stop_token stop) {
    RT_CHECK(enter({Verb::CreateSubresource, type.plural, key, subresource,
                    body.value("spec", Json::object()).dump()},
                   stop));
    if (!find(type, key)) {
        return fail(not_found(type, key));
    }
    if (subresource == "eviction") {
        Json const wanted =
            body.value(Json::json_pointer("/deleteOptions/preconditions"), Json::object());
        Json const metadata = find(type, key)->at("metadata");
        for (auto const& [field, value] : wanted.items()) {
            if (metadata.value(field, std::string()) != value) {
                return fail({ErrorKind::Conflict, "the precondition on " + field + " fails"});
            }
        }
        erase(type, key);
        return Json{{"kind", "Status"}, {"status", "Success"}};
    }
    if (subresource != "token") {
        return fail(not_found(type, key));
    }
    std::lock_guard const lock(mutex_);
    Json answer = body;
    auto const life = std::chrono::seconds(
        body.value(Json::json_pointer("/spec/expirationSeconds"), std::int64_t{3600}));
    answer["status"] = {
        {"token", "token-" + key.ns + "-" + key.name + "-" + std::to_string(++tokens_)},
        {"expirationTimestamp", format_rfc3339(clock_.wall_now() + life)}};
    return answer;
}

Result<std::string> FakeApiServer::raw_get(std::string const& path, std::stop_token stop) {
    RT_CHECK(enter({Verb::RawGet, path, {}}, stop));
    if (path == "/version") {
        return R"({"major":"1","minor":"36","gitVersion":"v1.36.0"})";
    }
    if (path == "/readyz" || path == "/livez") {
        return "ok";
    }
    std::lock_guard const lock(mutex_);
    if (auto const found = raw_.find(path); found != raw_.end()) {
        return found->second;
    }
    return fail(api_error(ErrorKind::NotFound, 404, "", "HTTP 404"));
}

void FakeApiServer::serve(ResourceType const& type) {
    std::lock_guard const lock(mutex_);
    auto const known = [&](std::string const& path, char const* list) {
        auto const found = raw_.find(path);
        return found == raw_.end() ? Json::array() : Json::parse(found->second).at(list);
    };
    std::string const group = "/apis/" + type.group;
    std::string const version = "/apis/" + type.api_version();
    // Of several versions the one that was served last is preferred.
    Json const named = {{"groupVersion", type.api_version()}, {"version", type.version}};
    Json versions = known(group, "versions");
    if (std::find(versions.begin(), versions.end(), named) == versions.end()) {
        versions.push_back(named);
    }
    Json resources = known(version, "resources");
    resources.push_back(
        {{"name", type.plural}, {"kind", type.kind}, {"namespaced", type.namespaced}});
    raw_[group] = dump_json({{"kind", "APIGroup"},
                             {"name", type.group},
                             {"versions", versions},
                             {"preferredVersion", named}});
    raw_[version] = dump_json({{"kind", "APIResourceList"}, {"resources", resources}});
}

}  // namespace rt::test
