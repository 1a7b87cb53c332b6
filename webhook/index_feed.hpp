#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/random.hpp"
#include "lib/kube/client/client.hpp"
#include "webhook/index_builder.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::webhook {

/// The live index: watches Registries, RegistryTenancies, RegistryExceptions and Namespaces
/// (metadata only), and knows how long ago all of them were proven complete. A watch that merely
/// says nothing proves nothing.
class IndexFeed final : public PolicySource {
  public:
    /// All references must outlive the feed. `staleness_max`: how old a proof may become; proofs
    /// are made so often that one of them may fail.
    IndexFeed(kube::Client& client, Clock& clock, Random& random,
              std::function<bool(std::string_view)> excluded, std::chrono::seconds grace,
              std::chrono::seconds exception_life_max, std::chrono::seconds staleness_max);
    ~IndexFeed() override;

    void start();
    [[nodiscard]] PolicyView view() const override;
    /// Ends graces and exceptions, and takes over what the watches know of their freshness; call it
    /// some times a second.
    void tick();
    [[nodiscard]] IndexFigures figures() const;
    /// Why the index isn't complete or current, for /readyz; empty when all is well.
    [[nodiscard]] std::string trouble() const;

  private:
    struct Watches;
    [[nodiscard]] bool all_synced() const;

    Clock& clock_;
    IndexBuilder builder_;
    std::unique_ptr<Watches> watches_;
    /// Copies of what the watches say, so that requests take none of their locks.
    mutable std::atomic<bool> synced_{false};
    mutable std::atomic<BootClock::rep> proven_at_{0};
};

}  // namespace rt::webhook
