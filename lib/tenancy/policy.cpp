#include "lib/tenancy/policy.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

namespace rt::tenancy {
namespace {

using Tenancies = std::vector<std::shared_ptr<RegistryTenancy const>>;

void sort_oldest_first(Tenancies& tenancies) {
    std::sort(tenancies.begin(), tenancies.end(),
              [](auto const& left, auto const& right) { return older(left->meta, right->meta); });
}

/// Entries of one registry while they are collected, in the order in which they are kept.
using AllowMap = std::map<std::pair<AllowEntry::Kind, std::string>, EffectiveAllow>;

void add_allow(AllowMap& collected, AllowEntry const& entry, std::string const& tenancy) {
    auto const [found, is_new] = collected.try_emplace(std::pair(entry.kind, entry.path));
    EffectiveAllow& effective = found->second;
    if (is_new) {
        effective.entry = entry;
    } else if (entry.deprecated.empty()) {
        // One source that allows it without reserve is enough.
        effective.entry.deprecated.clear();
    }
    effective.tenancies.push_back(tenancy);
}

std::vector<EffectiveRegistry> unite(Tenancies const& sources, RegistryCatalog const& catalog) {
    std::map<std::string, AllowMap> by_registry;
    for (auto const& tenancy : sources) {
        for (auto const& registry : tenancy->registries) {
            AllowMap& collected = by_registry[registry.name];
            for (auto const& entry : registry.allow) {
                add_allow(collected, entry, tenancy->meta.name);
            }
        }
    }
    std::vector<EffectiveRegistry> registries;
    for (auto& [name, collected] : by_registry) {
        EffectiveRegistry effective;
        effective.name = name;
        if (Registry const* const registry = catalog.by_name(name)) {
            effective.exists = true;
            effective.hosts = catalog.hosts_of(*registry);
            effective.has_credentials = registry->has_credentials();
        }
        for (auto& [key, allow] : collected) {
            auto& names = allow.tenancies;
            std::sort(names.begin(), names.end());
            names.erase(std::unique(names.begin(), names.end()), names.end());
            effective.allow.push_back(std::move(allow));
        }
        registries.push_back(std::move(effective));
    }
    return registries;
}

/// What all of them allow: Any only where none lists.
PullSecretsPolicy intersect(Tenancies const& governing) {
    PullSecretsPolicy result;
    for (auto const& tenancy : governing) {
        PullSecretsPolicy const& one = tenancy->pull_secrets;
        if (!one.listed) {
            continue;
        }
        if (!result.listed) {
            result = one;
            std::sort(result.allowed.begin(), result.allowed.end());
            continue;
        }
        std::vector<std::string> both;
        auto other = one.allowed;
        std::sort(other.begin(), other.end());
        std::set_intersection(result.allowed.begin(), result.allowed.end(), other.begin(),
                              other.end(), std::back_inserter(both));
        result.allowed = std::move(both);
    }
    return result;
}

/// The entry of that kind and path, nullptr where there is none. `allow` is sorted by kind and
/// path.
EffectiveAllow const* find_allow(std::vector<EffectiveAllow> const& allow, AllowEntry::Kind kind,
                                 std::string_view path) {
    auto const at = std::lower_bound(
        allow.begin(), allow.end(), std::pair(kind, path),
        [](EffectiveAllow const& one, std::pair<AllowEntry::Kind, std::string_view> const& wanted) {
            return std::pair(one.entry.kind, std::string_view(one.entry.path)) < wanted;
        });
    bool const found = at != allow.end() && at->entry.kind == kind && at->entry.path == path;
    return found ? &*at : nullptr;
}

/// The repository with an implied "library/", without allocating. The parser bounds it to 255
/// bytes.
class RepositoryBuffer {
  public:
    explicit RepositoryBuffer(ImageReference const& image) {
        if (image.implied_library()) {
            append("library/");
        }
        append(image.written_path());
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

  private:
    void append(std::string_view text) {
        std::size_t const count = text.copy(bytes_.data() + size_, bytes_.size() - size_);
        size_ += count;
    }
    std::array<char, 256> bytes_;
    std::size_t size_ = 0;
};

}  // namespace

NamespacePolicy NamespacePolicy::compile(
    std::vector<std::shared_ptr<RegistryTenancy const>> governing,
    std::vector<std::shared_ptr<RegistryTenancy const>> baselines, RegistryCatalog const& catalog) {
    sort_oldest_first(governing);
    sort_oldest_first(baselines);
    NamespacePolicy policy;
    if (!governing.empty()) {
        policy.enforcement_ = Enforcement::Audit;
    }
    for (auto const& tenancy : governing) {
        policy.tenancies_.push_back(tenancy->meta.name);
        policy.enforcement_ = std::max(policy.enforcement_, tenancy->enforcement);
        policy.pull_always_ = policy.pull_always_ || tenancy->pull_always;
    }
    std::sort(policy.tenancies_.begin(), policy.tenancies_.end());
    policy.pull_secrets_ = intersect(governing);
    policy.sources_ = std::move(governing);
    policy.sources_.insert(policy.sources_.end(), baselines.begin(), baselines.end());
    for (auto const& tenancy : policy.sources_) {
        if (policy.contact_.empty()) {
            policy.contact_ = tenancy->contact;
        }
        if (policy.docs_url_.empty()) {
            policy.docs_url_ = tenancy->docs_url;
        }
    }
    policy.registries_ = unite(policy.sources_, catalog);
    for (std::size_t i = 0; i < policy.registries_.size(); ++i) {
        EffectiveRegistry const& registry = policy.registries_[i];
        policy.wants_pull_secret_ = policy.wants_pull_secret_ || registry.has_credentials;
        for (auto const& host : registry.hosts) {
            policy.by_host_.emplace(host, i);
        }
    }
    return policy;
}

Verdict NamespacePolicy::judge(ImageReference const& image) const {
    auto const host = by_host_.find(image.registry());
    if (host == by_host_.end()) {
        return {Verdict::Kind::RegistryUnknown, nullptr, nullptr};
    }
    EffectiveRegistry const& registry = registries_[host->second];
    Verdict verdict{Verdict::Kind::PathNotAllowed, &registry, nullptr};
    auto const consider = [&](AllowEntry::Kind kind, std::string_view path) {
        EffectiveAllow const* const found = find_allow(registry.allow, kind, path);
        if (found == nullptr || verdict.kind == Verdict::Kind::Allowed) {
            return;
        }
        bool const deprecated = !found->entry.deprecated.empty();
        if (verdict.allow == nullptr || !deprecated) {
            verdict.allow = found;
        }
        verdict.kind = deprecated ? Verdict::Kind::AllowedDeprecated : Verdict::Kind::Allowed;
    };
    RepositoryBuffer const buffer(image);
    std::string_view const repository = buffer.view();
    consider(AllowEntry::Kind::Repository, repository);
    // Every proper prefix by whole segments; at most 128 of them in 255 bytes.
    for (std::size_t slash = repository.rfind('/'); slash != std::string_view::npos && slash != 0;
         slash = repository.rfind('/', slash - 1)) {
        consider(AllowEntry::Kind::Namespace, repository.substr(0, slash));
    }
    consider(AllowEntry::Kind::WholeRegistry, {});
    return verdict;
}

}  // namespace rt::tenancy
