#include "webhook/membership.hpp"

#include <algorithm>

namespace rt::webhook {
namespace {

/// The requirement by which a selector is found: the first that names values a label must have.
kube::LabelSelector::Requirement const* demanded_label(Selection const& selection) {
    if (!selection.namespace_selector) {
        return nullptr;
    }
    for (auto const& requirement : selection.namespace_selector->requirements()) {
        if (requirement.op == kube::LabelSelector::Operator::In) {
            return &requirement;
        }
    }
    return nullptr;
}

bool has_selector(Selection const& selection) {
    return selection.namespace_selector && !selection.namespace_selector->empty();
}

}  // namespace

bool Selection::matches(std::string_view ns, NamespaceLabels const& labels) const {
    return std::find(namespaces.begin(), namespaces.end(), ns) != namespaces.end() ||
           (namespace_selector && !namespace_selector->empty() &&
            namespace_selector->matches(labels));
}

void MembershipTable::set(std::string const& tenancy, Selection const& selection) {
    erase(tenancy);
    for (std::string const& ns : selection.namespaces) {
        by_name_[ns].push_back(tenancy);
    }
    if (auto const* const requirement = demanded_label(selection)) {
        for (std::string const& value : requirement->values) {
            by_label_[requirement->key + "=" + value].push_back(tenancy);
        }
    } else if (has_selector(selection)) {
        others_.push_back(tenancy);
    }
    selections_.emplace(tenancy, selection);
}

void MembershipTable::remove(std::unordered_map<std::string, Names>& table, std::string const& key,
                             std::string const& tenancy) {
    auto const found = table.find(key);
    if (found == table.end()) {
        return;
    }
    std::erase(found->second, tenancy);
    if (found->second.empty()) {
        table.erase(found);
    }
}

void MembershipTable::erase(std::string const& tenancy) {
    auto const found = selections_.find(tenancy);
    if (found == selections_.end()) {
        return;
    }
    for (std::string const& ns : found->second.namespaces) {
        remove(by_name_, ns, tenancy);
    }
    if (auto const* const requirement = demanded_label(found->second)) {
        for (std::string const& value : requirement->values) {
            remove(by_label_, requirement->key + "=" + value, tenancy);
        }
    } else {
        std::erase(others_, tenancy);
    }
    selections_.erase(found);
}

std::vector<std::string> MembershipTable::tenancies_of(std::string_view ns,
                                                       NamespaceLabels const& labels) const {
    Names result;
    auto const add_matching = [&](Names const& candidates) {
        for (std::string const& tenancy : candidates) {
            if (selections_.at(tenancy).matches(ns, labels)) {
                result.push_back(tenancy);
            }
        }
    };
    if (auto const found = by_name_.find(std::string(ns)); found != by_name_.end()) {
        result = found->second;
    }
    for (auto const& [key, value] : labels) {
        if (auto const found = by_label_.find(key + "=" + value); found != by_label_.end()) {
            add_matching(found->second);
        }
    }
    add_matching(others_);
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

}  // namespace rt::webhook
