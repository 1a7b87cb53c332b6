#include "operator/doctor/doctor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/text.hpp"
#include "lib/registry/causes.hpp"
#include "lib/registry/questions.hpp"
#include "operator/doctor/recording_transport.hpp"
#include "operator/inventory/running_images.hpp"
#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {
namespace {

using registry::Step;
using Tell = std::function<void(Step const&)>;

constexpr int page_size = 500;
/// How many repositories of others the role is asked about.
constexpr std::size_t foreign_max = 16;
constexpr std::size_t foreign_by_manifest_max = 4;

Result<std::vector<Json>> list(kube::Client& api, kube::ResourceType const& type,
                               std::string const& ns, bool metadata_only,
                               std::stop_token const& stop) {
    kube::ListOptions options;
    options.limit = page_size;
    options.metadata_only = metadata_only;
    options.ns = ns;
    RT_TRY(auto page, kube::list_all(api, type, options, stop));
    return std::move(page.items);
}

/// The view of the operator, read once.
Result<std::unique_ptr<ClusterView>> read_view(DoctorContext& context,
                                               std::stop_token const& stop) {
    auto view =
        std::make_unique<ClusterView>(context.settings, context.clock, [](Affected const&) {});
    RT_TRY(auto registries, list(context.api, kube::types::registries, {}, false, stop));
    view->replace_registries(registries);
    RT_TRY(auto tenancies, list(context.api, kube::types::registry_tenancies, {}, false, stop));
    view->replace_tenancies(tenancies);
    RT_TRY(auto exceptions, list(context.api, kube::types::registry_exceptions, {}, false, stop));
    view->replace_exceptions(exceptions);
    RT_TRY(auto namespaces, list(context.api, kube::types::namespaces, {}, true, stop));
    view->replace_namespaces(namespaces);
    return view;
}

/// One examination.
class Doctor {
  public:
    Doctor(DoctorRequest const& request, DoctorContext& context, Tell const& tell,
           std::stop_token stop)
        : request_(request), context_(context), tell_(tell), stop_(std::move(stop)) {}

    Result<bool> examine() {
        RT_TRY(view_, read_view(context_, stop_));
        RT_TRY(std::vector<Json> pods, list(context_.api, kube::types::pods, {}, false, stop_));
        for (Json& pod : pods) {
            reduce_pod(pod);
        }
        running_.replace(pods);
        for (Json const& pod : pods) {
            everywhere_.insert(kube::key_of(pod).ns);
        }
        RT_TRY(std::vector<tenancy::CredentialSpec> const specs, credentials());
        bool well = true;
        for (tenancy::CredentialSpec const& spec : specs) {
            well = look_at(spec) && well;
        }
        return well;
    }

  private:
    Result<std::vector<tenancy::CredentialSpec>> credentials() {
        Gathered const gathered = view_->gather(request_.ns);
        TenancyList governing;
        if (gathered.record && !gathered.excluded) {
            governing = gathered.rules->governing(request_.ns, gathered.record->labels);
        }
        if (governing.empty()) {
            return fail(invalid_argument("no tenancy governs namespace " + request_.ns));
        }
        auto const policy = tenancy::NamespacePolicy::compile(
            std::move(governing), gathered.rules->baselines(),
            gathered.rules->exceptions(request_.ns, context_.clock.wall_now(),
                                       context_.settings.exception_life_max),
            gathered.rules->catalog());
        auto all = tenancy::credentials_of(policy, gathered.rules->catalog(), request_.ns,
                                           context_.cluster);
        for (auto const& problem : all.problems) {
            if (problem.tenancy == request_.tenancy) {
                tell_({"credential", false, {}, printable(problem.message, 512), ""});
            }
        }
        auto const image = tenancy::ImageReference::parse(request_.image);
        std::erase_if(all.specs, [&](tenancy::CredentialSpec const& spec) {
            bool const of_tenancy = std::find(spec.tenancies.begin(), spec.tenancies.end(),
                                              request_.tenancy) != spec.tenancies.end();
            bool const of_host = !image || std::find(spec.hosts.begin(), spec.hosts.end(),
                                                     image->registry()) != spec.hosts.end();
            return !of_tenancy || !of_host;
        });
        if (all.specs.empty()) {
            return fail(invalid_argument("RegistryTenancy " + request_.tenancy +
                                         " gives namespace " + request_.ns +
                                         " no credential for that"));
        }
        return std::move(all.specs);
    }

    [[nodiscard]] registry::Questions questions(tenancy::CredentialSpec const& spec) const {
        if (!request_.image.empty()) {
            return registry::questions_of(spec,
                                          std::vector<tenancy::RunningImage>{{request_.image, {}}});
        }
        return registry::questions_of(spec, running_.of(request_.ns));
    }

    bool look_at(tenancy::CredentialSpec const& spec) {
        auto const credential = mint(spec);
        auto const asked = questions(spec);
        std::optional<registry::Login> login;
        if (credential) {
            login = registry::Login{credential->username, credential->password.reveal()};
        }
        registry::ChainTarget target{spec, asked.host.empty() ? spec.hosts.front() : asked.host};
        if (!asked.asked.empty() && login) {
            target.image = asked.asked.front();
        }
        target.login = login ? &*login : nullptr;
        bool const walked = registry::walk(target, context_.network, tell_, stop_);
        bool const narrow = !request_.role || !credential || look_at_role(spec, target.host);
        return credential && walked && narrow;
    }

    std::optional<RegistryCredential> mint(tenancy::CredentialSpec const& spec) {
        RecordingTransport recorder(context_.network.transport, context_.clock,
                                    context_.network.proxy_of);
        auto credential =
            context_.make_source(recorder)->mint({spec, request_.ns, context_.cluster}, stop_);
        std::vector<Step> steps = recorder.steps();
        if (!credential) {
            Step failed = steps.empty() ? Step{"identity"} : steps.back();
            if (!steps.empty()) {
                steps.pop_back();
            }
            failed.ok = false;
            failed.saw = printable(credential.error().message, 512);
            if (!recorder.last_proxy().empty()) {
                failed.saw += " (through proxy " + recorder.last_proxy() + ")";
            }
            failed.cause = registry::cloud_cause(failed.name + " " + credential.error().message,
                                                 request_.tenancy);
            steps.push_back(std::move(failed));
        }
        for (Step& step : steps) {
            // Tried again, as after a stale key: what came of it in the end counts.
            step.ok = step.ok || credential.has_value();
            tell_(step);
        }
        return credential ? std::optional(*std::move(credential)) : std::nullopt;
    }

    /// Repositories of this Registry that run somewhere and that the tenancy doesn't allow.
    [[nodiscard]] std::vector<registry::Question> foreign(tenancy::CredentialSpec const& spec,
                                                          std::size_t most) const {
        std::set<std::string> seen;
        std::vector<registry::Question> result;
        for (std::string const& ns : everywhere_) {
            for (tenancy::RunningImage const& one : running_.of(ns)) {
                auto const image = tenancy::ImageReference::parse(one.image);
                bool const of_registry = image && std::find(spec.hosts.begin(), spec.hosts.end(),
                                                            image->registry()) != spec.hosts.end();
                if (!of_registry || result.size() == most) {
                    continue;
                }
                bool const allowed =
                    !registry::questions_of(spec, std::vector<tenancy::RunningImage>{one})
                         .asked.empty();
                if (!allowed && seen.insert(image->repository()).second) {
                    result.push_back({image->repository(), std::string(image->digest().value_or(
                                                               image->tag().value_or("latest")))});
                }
            }
        }
        return result;
    }

    bool look_at_role(tenancy::CredentialSpec const& spec, std::string const& host) {
        if (!spec.role) {
            tell_({"role", true, {}, "the Registry's type assumes no role", ""});
            return true;
        }
        SteadyTime const began = context_.clock.steady_now();
        tenancy::CredentialSpec wide = spec;
        wide.allow = {{tenancy::AllowEntry::Kind::WholeRegistry, "", ""}};
        auto const credential = context_.make_source(context_.network.transport)
                                    ->mint({wide, request_.ns, context_.cluster}, stop_);
        auto const door = registry::knock(context_.network.transport, *spec.registry, host, stop_);
        if (!credential || !door) {
            tell_({"role",
                   false,
                   {},
                   printable(!credential ? credential.error().message : door.error().message, 512),
                   "it could not be asked how wide the role is"});
            return false;
        }
        auto const others =
            foreign(spec, door->kind == registry::Door::Kind::Bearer ? foreign_max
                                                                     : foreign_by_manifest_max);
        registry::Login const login{credential->username, credential->password.reveal()};
        auto const may = others.empty() ? Result<std::set<std::string>>(std::set<std::string>())
                                        : registry::may_pull(context_.network.transport, host,
                                                             *door, others, &login, stop_);
        Step step{"role"};
        step.took = std::chrono::duration_cast<std::chrono::milliseconds>(
            context_.clock.steady_now() - began);
        if (!may) {
            step.ok = false;
            step.saw = printable(may.error().message, 512);
        } else if (others.empty()) {
            step.saw = "no image of others is in use, so there is nothing to ask about";
        } else if (may->empty()) {
            step.saw = "of " + counted(others.size(), "repository", "repositories") +
                       " of others it may pull none";
        } else {
            step.ok = false;
            std::vector<std::string> const names(may->begin(), may->end());
            step.saw = "RoleTooBroad: without the session policy " + spec.role->str() +
                       " may also pull " + printable(join(names, ", "), 300);
            step.cause =
                "each session is narrowed, but who else may assume the role isn't: give "
                "it no more than kubectl tenancy policy " +
                request_.tenancy + " --document role prints";
        }
        tell_(step);
        return step.ok;
    }

    DoctorRequest const& request_;
    DoctorContext& context_;
    Tell const& tell_;
    std::stop_token stop_;
    std::unique_ptr<ClusterView> view_;
    RunningImages running_{[](std::vector<std::string> const&) {}};
    std::set<std::string> everywhere_;
};

}  // namespace

Result<DoctorRequest> read_doctor_request(std::string_view text) {
    auto const object = parse_json(text);
    if (!object || !object->is_object()) {
        return fail(invalid_argument(
            "REGISTRY_TENANCY_DOCTOR must hold what `kubectl tenancy doctor` writes there"));
    }
    DoctorRequest request;
    request.tenancy = string_at(*object, "tenancy");
    request.ns = string_at(*object, "namespace");
    request.image = string_at(*object, "image");
    Json const* const role = find(*object, "role");
    request.role = role != nullptr && role->is_boolean() && role->get<bool>();
    if (request.tenancy.empty() || request.ns.empty()) {
        return fail(invalid_argument("REGISTRY_TENANCY_DOCTOR names no tenancy or no namespace"));
    }
    return request;
}

Result<bool> examine(DoctorRequest const& request, DoctorContext& context, Tell const& tell,
                     std::stop_token const& stop) {
    return Doctor(request, context, tell, stop).examine();
}

}  // namespace rt::op
