#include "operator/tenancy/records.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/kube/core/resource_version.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

/// Follows FieldsV1 (structured-merge-diff's form): {"f:data": {"f:.dockerconfigjson": {}}}.
bool owns(Json const& fields, std::initializer_list<std::string> path) {
    Json const* at = &fields;
    for (std::string const& step : path) {
        at = find(*at, "f:" + step);
        if (at == nullptr) {
            return false;
        }
    }
    return true;
}

struct Ownership {
    bool applied_once = false;
    bool data = false;
    bool annotation = false;
    bool label = false;
};

Ownership our_ownership(Json const& object) {
    Ownership result;
    Json const* metadata = find(object, "metadata");
    Json const* managers = metadata == nullptr ? nullptr : find(*metadata, "managedFields");
    if (managers == nullptr || !managers->is_array()) {
        return result;
    }
    for (Json const& entry : *managers) {
        if (string_at(entry, "manager") != tenancy::field_manager ||
            string_at(entry, "operation") != "Apply") {
            continue;
        }
        result.applied_once = true;
        Json const* fields = find(entry, "fieldsV1");
        if (fields == nullptr) {
            continue;
        }
        result.data |= owns(*fields, {"data", ".dockerconfigjson"});
        result.annotation |= owns(
            *fields, {"metadata", "annotations", std::string(tenancy::credentials_annotation)});
        result.label |=
            owns(*fields, {"metadata", "labels", std::string(tenancy::managed_by_label)});
    }
    return result;
}

std::optional<WallTime> time_at(Json const& object, std::string_view key) {
    auto const time = parse_rfc3339(string_at(object, key));
    return time ? std::optional(*time) : std::nullopt;
}

}  // namespace

std::vector<CredentialRecord> read_credentials_annotation(std::string_view text) {
    std::vector<CredentialRecord> records;
    // Annotations are at most 256 KiB in all (apimachinery's TotalAnnotationSizeLimitB).
    auto const json = parse_json(text, {.bytes_max = std::size_t{256} * 1024, .depth_max = 4});
    if (!json || !json->is_object()) {
        return records;
    }
    for (auto const& [key, value] : json->items()) {
        CredentialRecord record;
        // "shared-acr#2": a second credential for the same registry; '#' is in no object's name.
        record.registry = key.substr(0, key.find('#'));
        record.inputs = string_at(value, "inputs");
        auto const issued_at = time_at(value, "issuedAt");
        if (!issued_at || record.inputs.empty()) {
            return {};
        }
        record.issued_at = *issued_at;
        if (find(value, "expiresAt") != nullptr) {
            record.expires_at = time_at(value, "expiresAt");
            if (!record.expires_at) {
                return {};
            }
        }
        records.push_back(std::move(record));
    }
    return records;
}

SecretRecord read_secret_record(Json const& object) {
    kube::ObjectMeta meta = kube::meta_of(object);
    SecretRecord record;
    record.uid = std::move(meta.uid);
    record.resource_version = std::move(meta.resource_version);
    record.created = meta.creation_timestamp.value_or(WallTime{});
    Ownership const ownership = our_ownership(object);
    auto const label = meta.labels.find(std::string(tenancy::managed_by_label));
    bool const labelled = label != meta.labels.end() && label->second == tenancy::managed_by_value;
    record.ours = labelled || ownership.applied_once;
    record.intact = labelled && ownership.data && ownership.annotation && ownership.label;
    auto const annotation = meta.annotations.find(std::string(tenancy::credentials_annotation));
    if (record.ours && annotation != meta.annotations.end()) {
        record.credentials = read_credentials_annotation(annotation->second);
    }
    return record;
}

std::string grant_content_hash(Json const& grant) {
    Json content = Json::object();
    for (char const* key : {"spec", "problems", "summary"}) {
        Json const* value = find(grant, key);
        if (value != nullptr && !value->empty()) {
            content[key] = *value;
        }
    }
    return sha256_hex(dump_json(content));
}

std::string workloads_hash(Json const& workloads) {
    return workloads.is_null() ? std::string() : sha256_hex(dump_json(workloads));
}

GrantRecord read_grant_record(Json const& object) {
    kube::ObjectMeta meta = kube::meta_of(object);
    GrantRecord record;
    record.uid = std::move(meta.uid);
    record.resource_version = std::move(meta.resource_version);
    record.content_hash = grant_content_hash(object);
    Json const* const spec = find(object, "spec");
    Json const* const tenancies = spec == nullptr ? nullptr : find(*spec, "tenancies");
    record.of_tenancies = tenancies != nullptr && tenancies->is_array() && !tenancies->empty();
    Json const* workloads = find(object, "workloads");
    record.workloads_hash = workloads == nullptr ? std::string() : workloads_hash(*workloads);
    record.created = meta.creation_timestamp.value_or(WallTime{});
    Json const* problems = find(object, "problems");
    if (problems != nullptr && problems->is_array()) {
        for (Json const& entry : *problems) {
            GrantProblem problem;
            problem.registry = string_at(entry, "registry");
            problem.tenancy = string_at(entry, "tenancy");
            problem.reason = string_at(entry, "reason");
            problem.message = string_at(entry, "message");
            problem.exception = string_at(entry, "exception");
            problem.since = time_at(entry, "since").value_or(WallTime{});
            record.problems.push_back(std::move(problem));
        }
    }
    return record;
}

NamespaceRecord read_namespace_record(Json const& object) {
    kube::ObjectMeta meta = kube::meta_of(object);
    return {std::move(meta.uid), std::move(meta.labels), meta.being_deleted()};
}

bool newer_version(std::string_view a, std::string_view b) {
    auto const order = kube::compare_resource_versions(a, b);
    return !order || *order == std::strong_ordering::greater;
}

}  // namespace rt::op
