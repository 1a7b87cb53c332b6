#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/kube/core/object.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::op {

using Labels = std::map<std::string, std::string>;
using TenancyPointer = std::shared_ptr<tenancy::RegistryTenancy const>;
using TenancyList = std::vector<TenancyPointer>;
using ExceptionPointer = std::shared_ptr<tenancy::RegistryException const>;
using ExceptionList = std::vector<ExceptionPointer>;

/// A RegistryTenancy that does not parse and never did since we started: what it meant is unknown,
/// so nothing is taken from namespaces that it may govern.
struct BrokenTenancy {
    std::string name;
    std::set<std::string> namespaces;
    std::optional<kube::LabelSelector> selector;
    bool may_match_all = false;  ///< a baseline, or a selector that cannot be read

    static BrokenTenancy read(Json const& object);
    [[nodiscard]] bool may_govern(std::string_view ns, Labels const& labels) const;
};

/// All Registries, RegistryTenancies and RegistryExceptions at one moment, indexed; immutable once
/// built.
class Rules {
  public:
    Rules() = default;
    /// `exceptions`, whether they have ended or not. `tenancies` are those in force;
    /// `deleted_tenancies` names those of them that are deleted and only in force for their grace.
    Rules(TenancyList tenancies, std::set<std::string> deleted_tenancies,
          tenancy::RegistryCatalog catalog, std::vector<BrokenTenancy> broken_tenancies,
          std::set<std::string> broken_registries, std::uint64_t sequence = 0,
          ExceptionList const& exceptions = {});

    /// Grows with every change of any rule, within one process.
    [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
    [[nodiscard]] TenancyList const& tenancies() const { return tenancies_; }
    [[nodiscard]] TenancyList const& baselines() const { return baselines_; }
    [[nodiscard]] tenancy::RegistryCatalog const& catalog() const { return catalog_; }

    /// Tenancies that govern the namespace, baselines left out. Exclusions are the caller's
    /// business.
    [[nodiscard]] TenancyList governing(std::string_view ns, Labels const& labels) const;
    /// Exceptions that name the namespace and have not ended at `now`.
    [[nodiscard]] std::vector<tenancy::ActiveException> exceptions(
        std::string const& ns, WallTime now, std::chrono::seconds longest_life) const;
    /// One of these is not deleted.
    [[nodiscard]] bool any_alive(TenancyList const& tenancies) const;
    /// A tenancy that we cannot read may govern this namespace.
    [[nodiscard]] bool may_be_governed_unseen(std::string_view ns, Labels const& labels) const;
    /// A Registry of this name exists but cannot be read.
    [[nodiscard]] bool registry_broken(std::string const& name) const {
        return broken_registries_.contains(name);
    }

  private:
    void index_selector(TenancyPointer const& one);

    TenancyList tenancies_;
    TenancyList baselines_;
    /// By one label that their selector demands, so that a namespace is not compared with all.
    std::map<std::pair<std::string, std::string>, TenancyList> by_label_;
    TenancyList scanned_;  ///< selectors that demand no label's value
    std::set<std::string> deleted_tenancies_;
    std::unordered_map<std::string, TenancyList> by_namespace_;
    std::unordered_map<std::string, ExceptionList> exceptions_;  ///< by namespace
    tenancy::RegistryCatalog catalog_;
    std::vector<BrokenTenancy> broken_tenancies_;
    std::set<std::string> broken_registries_;
    std::uint64_t sequence_ = 0;
};

}  // namespace rt::op
