#include "lib/kube/core/lease.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"

namespace rt::kube {
namespace {

long long integer_at(Json const& object, std::string_view key) {
    Json const* const found = find(object, key);
    return found != nullptr && found->is_number_integer() ? found->get<long long>() : 0;
}

std::optional<WallTime> time_at(Json const& object, std::string_view key) {
    auto const time = parse_rfc3339(string_at(object, key));
    return time ? std::optional(*time) : std::nullopt;
}

void put_time(Json& spec, char const* key, std::optional<WallTime> const& time) {
    if (time.has_value()) {
        spec[key] = format_rfc3339_micro(*time);
    }
}

}  // namespace

LeaseRecord lease_record_of(Json const& lease) {
    LeaseRecord record;
    Json const* const spec = find(lease, "spec");
    if (spec == nullptr) {
        return record;
    }
    record.holder = string_at(*spec, "holderIdentity");
    record.duration = std::chrono::seconds(integer_at(*spec, "leaseDurationSeconds"));
    record.acquire_time = time_at(*spec, "acquireTime");
    record.renew_time = time_at(*spec, "renewTime");
    record.transitions = static_cast<int>(integer_at(*spec, "leaseTransitions"));
    return record;
}

Json make_lease(ObjectKey const& key, LeaseRecord const& record) {
    Json lease = {{"apiVersion", types::leases.api_version()},
                  {"kind", types::leases.kind},
                  {"metadata", {{"name", key.name}, {"namespace", key.ns}}}};
    return with_record(std::move(lease), record);
}

Json with_record(Json lease, LeaseRecord const& record) {
    Json& spec = lease["spec"];
    spec["holderIdentity"] = record.holder;
    spec["leaseDurationSeconds"] = record.duration.count();
    spec["leaseTransitions"] = record.transitions;
    put_time(spec, "acquireTime", record.acquire_time);
    put_time(spec, "renewTime", record.renew_time);
    return lease;
}

}  // namespace rt::kube
