#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/kube/client/client.hpp"

/// How what mints make outside the cluster is known again as this cluster's own: by its name.
namespace rt::op {

/// What all names of one cluster have in them and nobody else's: from the UID of its namespace
/// kube-system, because clusterName is only as unique as its admins made it, and a sweep must never
/// take another cluster's for its own.
[[nodiscard]] std::string cluster_mark(std::string_view cluster_uid);

/// Whose credential it is: one Registry's in one namespace.
[[nodiscard]] std::string owner_mark(std::string_view ns, std::string_view registry);
/// Whether it has the form of one of the two.
[[nodiscard]] bool is_mark(std::string_view text);

/// For people: `text` as [a-z0-9]+ joined by single dashes, shortened; "x" where nothing is left.
[[nodiscard]] std::string name_part(std::string_view text, std::size_t bytes_max);

/// When it was issued, in whole seconds: the same as in the pull Secret's annotation. nullopt: the
/// text says no such time.
[[nodiscard]] std::string seconds_part(WallTime issued_at);
[[nodiscard]] std::optional<WallTime> parse_seconds_part(std::string_view text);

/// What a name says.
struct OwnedName {
    std::string owner;  ///< owner_mark()
    WallTime issued_at;
    bool operator==(OwnedName const&) const = default;
};

/// cluster_mark() of the cluster, read once. Thread-safe.
class ClusterMark {
  public:
    explicit ClusterMark(kube::Client& api) : api_(api) {}
    Result<std::string> get(std::stop_token const& stop);

  private:
    kube::Client& api_;
    std::mutex mutex_;
    std::string mark_;  ///< guarded by mutex_
};

}  // namespace rt::op
