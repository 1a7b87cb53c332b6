#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tenancy/policy.hpp"

namespace rt::webhook {

/// What is known about one namespace.
struct NamespaceRules {
    /// Null: no tenancy governs it. Shared by all namespaces under the same tenancies and
    /// exceptions.
    std::shared_ptr<tenancy::NamespacePolicy const> policy{};
    /// Where no tenancy governs it: what exceptions open if unmanagedNamespaces is Deny. Mostly
    /// null.
    std::shared_ptr<tenancy::NamespacePolicy const> exceptions{};
    /// Names a RegistryTenancy that selects this namespace and cannot be read; null: none. What it
    /// allows and forbids is unknown, so nothing may be decided from the rest.
    std::shared_ptr<std::string const> unreadable{};
};

/// Everything admission decides by: an immutable snapshot. A namespace that is not in it is
/// unknown, which is something else than governed by nothing. Split into shards, so that a new
/// version shares all but one with its predecessor when one namespace changes.
class TenancyIndex {
  public:
    static constexpr std::size_t shards_count = 256;
    struct Entry {
        std::string ns;
        NamespaceRules rules;
        std::shared_ptr<std::map<std::string, std::string> const> labels;
    };
    using Shard = std::vector<Entry>;  ///< sorted by namespace

    TenancyIndex() = default;

    /// Null: unknown. Valid as long as the index.
    [[nodiscard]] NamespaceRules const* find(std::string_view ns) const;
    [[nodiscard]] static std::size_t shard_of(std::string_view ns);

    /// All Registries that can be read, and all RegistryTenancies (for the resources' own webhook).
    [[nodiscard]] tenancy::RegistryCatalog const& catalog() const { return *catalog_; }
    [[nodiscard]] std::vector<std::shared_ptr<tenancy::RegistryTenancy const>> const& tenancies()
        const {
        return *tenancies_;
    }
    [[nodiscard]] std::size_t namespaces() const { return namespaces_; }
    /// Calls `visit(Entry const&)` for every namespace.
    template <class Visit>
    void for_each(Visit const& visit) const {
        for (auto const& shard : shards_) {
            if (shard) {
                for (Entry const& entry : *shard) {
                    visit(entry);
                }
            }
        }
    }

  private:
    friend class IndexBuilder;
    using Tenancies = std::vector<std::shared_ptr<tenancy::RegistryTenancy const>>;

    std::array<std::shared_ptr<Shard const>, shards_count> shards_{};
    std::shared_ptr<tenancy::RegistryCatalog const> catalog_ =
        std::make_shared<tenancy::RegistryCatalog>();
    std::shared_ptr<Tenancies const> tenancies_ = std::make_shared<Tenancies>();
    std::size_t namespaces_ = 0;
};

/// The index together with how far it can be trusted, as seen at one moment.
struct PolicyView {
    std::shared_ptr<TenancyIndex const> index{};
    bool synced = false;               ///< every watch has delivered its first complete list
    std::chrono::milliseconds age{0};  ///< since the index was last proven complete
};

/// Where the endpoint gets its index from. Called once per request on any thread; must not block.
class PolicySource {
  public:
    virtual ~PolicySource() = default;
    [[nodiscard]] virtual PolicyView view() const = 0;
};

/// An index that never changes and never ages: for benchmarks and tests.
class FixedPolicySource final : public PolicySource {
  public:
    explicit FixedPolicySource(std::shared_ptr<TenancyIndex const> index)
        : view_{std::move(index), true, std::chrono::milliseconds{0}} {}
    explicit FixedPolicySource(PolicyView view) : view_(std::move(view)) {}
    [[nodiscard]] PolicyView view() const override { return view_; }

  private:
    PolicyView view_;
};

}  // namespace rt::webhook
