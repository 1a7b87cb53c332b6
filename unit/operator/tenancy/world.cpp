#include "unit/operator/tenancy/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/digest.hpp"
#include "lib/kube/core/condition.hpp"
#include "lib/tenancy/docker_config.hpp"

namespace rt::op::test {
namespace {

using rt::test::Verb;

tenancy::Settings test_settings(tenancy::UnmanagedNamespaces unmanaged) {
    tenancy::Settings settings;
    settings.unmanaged_namespaces = unmanaged;
    settings.cluster_name = "demo";
    settings.op.mints_per_second = 1000;
    settings.op.mint_burst = 1000;
    settings.op.drift_mints_per_hour = 3;
    return settings;
}

/// A queue that runs this often at one moment has lost its way.
constexpr int rounds_max = 10'000;

}  // namespace

Result<RegistryCredential> ScriptedSource::mint(MintRequest const& request, std::stop_token) {
    Mint mint{request.ns, request.spec.registry->meta.name, {}};
    for (tenancy::AllowEntry const& one : request.spec.allow) {
        mint.allow.push_back(one.display());
    }
    mints.push_back(std::move(mint));
    if (during) {
        during();
    }
    if (auto const found = failing.find(request.spec.registry->meta.name); found != failing.end()) {
        return fail(found->second);
    }
    RegistryCredential credential;
    credential.username = "cr_temp_user";
    std::string password = "password-" + std::to_string(++count_);
    password.resize(std::max(password.size(), password_bytes), 'x');
    credential.password = SecretString(password);
    credential.issued_at = clock_.wall_now();
    credential.expires_at = credential.issued_at + life;
    return credential;
}

int CollectingSink::count(std::string const& reason) const {
    return static_cast<int>(
        std::count_if(events.begin(), events.end(),
                      [&](CollectedEvent const& event) { return event.reason == reason; }));
}

World::World(Outside& given, kube::Client* client, tenancy::UnmanagedNamespaces unmanaged)
    : outside(given),
      settings(test_settings(unmanaged)),
      view(settings, outside.clock, [this](Affected const& affected) { enqueue(affected); }),
      budget(settings.op.mints_per_second, settings.op.mint_burst, outside.clock),
      reconciler({client == nullptr ? outside.api : *client, outside.source, view, board, proofs,
                  budget, events, metrics, outside.clock, random_, settings, "demo",
                  [this](ResultBoard::Touched const& touched) {
                      enqueue({{}, touched.tenancies, {}, touched.exceptions});
                  }}),
      status_writer(client == nullptr ? outside.api : *client, view, board, workloads, proofs,
                    events, metrics, outside.clock, settings.exception_life_max) {
    sync();
    enqueue(view.everything());
}

void World::enqueue(Affected const& affected) {
    SteadyTime const now = outside.clock.steady_now();
    for (std::string const& ns : affected.namespaces) {
        namespaces_.add(ns, now);
    }
    for (std::string const& name : affected.tenancies) {
        statuses_.add(tenancy_key(name), now);
    }
    for (std::string const& name : affected.registries) {
        statuses_.add(registry_key(name), now);
    }
    for (std::string const& name : affected.exceptions) {
        statuses_.add(exception_key(name), now);
    }
}

void World::touch(std::string const& ns, ProofBoard::Touched const& touched) {
    enqueue({touched.problems ? std::vector<std::string>{ns} : std::vector<std::string>{},
             touched.tenancies,
             {}});
}

void World::sync() {
    rt::test::FakeApiServer& api = outside.api;
    view.replace_registries(api.all(kube::types::registries));
    view.replace_tenancies(api.all(kube::types::registry_tenancies));
    view.replace_exceptions(api.all(kube::types::registry_exceptions));
    view.replace_namespaces(api.all(kube::types::namespaces));
    std::vector<Json> secrets = api.all(kube::types::secrets);
    std::erase_if(secrets, [](Json const& secret) {
        return kube::meta_of(secret).name != "registry-tenancy";
    });
    for (Json& secret : secrets) {
        secret.erase("data");  // as a metadata-only watch
    }
    view.replace_secrets(secrets);
    view.replace_grants(api.all(kube::types::registry_grants));
    std::vector<Json> sources = api.all(kube::types::secrets);
    std::erase_if(sources, [&](Json const& secret) {
        return kube::meta_of(secret).ns != settings.product_namespace;
    });
    view.replace_source_secrets(sources);
}

bool World::run_one(Queue& queue,
                    std::function<kube::Outcome(std::string const&)> const& reconcile) {
    SteadyTime const now = outside.clock.steady_now();
    auto const found = std::find_if(queue.due.begin(), queue.due.end(),
                                    [&](auto const& item) { return item.second <= now; });
    if (found == queue.due.end()) {
        return false;
    }
    std::string const key = found->first;
    queue.due.erase(found);
    kube::Outcome const outcome = reconcile(key);
    if (outcome.kind == kube::Outcome::Kind::After) {
        queue.add(key, now + outcome.delay);
    } else if (outcome.kind == kube::Outcome::Kind::Retry) {
        queue.add(key, now + std::chrono::seconds(1));
    }
    return true;
}

void World::settle() {
    for (int round = 0; round < rounds_max; ++round) {
        sync();
        static_cast<void>(view.end_graces());
        bool const ran = run_one(namespaces_,
                                 [&](std::string const& ns) {
                                     return reconciler.reconcile(ns, std::stop_token());
                                 }) ||
                         run_one(statuses_, [&](std::string const& key) {
                             return status_writer.reconcile(key, std::stop_token());
                         });
        if (!ran) {
            return;
        }
    }
    ADD_FAILURE() << "the queues never come to rest";
}

std::optional<SteadyTime> World::next_due() const {
    std::optional<SteadyTime> next;
    for (Queue const* queue : {&namespaces_, &statuses_}) {
        for (auto const& [key, at] : queue->due) {
            next = next ? std::min(*next, at) : at;
        }
    }
    return next;
}

void World::advance(std::chrono::nanoseconds duration) {
    SteadyTime const end = outside.clock.steady_now() + duration;
    settle();
    for (auto next = next_due(); next && *next <= end; next = next_due()) {
        outside.clock.advance(*next - outside.clock.steady_now());
        settle();
    }
    outside.clock.advance(end - outside.clock.steady_now());
    settle();
}

void World::put(kube::ResourceType const& type, Json const& object) {
    Json wanted = object;
    kube::ObjectMeta const meta = kube::meta_of(object);
    if (auto const present = outside.api.find(type, {meta.ns, meta.name});
        present && present->contains("status")) {
        wanted["status"] = present->at("status");
    }
    outside.api.put(type, wanted);
    settle();
}

void World::erase(kube::ResourceType const& type, std::string const& name, std::string const& ns) {
    outside.api.erase(type, {ns, name});
    settle();
}

std::optional<Json> World::secret(std::string const& ns) const {
    return outside.api.find(kube::types::secrets, {ns, "registry-tenancy"});
}

std::optional<Json> World::grant(std::string const& ns) const {
    return outside.api.find(kube::types::registry_grants, {ns, "effective"});
}

std::map<std::string, std::string> World::logins(std::string const& ns) const {
    std::map<std::string, std::string> result;
    auto const object = secret(ns);
    if (!object) {
        return result;
    }
    auto const text = base64_decode(object->at("data").at(".dockerconfigjson").get<std::string>());
    auto const entries = tenancy::parse_docker_config(text.value());
    for (tenancy::DockerConfigEntry const& entry : entries.value()) {
        for (std::string const& key : entry.keys) {
            result[key] = std::string(entry.password.reveal());
        }
    }
    return result;
}

std::set<std::string> World::keys(std::string const& ns) const {
    std::set<std::string> result;
    for (auto const& [key, password] : logins(ns)) {
        result.insert(key);
    }
    return result;
}

std::vector<std::string> World::problems(std::string const& ns) const {
    std::vector<std::string> reasons;
    auto const object = grant(ns);
    if (object && object->contains("problems")) {
        for (Json const& problem : object->at("problems")) {
            reasons.push_back(problem.at("reason").get<std::string>());
        }
    }
    return reasons;
}

std::string World::condition(std::string const& name, std::string const& type) const {
    return condition(kube::types::registry_tenancies, name, type);
}

std::string World::condition(kube::ResourceType const& kind, std::string const& name,
                             std::string const& type) const {
    auto const object = outside.api.find(kind, {"", name});
    if (!object) {
        return "no object";
    }
    auto const conditions = kube::conditions_of(*object);
    kube::Condition const* found = kube::find_condition(conditions, type);
    return found == nullptr ? "none" : found->status + " " + found->reason;
}

int World::secret_writes() const {
    return outside.api.count(Verb::Apply, kube::types::secrets);
}

int World::grant_writes() const {
    return outside.api.count(Verb::Apply, kube::types::registry_grants);
}

}  // namespace rt::op::test
