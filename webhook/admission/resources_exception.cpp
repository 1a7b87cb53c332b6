#include "webhook/admission/resources_exception.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/tenancy/messages.hpp"
#include "lib/tenancy/validation.hpp"

namespace rt::webhook {
namespace {

using tenancy::ExceptionScope;
using tenancy::RegistryException;

/// A preview has up to four warnings; the rest of a response is ours, the last to say how many
/// more.
constexpr std::size_t warnings_max = tenancy::warnings_per_response_max - 4;

/// The namespaces of the exception about which something can be said.
std::vector<ExceptionScope> scopes_of(RegistryException const& exception, TenancyIndex const& index,
                                      AdmissionSettings const& settings) {
    std::vector<ExceptionScope> scopes;
    for (std::string const& ns : exception.namespaces) {
        if (settings.excludes(ns)) {
            continue;
        }
        NamespaceRules const* const rules = index.find(ns);
        if (rules == nullptr) {
            scopes.push_back({ns, false, nullptr});
        } else if (!rules->unreadable) {
            scopes.push_back({ns, true, rules->policy});
        }
    }
    return scopes;
}

tenancy::ExceptionClock clock_at(WallTime now, AdmissionSettings const& settings) {
    return {now, settings.exception_life_max};
}

}  // namespace

tenancy::FieldErrors errors_of_exception(Json const& object, PolicyView const& view,
                                         AdmissionSettings const& settings, WallTime now) {
    auto const parsed = RegistryException::parse(object);
    if (!parsed) {
        return parsed.error();
    }
    if (!usable(view, settings) || tenancy::end_of(*parsed, clock_at(now, settings)) <= now) {
        return {};
    }
    return tenancy::validate_against(*parsed, scopes_of(*parsed, *view.index, settings),
                                     view.index->catalog(), settings.cluster_name);
}

std::vector<std::string> warnings_of_exception(Json const& object, PolicyView const& view,
                                               AdmissionSettings const& settings, WallTime now) {
    auto const parsed = RegistryException::parse(object);
    if (!parsed) {
        return {};
    }
    std::vector<std::string> warnings;
    for (std::string const& ns : parsed->namespaces) {
        if (settings.excludes(ns)) {
            warnings.push_back("namespace " + printable(ns, 63) +
                               " is excluded from RegistryTenancy: images are not judged there, "
                               "with or without exceptions");
        }
    }
    auto const clock = clock_at(now, settings);
    if (usable(view, settings)) {
        auto more = tenancy::warnings_for(*parsed, scopes_of(*parsed, *view.index, settings),
                                          view.index->catalog(), settings.cluster_name, clock);
        warnings.insert(warnings.end(), std::make_move_iterator(more.begin()),
                        std::make_move_iterator(more.end()));
    } else if (auto of_end = tenancy::warning_of_end(*parsed, clock)) {
        warnings.push_back(*std::move(of_end));
    }
    if (warnings.size() > warnings_max) {
        std::size_t const left = warnings.size() - (warnings_max - 1);
        warnings.resize(warnings_max - 1);
        warnings.push_back("and " + std::to_string(left) + " more warnings of this kind");
    }
    return warnings;
}

}  // namespace rt::webhook
