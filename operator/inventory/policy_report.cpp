#include "operator/inventory/policy_report.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "lib/base/digest.hpp"
#include "lib/base/log.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

constexpr std::string_view report_name = "registry-tenancy";

struct ResultText {
    std::string_view result;
    std::string_view severity;
    std::string_view rule;
    std::string_view message;
};

ResultText text_of(tenancy::Workloads::Kind kind) {
    switch (kind) {
        case tenancy::Workloads::Kind::Denied:
            return {"fail", "high", "RT-NotAllowed", "no RegistryTenancy allows this image here"};
        case tenancy::Workloads::Kind::Grandfathered:
            return {"fail", "medium", "RT-NotAllowed",
                    "no RegistryTenancy allows this image here; its Pods were there before"};
        case tenancy::Workloads::Kind::ByException:
            break;
    }
    return {"warn", "low", "RT-Exception", "only a RegistryException allows this image here"};
}

Json result_of(tenancy::Workloads::Entry const& entry) {
    ResultText const text = text_of(entry.kind);
    Json result = {{"source", "registry-tenancy"},
                   {"policy", "registry-tenancy"},
                   {"rule", text.rule},
                   {"category", "Image registries"},
                   {"result", text.result},
                   {"severity", text.severity},
                   {"scored", true},
                   {"message", text.message},
                   {"properties", {{"image", entry.image}}}};
    if (!entry.exception.empty()) {
        result["properties"]["exception"] = entry.exception;
    }
    return result;
}

}  // namespace

kube::ResourceType const& policy_reports() {
    static kube::ResourceType const type{"wgpolicyk8s.io", "v1alpha2", "policyreports",
                                         "PolicyReport", true};
    return type;
}

kube::ResourceType const& open_reports() {
    static kube::ResourceType const type{"openreports.io", "v1alpha1", "reports", "Report", true};
    return type;
}

Json render_report(kube::ResourceType const& type, std::string const& ns,
                   tenancy::Workloads const& workloads) {
    Json results = Json::array();
    for (tenancy::Workloads::Entry const& entry : workloads.images) {
        results.push_back(result_of(entry));
    }
    Json report = {
        {"apiVersion", type.api_version()},
        {"kind", type.kind},
        {"metadata",
         {{"name", report_name},
          {"namespace", ns},
          {"labels",
           {{std::string(tenancy::managed_by_label), std::string(tenancy::managed_by_value)}}}}},
        {"scope", {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"name", ns}}},
        {"summary",
         {{"pass", 0},
          {"fail", workloads.denied + workloads.grandfathered},
          {"warn", workloads.by_exception},
          {"error", 0},
          {"skip", 0}}},
        {"results", std::move(results)}};
    if (type.group == open_reports().group) {
        report["source"] = "registry-tenancy";
    }
    return report;
}

Result<std::optional<kube::ResourceType>> PolicyReports::find_type(std::stop_token const& stop) {
    for (kube::ResourceType const& type : {policy_reports(), open_reports()}) {
        auto const text = api_.raw_get("/apis/" + type.api_version(), stop);
        if (!text && text.error().kind == ErrorKind::NotFound) {
            continue;
        }
        if (!text) {
            return fail(text.error());
        }
        RT_TRY(Json const group, parse_json(*text));
        Json const* resources = find(group, "resources");
        for (Json const& resource : resources == nullptr ? Json::array() : *resources) {
            if (string_at(resource, "name") == type.plural) {
                return std::optional(type);
            }
        }
    }
    return std::optional<kube::ResourceType>();
}

Result<bool> PolicyReports::discover(std::stop_token const& stop) {
    RT_TRY(auto const type, find_type(stop));
    {
        std::lock_guard const lock(mutex_);
        if (type == type_) {
            return false;
        }
    }
    std::map<std::string, std::string> there;
    if (type) {
        kube::ListOptions options;
        options.metadata_only = true;
        options.limit = 500;
        options.label_selector =
            std::string(tenancy::managed_by_label) + "=" + std::string(tenancy::managed_by_value);
        RT_TRY(kube::ListPage const page, kube::list_all(api_, *type, options, stop));
        for (Json const& item : page.items) {
            there.emplace(kube::key_of(item).ns, std::string());
        }
        log_info("Findings of the inventory are reported",
                 {{"resource", type->plural + "." + type->group}});
    }
    std::lock_guard const lock(mutex_);
    type_ = type;
    written_ = std::move(there);
    return type_.has_value();
}

Result<void> PolicyReports::put(std::string const& ns, tenancy::Workloads const& workloads,
                                std::stop_token const& stop) {
    std::optional<kube::ResourceType> type;
    std::optional<std::string> known;
    {
        std::lock_guard const lock(mutex_);
        type = type_;
        if (auto const found = written_.find(ns); found != written_.end()) {
            known = found->second;
        }
    }
    if (!type || (workloads.empty() && !known)) {
        return {};
    }
    if (workloads.empty()) {
        auto const removed = api_.remove(*type, {ns, std::string(report_name)}, {}, stop);
        metrics_.wrote("report", "delete", removed.has_value());
        if (!removed && removed.error().kind != ErrorKind::NotFound) {
            return fail(removed.error());
        }
        forget(ns);
        return {};
    }
    Json const report = render_report(*type, ns, workloads);
    std::string const hash = sha256_hex(dump_json(report));
    if (known == hash) {
        return {};
    }
    kube::ApplyOptions options;
    options.field_manager = std::string(tenancy::field_manager);
    auto const applied = api_.apply(*type, report, options, stop);
    metrics_.wrote("report", "apply", applied.has_value());
    if (!applied && applied.error().kind == ErrorKind::NotFound) {
        return {};  // the namespace or the type has just gone; discover() sees which
    }
    if (!applied) {
        return fail(applied.error());
    }
    std::lock_guard const lock(mutex_);
    if (type_ == type) {
        written_[ns] = hash;
    }
    return {};
}

void PolicyReports::forget(std::string const& ns) {
    std::lock_guard const lock(mutex_);
    written_.erase(ns);
}

}  // namespace rt::op
