#include "operator/inventory/workload_board.hpp"

#include <set>
#include <utility>

namespace rt::op {
namespace {

void add(WorkloadBoard::Tally& tally, std::string const& ns, tenancy::Workloads const& workloads) {
    tally.denied += workloads.denied;
    tally.grandfathered += workloads.grandfathered;
    tally.by_exception += workloads.by_exception;
    if (workloads.denied + workloads.grandfathered == 0) {
        return;
    }
    ++tally.namespaces;
    // The first by name, whatever the order in which namespaces are looked at: a status that names
    // another one each time would be written each time.
    if (tally.first_namespace.empty() || ns < tally.first_namespace) {
        tally.first_namespace = ns;
        tally.first_image = workloads.images.empty() ? "" : workloads.images.front().image;
    }
}

}  // namespace

std::vector<std::string> WorkloadBoard::put(std::string const& ns,
                                            std::vector<std::string> tenancies,
                                            tenancy::Workloads workloads) {
    Found found{std::move(tenancies), std::move(workloads)};
    std::lock_guard const lock(mutex_);
    auto const [known, is_new] = found_.try_emplace(ns);
    if (!is_new && known->second == found) {
        return {};
    }
    std::set<std::string> names(known->second.tenancies.begin(), known->second.tenancies.end());
    names.insert(found.tenancies.begin(), found.tenancies.end());
    known->second = std::move(found);
    return {names.begin(), names.end()};
}

std::vector<std::string> WorkloadBoard::remove(std::string const& ns) {
    std::lock_guard const lock(mutex_);
    auto const known = found_.find(ns);
    if (known == found_.end()) {
        return {};
    }
    std::vector<std::string> names = std::move(known->second.tenancies);
    found_.erase(known);
    return names;
}

WorkloadBoard::Tally WorkloadBoard::tally(std::vector<std::string> const& namespaces) const {
    Tally result;
    std::lock_guard const lock(mutex_);
    for (std::string const& ns : namespaces) {
        auto const known = found_.find(ns);
        if (known == found_.end()) {
            ++result.unknown;
        } else {
            add(result, ns, known->second.workloads);
        }
    }
    return result;
}

WorkloadBoard::Tally WorkloadBoard::total() const {
    Tally result;
    std::lock_guard const lock(mutex_);
    for (auto const& [ns, found] : found_) {
        add(result, ns, found.workloads);
    }
    return result;
}

}  // namespace rt::op
