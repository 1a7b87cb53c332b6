#include "operator/tenancy/rules.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rt::op {

BrokenTenancy BrokenTenancy::read(Json const& object) {
    BrokenTenancy result;
    result.name = kube::meta_of(object).name;
    Json const* spec = find(object, "spec");
    if (spec == nullptr) {
        return result;
    }
    if (Json const* names = find(*spec, "namespaces"); names != nullptr && names->is_array()) {
        for (Json const& name : *names) {
            if (name.is_string()) {
                result.namespaces.insert(name.get<std::string>());
            }
        }
    }
    if (Json const* selector = find(*spec, "namespaceSelector"); selector != nullptr) {
        auto parsed = kube::LabelSelector::parse(*selector, "/spec/namespaceSelector");
        if (!parsed || parsed->empty()) {
            result.may_match_all = true;
        } else {
            result.selector = std::move(*parsed);
        }
    }
    Json const* baseline = find(*spec, "baseline");
    result.may_match_all |= baseline != nullptr && baseline->is_boolean() && baseline->get<bool>();
    return result;
}

bool BrokenTenancy::may_govern(std::string_view ns, Labels const& labels) const {
    return may_match_all || namespaces.contains(std::string(ns)) ||
           (selector && selector->matches(labels));
}

Rules::Rules(TenancyList tenancies, std::set<std::string> deleted_tenancies,
             tenancy::RegistryCatalog catalog, std::vector<BrokenTenancy> broken_tenancies,
             std::set<std::string> broken_registries, std::uint64_t sequence,
             ExceptionList const& exceptions)
    : tenancies_(std::move(tenancies)),
      deleted_tenancies_(std::move(deleted_tenancies)),
      catalog_(std::move(catalog)),
      broken_tenancies_(std::move(broken_tenancies)),
      broken_registries_(std::move(broken_registries)),
      sequence_(sequence) {
    for (TenancyPointer const& one : tenancies_) {
        if (one->baseline) {
            baselines_.push_back(one);
            continue;
        }
        if (one->namespace_selector) {
            index_selector(one);
        }
        for (std::string const& ns : one->namespaces) {
            by_namespace_[ns].push_back(one);
        }
    }
    for (ExceptionPointer const& one : exceptions) {
        for (std::string const& ns : one->namespaces) {
            exceptions_[ns].push_back(one);
        }
    }
}

std::vector<tenancy::ActiveException> Rules::exceptions(std::string const& ns, WallTime now,
                                                        std::chrono::seconds longest_life) const {
    std::vector<tenancy::ActiveException> result;
    if (auto const found = exceptions_.find(ns); found != exceptions_.end()) {
        for (ExceptionPointer const& one : found->second) {
            if (one->active_at(now, longest_life)) {
                result.push_back({one, one->ends_at(longest_life)});
            }
        }
    }
    return result;
}

void Rules::index_selector(TenancyPointer const& one) {
    for (auto const& requirement : one->namespace_selector->requirements()) {
        if (requirement.op == kube::LabelSelector::Operator::In) {
            for (std::string const& value : requirement.values) {
                by_label_[{requirement.key, value}].push_back(one);
            }
            return;
        }
    }
    scanned_.push_back(one);
}

TenancyList Rules::governing(std::string_view ns, Labels const& labels) const {
    TenancyList result;
    if (auto const named = by_namespace_.find(std::string(ns)); named != by_namespace_.end()) {
        result = named->second;
    }
    auto const add = [&](TenancyList const& candidates) {
        for (TenancyPointer const& one : candidates) {
            if (one->governs(ns, labels) &&
                std::find(result.begin(), result.end(), one) == result.end()) {
                result.push_back(one);
            }
        }
    };
    for (auto const& label : labels) {
        if (auto const found = by_label_.find({label.first, label.second});
            found != by_label_.end()) {
            add(found->second);
        }
    }
    add(scanned_);
    return result;
}

bool Rules::any_alive(TenancyList const& tenancies) const {
    return std::any_of(tenancies.begin(), tenancies.end(), [&](TenancyPointer const& one) {
        return !deleted_tenancies_.contains(one->meta.name);
    });
}

bool Rules::may_be_governed_unseen(std::string_view ns, Labels const& labels) const {
    return std::any_of(broken_tenancies_.begin(), broken_tenancies_.end(),
                       [&](BrokenTenancy const& one) { return one.may_govern(ns, labels); });
}

}  // namespace rt::op
