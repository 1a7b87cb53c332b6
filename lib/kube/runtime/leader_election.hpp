#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/random.hpp"
#include "lib/kube/client/client.hpp"

namespace rt::kube {

struct LeaderElectionOptions {
    ObjectKey lease;
    std::string identity;  ///< unique: hostname_uuid
    std::chrono::milliseconds lease_duration{15'000};
    std::chrono::milliseconds renew_deadline{10'000};
    std::chrono::milliseconds retry_period{2'000};
};

/// client-go's algorithm on a coordination.k8s.io/v1 Lease. It does not fence: every write of a
/// leader must be safe while a second one believes the same.
class LeaderElector {
  public:
    LeaderElector(Client& client, LeaderElectionOptions options, Clock& clock, Random& random);

    enum class End { Stopped, Lost };
    /// Blocks: acquires, calls `lead` on a thread of its own with a token that is stopped when the
    /// lease is lost or `stop` is requested, and waits for it; the lease is renewed until `lead`
    /// has returned (which it may also do by itself), then released. After Lost, end the process:
    /// what `lead` left running is no longer guarded.
    [[nodiscard]] End run(std::function<void(std::stop_token)> const& lead,
                          std::stop_token const& stop);
    /// Ask before each write that others can see: false already at the renew deadline, seconds
    /// before another candidate may take over.
    [[nodiscard]] bool leading() const;
    /// True where the lease ran out while we believe that we hold it (a deadlock): not live.
    [[nodiscard]] bool overdue() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace rt::kube
