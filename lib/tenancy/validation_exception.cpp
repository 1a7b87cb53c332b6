#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/tenancy/validation.hpp"

// The part of validation that is about RegistryExceptions.

namespace rt::tenancy {
namespace {

constexpr std::size_t warning_bytes_max = 256;

/// What keeps `exception` from extending credentials in `scope`, as if it were in force there.
std::vector<CredentialProblem> problems_in(ExceptionScope const& scope,
                                           RegistryException const& exception,
                                           RegistryCatalog const& catalog,
                                           std::string_view cluster) {
    std::vector<std::shared_ptr<RegistryTenancy const>> governing;
    std::vector<std::shared_ptr<RegistryTenancy const>> baselines;
    for (auto const& source : scope.policy->sources()) {
        (source->baseline ? baselines : governing).push_back(source);
    }
    auto exceptions = scope.policy->exceptions();
    std::erase_if(exceptions, [&](ActiveException const& active) {
        return active.exception->meta.name == exception.meta.name;
    });
    exceptions.push_back({std::make_shared<RegistryException const>(exception), WallTime::max()});
    auto const policy = NamespacePolicy::compile(std::move(governing), std::move(baselines),
                                                 std::move(exceptions), catalog);
    auto problems = credentials_of(policy, catalog, scope.ns, cluster).problems;
    std::erase_if(problems, [&](CredentialProblem const& problem) {
        return problem.exception != exception.meta.name;
    });
    return problems;
}

/// The operator leaves such an exception out of the credential.
bool left_out(CredentialProblem const& problem) {
    return problem.reason == "PolicyTooLarge" || problem.reason == "NotNarrowable";
}

std::string in_namespace(ExceptionScope const& scope) {
    return "namespace \"" + scope.ns + "\": ";
}

void add(std::vector<std::string>& warnings, std::string const& text) {
    warnings.push_back(printable(text, warning_bytes_max));
}

}  // namespace

WallTime end_of(RegistryException const& exception, ExceptionClock const& clock) {
    return exception.meta.creation_timestamp
               ? exception.ends_at(clock.longest_life)
               : std::min(exception.expires_at, clock.now + clock.longest_life);
}

std::optional<std::string> warning_of_end(RegistryException const& exception,
                                          ExceptionClock const& clock) {
    WallTime const end = end_of(exception, clock);
    if (end <= clock.now) {
        return "the exception has ended (" + format_rfc3339(end) +
               "): it allows nothing and is kept for the record";
    }
    if (end < exception.expires_at) {
        constexpr auto day = std::chrono::hours(24);
        return "the exception ends on " + format_rfc3339(end) +
               ", before its expiresAt: this cluster's longest life is " +
               std::to_string(clock.longest_life / day) + " days (exceptionDaysMax)";
    }
    return std::nullopt;
}

FieldErrors validate_against(RegistryException const& exception,
                             std::span<ExceptionScope const> scopes, RegistryCatalog const& catalog,
                             std::string_view cluster) {
    for (auto const& scope : scopes) {
        if (!scope.policy) {
            continue;
        }
        for (auto const& problem : problems_in(scope, exception, catalog, cluster)) {
            if (left_out(problem)) {
                return {{"/spec/images", in_namespace(scope) + problem.message}};
            }
        }
    }
    return {};
}

std::vector<std::string> warnings_for(RegistryException const& exception,
                                      std::span<ExceptionScope const> scopes,
                                      RegistryCatalog const& catalog, std::string_view cluster,
                                      ExceptionClock const& clock) {
    std::vector<std::string> warnings;
    if (auto const of_end = warning_of_end(exception, clock)) {
        add(warnings, *of_end);
        if (end_of(exception, clock) <= clock.now) {
            return warnings;
        }
    }
    std::set<std::string> told;
    for (auto const& image : exception.images) {
        if (!image.registry.empty() && catalog.by_name(image.registry) == nullptr &&
            told.insert(image.registry).second) {
            add(warnings, "Registry \"" + image.registry +
                              "\" does not exist (yet): nothing is allowed from it");
        }
        Registry const* const owner = catalog.by_host(image.host);
        if (owner != nullptr && owner->has_credentials() && told.insert(image.host).second) {
            add(warnings,
                "host \"" + image.host + "\" belongs to Registry \"" + owner->meta.name +
                    "\": write registry: " + owner->meta.name +
                    " to extend the credential, too; as written, images are admitted only");
        }
    }
    for (auto const& scope : scopes) {
        if (!scope.exists) {
            add(warnings, in_namespace(scope) + "does not exist (yet)");
        } else if (!scope.policy) {
            add(warnings, in_namespace(scope) +
                              "no RegistryTenancy governs it: the exception matters there only if "
                              "unmanagedNamespaces is Deny, and gives no credential");
        } else {
            for (auto const& problem : problems_in(scope, exception, catalog, cluster)) {
                if (!left_out(problem) && problem.reason != "RegistryNotFound") {
                    add(warnings, in_namespace(scope) + problem.message);
                }
            }
        }
    }
    return warnings;
}

}  // namespace rt::tenancy
