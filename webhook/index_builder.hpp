#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/base/published.hpp"
#include "webhook/membership.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::webhook {

/// Figures about the present index.
struct IndexFigures {
    std::size_t namespaces = 0;
    std::size_t governed = 0;
    std::size_t tenancies = 0;
    std::size_t registries = 0;
    std::size_t exceptions = 0;  ///< that have not ended
    std::size_t unreadable = 0;  ///< objects of ours that cannot be read
};

/// Keeps the TenancyIndex true to what the watches tell, and publishes a new version before each
/// call returns. A changed namespace costs one shard; a changed tenancy a look at every namespace;
/// a changed Registry or baseline all policies; a changed or ending exception its namespaces.
///
/// What stays for the grace after it has gone, so that a rename or a re-created object
/// opens nothing: a deleted tenancy's rules, and the rules of a tenancy in a namespace that neither
/// it nor another one selects any more (one that moved is under its new tenancy alone, at once). An
/// object that cannot be read keeps its last good version; a tenancy that has none marks the
/// namespaces it selects as unreadable. An exception has no grace, and one that cannot be read
/// opens nothing.
///
/// Thread-safe. Time comes from `clock`; expire() must be called now and then: graces and
/// exceptions end there.
class IndexBuilder {
  public:
    /// `excluded`: namespaces that no tenancy ever matches. `grace`: the setting graceSeconds;
    /// `exception_life_max`: the setting exceptionDaysMax.
    IndexBuilder(Clock& clock, std::function<bool(std::string_view)> excluded,
                 std::chrono::seconds grace,
                 std::chrono::seconds exception_life_max = std::chrono::hours(24 * 30));

    [[nodiscard]] std::shared_ptr<TenancyIndex const> current() const { return published_.load(); }
    [[nodiscard]] IndexFigures figures() const;

    void replace_registries(std::vector<Json> const& items);
    void upsert_registry(Json const& object);
    void remove_registry(Json const& object);

    void replace_tenancies(std::vector<Json> const& items);
    void upsert_tenancy(Json const& object);
    void remove_tenancy(Json const& object);

    void replace_exceptions(std::vector<Json> const& items);
    void upsert_exception(Json const& object);
    void remove_exception(Json const& object);

    /// Namespaces need metadata only.
    void replace_namespaces(std::vector<Json> const& items);
    void upsert_namespace(Json const& object);
    void remove_namespace(Json const& object);

    /// Drops what has outlived its grace, and exceptions that have ended.
    void expire();

  private:
    struct RegistryState {
        std::shared_ptr<tenancy::Registry const> good{};
        std::string uid{};
        std::int64_t generation = 0;
        bool readable = false;
    };
    struct TenancyState {
        std::shared_ptr<tenancy::RegistryTenancy const> good{};
        std::string uid{};
        std::int64_t generation = 0;
        bool readable = false;
        Selection selection{};                   ///< what it selects now, read leniently if need be
        std::optional<SteadyTime> gone_after{};  ///< deleted; its rules stay until then
    };
    struct Leaving {
        std::string tenancy;
        SteadyTime until;
    };
    struct NamespaceState {
        /// Shared with every index that holds the namespace.
        std::shared_ptr<NamespaceLabels const> labels{};
        std::vector<std::string> members{};  ///< tenancies that select it
        std::vector<Leaving> leaving{};      ///< tenancies that did until lately
    };
    struct ExceptionState {
        std::shared_ptr<tenancy::RegistryException const> good{};  ///< null: cannot be read
        std::string uid{};
        std::int64_t generation = 0;
        WallTime ends_at{};
        bool active = false;
    };
    using Policy = std::shared_ptr<tenancy::NamespacePolicy const>;
    using Names = std::vector<std::string>;
    /// What a policy was compiled from, by sorted names.
    struct PolicyKey {
        Names tenancies;
        Names exceptions;
        auto operator<=>(PolicyKey const&) const = default;
    };

    bool take_registry(Json const& object);
    bool take_tenancy(Json const& object);
    void delete_tenancy(std::string const& name);
    void take_namespace(Json const& object);
    void forget_policies_of(std::string const& tenancy);
    void rebuild_catalog();
    void take_exception(Json const& object, std::set<std::string>& touched);
    void close_exception(ExceptionState& state, std::set<std::string>& touched);
    void end_exceptions();
    void publish_touched(std::set<std::string> const& touched);
    [[nodiscard]] bool is_baseline(std::string const& tenancy) const;

    void refresh_all();
    void refresh_selected(std::set<std::string> const& tenancies);
    void refresh_members(std::string const& ns, NamespaceState& state, SteadyTime now);
    [[nodiscard]] NamespaceRules rules_of(std::string const& ns, NamespaceState const& state);
    [[nodiscard]] Policy policy_for(PolicyKey const& key);
    void publish(std::vector<std::string> const& changed);
    void publish_all();
    void finish_publication();

    Clock& clock_;
    std::function<bool(std::string_view)> excluded_;
    std::chrono::seconds grace_;
    std::chrono::seconds exception_life_max_;
    mutable std::mutex mutex_;
    std::map<std::string, RegistryState> registries_;
    std::map<std::string, TenancyState> tenancies_;
    std::set<std::string> baselines_;  ///< names of those tenancies that are baselines
    std::map<std::string, ExceptionState> exceptions_;
    std::unordered_map<std::string, std::set<std::string>>
        exceptions_of_;                                ///< active, by namespace
    std::set<std::pair<WallTime, std::string>> ends_;  ///< of the active ones
    std::unordered_map<std::string, NamespaceState> namespaces_;
    MembershipTable membership_;
    std::map<PolicyKey, Policy> policies_;
    std::optional<SteadyTime> next_expiry_;
    SteadyTime expire_again_after_{};
    bool tenancies_changed_ = false;
    TenancyIndex next_;
    Published<TenancyIndex> published_;
};

}  // namespace rt::webhook
