#include "webhook/impact/what_if.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace rt::webhook {
namespace {

using Policy = NamespaceChange::Policy;
using TenancyPtr = std::shared_ptr<tenancy::RegistryTenancy const>;

/// Whether admission can tell the two apart.
bool judge_alike(Policy const& left, Policy const& right) {
    if (!left || !right) {
        return left == right;
    }
    return left->registries() == right->registries() &&
           left->exception_hosts() == right->exception_hosts() &&
           left->enforcement() == right->enforcement() &&
           left->pull_secrets() == right->pull_secrets();
}

/// Compiles policies as they will be. Namespaces under the same tenancies share one.
class Compiler {
  public:
    Compiler(TenancyIndex const& index, ProposedChange const& change,
             AdmissionSettings const& settings)
        : index_(index), change_(change), settings_(settings), catalog_(catalog_after()) {}

    /// What the namespace is judged by now.
    [[nodiscard]] Policy before(TenancyIndex::Entry const& entry) const {
        return entry.rules.policy || !exceptions_alone_count() ? entry.rules.policy
                                                               : entry.rules.exceptions;
    }

    [[nodiscard]] Policy after(TenancyIndex::Entry const& entry) {
        // Where nothing governs it yet, what exceptions open there stays open.
        Policy const& known = entry.rules.policy ? entry.rules.policy : entry.rules.exceptions;
        bool const joins = this->joins(entry);
        if (change_.kind == ProposedChange::Kind::RegistryException && !joins && !is_in(known)) {
            return before(entry);
        }
        auto const [found, fresh] = known_.try_emplace({known.get(), joins});
        if (fresh) {
            found->second = compile(known, joins);
        }
        return found->second;
    }

  private:
    [[nodiscard]] bool exceptions_alone_count() const {
        return settings_.unmanaged == tenancy::UnmanagedNamespaces::Deny;
    }

    /// Whether what changes applies to the namespace from then on.
    [[nodiscard]] bool joins(TenancyIndex::Entry const& entry) const {
        if (change_.exception) {
            return change_.exception->exception->applies_to(entry.ns);
        }
        return change_.tenancy && !change_.tenancy->baseline &&
               change_.tenancy->governs(entry.ns, *entry.labels);
    }

    [[nodiscard]] bool is_the_changed_one(tenancy::ActiveException const& one) const {
        return change_.kind == ProposedChange::Kind::RegistryException &&
               one.exception->meta.name == change_.name;
    }

    /// Whether the exception that changes is in force there now.
    [[nodiscard]] bool is_in(Policy const& policy) const {
        return policy && std::any_of(policy->exceptions().begin(), policy->exceptions().end(),
                                     [&](auto const& one) { return is_the_changed_one(one); });
    }

    [[nodiscard]] tenancy::RegistryCatalog catalog_after() const {
        auto registries = index_.catalog().all();
        if (change_.kind == ProposedChange::Kind::Registry) {
            std::erase_if(registries,
                          [&](auto const& one) { return one->meta.name == change_.name; });
            if (change_.registry) {
                registries.push_back(change_.registry);
            }
        }
        return tenancy::RegistryCatalog(std::move(registries));
    }

    [[nodiscard]] bool is_the_changed_one(TenancyPtr const& one) const {
        return change_.kind == ProposedChange::Kind::RegistryTenancy &&
               one->meta.name == change_.name;
    }

    [[nodiscard]] Policy compile(Policy const& before, bool joins) const {
        std::vector<TenancyPtr> governing;
        std::vector<TenancyPtr> baselines;
        for (TenancyPtr const& one : before ? before->sources() : std::vector<TenancyPtr>()) {
            if (!one->baseline && !is_the_changed_one(one)) {
                governing.push_back(one);
            }
        }
        if (joins && change_.tenancy) {
            governing.push_back(change_.tenancy);
        }
        auto exceptions = before ? before->exceptions() : std::vector<tenancy::ActiveException>();
        std::erase_if(exceptions, [&](auto const& one) { return is_the_changed_one(one); });
        if (joins && change_.exception) {
            exceptions.push_back(*change_.exception);
        }
        if (governing.empty()) {
            // No baseline governs a namespace.
            return exceptions.empty() || !exceptions_alone_count()
                       ? nullptr
                       : compiled({}, {}, std::move(exceptions));
        }
        for (TenancyPtr const& one : index_.tenancies()) {
            if (one->baseline && !is_the_changed_one(one)) {
                baselines.push_back(one);
            }
        }
        if (change_.tenancy && change_.tenancy->baseline) {
            baselines.push_back(change_.tenancy);
        }
        return compiled(std::move(governing), std::move(baselines), std::move(exceptions));
    }

    [[nodiscard]] Policy compiled(std::vector<TenancyPtr> governing,
                                  std::vector<TenancyPtr> baselines,
                                  std::vector<tenancy::ActiveException> exceptions) const {
        return std::make_shared<tenancy::NamespacePolicy const>(tenancy::NamespacePolicy::compile(
            std::move(governing), std::move(baselines), std::move(exceptions), catalog_));
    }

    TenancyIndex const& index_;
    ProposedChange const& change_;
    AdmissionSettings const& settings_;
    tenancy::RegistryCatalog catalog_;
    std::map<std::pair<tenancy::NamespacePolicy const*, bool>, Policy> known_;
};

}  // namespace

std::optional<ProposedChange> proposed_change(Json const& request,
                                              tenancy::ExceptionClock const& clock) {
    Json const* const resource = find(request, "resource");
    std::string const plural = resource == nullptr ? "" : string_at(*resource, "resource");
    if (!string_at(request, "subResource").empty()) {
        return std::nullopt;
    }
    ProposedChange change;
    change.name = string_at(request, "name");
    if (plural == "registries") {
        change.kind = ProposedChange::Kind::Registry;
    } else if (plural == "registryexceptions") {
        change.kind = ProposedChange::Kind::RegistryException;
    } else if (plural != "registrytenancies") {
        return std::nullopt;
    }
    if (string_at(request, "operation") == "DELETE") {
        return change;
    }
    Json const* const object = find(request, "object");
    if (object == nullptr) {
        return std::nullopt;
    }
    if (change.kind == ProposedChange::Kind::Registry) {
        auto registry = tenancy::Registry::parse(*object);
        if (!registry) {
            return std::nullopt;
        }
        change.registry = std::make_shared<tenancy::Registry const>(*std::move(registry));
        return change;
    }
    if (change.kind == ProposedChange::Kind::RegistryException) {
        auto exception = tenancy::RegistryException::parse(*object);
        if (!exception) {
            return std::nullopt;
        }
        if (WallTime const end = tenancy::end_of(*exception, clock); clock.now < end) {
            change.exception = tenancy::ActiveException{
                std::make_shared<tenancy::RegistryException const>(*std::move(exception)), end};
        }
        return change;
    }
    auto tenancy = tenancy::RegistryTenancy::parse(*object);
    if (!tenancy) {
        return std::nullopt;
    }
    change.tenancy = std::make_shared<tenancy::RegistryTenancy const>(*std::move(tenancy));
    return change;
}

std::vector<NamespaceChange> what_if(TenancyIndex const& index, ProposedChange const& change,
                                     AdmissionSettings const& settings) {
    std::vector<NamespaceChange> changes;
    Compiler compiler(index, change, settings);
    index.for_each([&](TenancyIndex::Entry const& entry) {
        if (entry.rules.unreadable || settings.excludes(entry.ns)) {
            return;
        }
        Policy before = compiler.before(entry);
        Policy after = compiler.after(entry);
        if (!judge_alike(before, after)) {
            changes.push_back({entry.ns, std::move(before), std::move(after)});
        }
    });
    std::sort(changes.begin(), changes.end(),
              [](auto const& left, auto const& right) { return left.ns < right.ns; });
    return changes;
}

}  // namespace rt::webhook
