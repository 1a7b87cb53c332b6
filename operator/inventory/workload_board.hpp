#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/tenancy/workloads.hpp"

namespace rt::op {

/// What the inventory found, by namespace; in memory only, because it is found again after a
/// restart. Thread-safe.
class WorkloadBoard {
  public:
    /// Returns the tenancies whose status may change by it. `tenancies`: those that govern `ns`.
    std::vector<std::string> put(std::string const& ns, std::vector<std::string> tenancies,
                                 tenancy::Workloads workloads);
    std::vector<std::string> remove(std::string const& ns);

    /// Sums over namespaces. An image that runs in two of them counts twice.
    struct Tally {
        std::size_t denied = 0;
        std::size_t grandfathered = 0;
        std::size_t by_exception = 0;
        std::size_t namespaces = 0;  ///< with an image that nothing allows
        std::size_t unknown = 0;     ///< namespaces not looked at yet
        std::string first_namespace;
        std::string first_image;  ///< that nothing allows, in first_namespace
    };
    [[nodiscard]] Tally tally(std::vector<std::string> const& namespaces) const;
    /// Over all governed namespaces.
    [[nodiscard]] Tally total() const;

  private:
    struct Found {
        std::vector<std::string> tenancies;
        tenancy::Workloads workloads;
        bool operator==(Found const&) const = default;
    };
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Found> found_;
};

}  // namespace rt::op
