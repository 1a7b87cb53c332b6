#include "e2e/suite/support/tenancy_test.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "e2e/suite/support/environment.hpp"

namespace e2e {

TenancyTest::TenancyTest() : suffix_(random_suffix()) {}

std::string TenancyTest::name(std::string const& role) const {
    return "e2e-" + suffix_ + "-" + role;
}

std::string TenancyTest::make_namespace(std::string const& role, std::string const& team) {
    std::string const ns = name(role);
    remember_namespace(ns);
    CommandResult const result = apply(namespace_manifest(ns, team));
    if (!result.ok()) {
        throw std::runtime_error("namespace " + ns + ": " + result.text());
    }
    return ns;
}

std::string TenancyTest::own_host() const {
    return name("registry") + ".cn-shanghai.cr.aliyuncs.com";
}

void TenancyTest::make_registry(Json spec, std::string const& host, std::string const& role) {
    registries_.push_back(name(role));
    spec["hosts"] = Json::array({host.empty() ? own_host() : host});
    CommandResult const result = apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                                        {"kind", "Registry"},
                                        {"metadata", {{"name", name(role)}}},
                                        {"spec", spec}});
    if (!result.ok()) {
        throw std::runtime_error("Registry: " + result.text());
    }
}

void TenancyTest::make_product_secret(std::string const& secret, std::string const& type,
                                      Json const& data) {
    product_secrets_.push_back(secret);
    CommandResult const result =
        apply({{"apiVersion", "v1"},
               {"kind", "Secret"},
               {"type", type},
               {"metadata", {{"name", secret}, {"namespace", std::string(product_namespace)}}},
               {"stringData", data}});
    if (!result.ok()) {
        throw std::runtime_error("Secret: " + result.text());
    }
}

void TenancyTest::make_tenancy(Tenancy const& tenancy) {
    remember_tenancy(tenancy.name);
    CommandResult const result = apply(tenancy.manifest());
    if (!result.ok()) {
        throw std::runtime_error("tenancy " + tenancy.name + ": " + result.text());
    }
}

void TenancyTest::make_ready_tenancy(Tenancy const& tenancy) {
    make_tenancy(tenancy);
    // A namespace that the operator has not seen yet does not count for Ready.
    auto const named = std::ranges::count_if(namespaces_, [&](std::string const& ns) {
        return std::ranges::find(tenancy.namespaces, ns) != tenancy.namespaces.end() &&
               get("namespace", ns);
    });
    auto const ready = eventually(soon, [&]() -> std::string {
        std::string const problem = why_not_ready(tenancy.name);
        if (!problem.empty()) {
            return problem;
        }
        Json const object = get("registrytenancy", tenancy.name).value_or(Json::object());
        auto const matched = object.value(Json::json_pointer("/status/namespaces/matched"), 0);
        bool const labelled = !tenancy.team.empty() && !namespaces_.empty();
        return matched >= std::max<std::ptrdiff_t>(named, labelled ? 1 : 0)
                   ? ""
                   : "it has matched " + std::to_string(matched) + " namespaces only";
    });
    if (!ready) {
        throw std::runtime_error("tenancy " + tenancy.name + " is not Ready, " + ready.message());
    }
}

std::string TenancyTest::make_governed_namespace(std::string const& role,
                                                 std::string const& enforcement) {
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.role = role;
    tenancy.enforcement = enforcement;
    make_ready_tenancy(tenancy);
    return ns;
}

Json TenancyTest::tenancy_with(Json const& entry) const {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryTenancy"},
            {"metadata", {{"name", name("tenancy")}}},
            {"spec", {{"namespaces", {name("ns")}}, {"registries", Json::array({entry})}}}};
}

void TenancyTest::make_ready_with(Json const& tenancy) {
    std::string const its_name = text_at(tenancy, "/metadata/name");
    remember_tenancy(its_name);
    ASSERT_TRUE(done(apply(tenancy)));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(its_name); }));
}

std::string TenancyTest::govern_with(Json const& entry) {
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy_with(entry));
    return ns;
}

void TenancyTest::TearDown() {
    if (HasFailure()) {
        explain();
    }
    // In this order: a tenancy whose Registry is gone would report it.
    forget("registrytenancy", tenancies_);
    forget("registry.registrytenancy.dev", registries_);
    forget("namespace", namespaces_);
    forget("secret", product_secrets_);
}

void TenancyTest::forget(std::string const& kind, std::vector<std::string> const& names) {
    if (names.empty()) {
        return;
    }
    std::vector<std::string> arguments = {"-n",           std::string(product_namespace), "delete",
                                          "--wait=false", "--ignore-not-found",           kind};
    arguments.insert(arguments.end(), names.begin(), names.end());
    kubectl(arguments);
}

void TenancyTest::explain() const {
    auto const show = [](std::vector<std::string> const& arguments) {
        std::string line = "$ kubectl";
        for (std::string const& argument : arguments) {
            line += " " + argument;
        }
        CommandResult const result = kubectl(arguments);
        std::cout << line << '\n' << result.out << result.err;
    };
    for (std::string const& tenancy : tenancies_) {
        show({"get", "registrytenancy", tenancy, "-o", "yaml", "--ignore-not-found"});
    }
    for (std::string const& registry : registries_) {
        show({"get", "registry.registrytenancy.dev", registry, "-o", "yaml", "--ignore-not-found"});
    }
    for (std::string const& ns : namespaces_) {
        show({"-n", ns, "get", "registrygrants,pods", "-o", "wide", "--ignore-not-found"});
        show({"-n", ns, "get", "events", "--sort-by=.lastTimestamp"});
    }
    show({"-n", std::string(product_namespace), "get", "pods"});
    show({"-n", std::string(product_namespace), "logs", "deployment/registry-tenancy-operator",
          "--all-pods=true", "--tail=15"});
}

namespace {

Json condition(Json const& object, std::string const& type) {
    if (!object.contains("status") || !object["status"].contains("conditions")) {
        return Json::object();
    }
    for (Json const& entry : object["status"]["conditions"]) {
        if (text_at(entry, "/type") == type) {
            return entry;
        }
    }
    return Json::object();
}

/// Empty when the condition Ready has this status for the object's present generation.
std::string why_not(std::string const& tenancy, std::string const& status) {
    auto const object = get("registrytenancy", tenancy);
    if (!object) {
        return "there is no RegistryTenancy " + tenancy;
    }
    Json const ready = condition(*object, "Ready");
    std::string const generation = text_at(*object, "/metadata/generation");
    std::string const observed = text_at(*object, "/status/observedGeneration");
    if (text_at(ready, "/status") == status && observed == generation) {
        return {};
    }
    return "RegistryTenancy " + tenancy + " has Ready " + ready.dump() + " for generation " +
           observed + " of " + generation;
}

}  // namespace

std::string why_not_ready(std::string const& tenancy) {
    return why_not(tenancy, "True");
}

std::string why_not_failing(std::string const& tenancy) {
    return why_not(tenancy, "False");
}

std::string why_not_told(std::string const& tenancy, std::string const& text) {
    std::string all;
    for (Json const& event : list("events")) {
        if (text_at(event, "/involvedObject/name") == tenancy) {
            all += text_at(event, "/message") + "\n";
        }
    }
    return all.find(text) != std::string::npos ? "" : "no Event shows " + text + ", only:\n" + all;
}

std::string ready_text(std::string const& tenancy) {
    auto const object = get("registrytenancy", tenancy);
    return object ? condition(*object, "Ready").dump() : "no RegistryTenancy " + tenancy;
}

std::string keys_of(std::string const& path) {
    // '-' sorts before '.', so the VPC name comes first.
    return std::string(vpc_host) + "/" + path + " " + std::string(public_host) + "/" + path;
}

std::string why_not_keys(std::string const& ns, std::string const& keys) {
    auto const secret = pull_secret(ns);
    if (!secret) {
        return "there is no pull Secret in " + ns;
    }
    return secret->keys() == keys ? ""
                                  : "the Secret in " + ns + " has the keys '" + secret->keys() +
                                        "' instead of '" + keys + "'";
}

std::string why_not_running(std::string const& ns, std::string const& pod) {
    auto const object = get("pod", pod, ns);
    if (!object) {
        return "there is no Pod " + ns + "/" + pod;
    }
    std::string const phase = text_at(*object, "/status/phase");
    return phase == "Running" ? ""
                              : "Pod " + pod + " is " + phase + ": " + waiting_message(ns, pod);
}

std::string problems_of(std::string const& ns) {
    auto const object = get("registrygrant", "effective", ns);
    if (!object) {
        return "there is no RegistryGrant in " + ns;
    }
    return object->contains("problems") && !(*object)["problems"].empty()
               ? (*object)["problems"].dump()
               : std::string();
}

std::string waiting_message(std::string const& ns, std::string const& pod) {
    auto const object = get("pod", pod, ns);
    return object ? text_at(*object, "/status/containerStatuses/0/state/waiting/message") : "";
}

testing::AssertionResult refused(CommandResult const& result,
                                 std::vector<std::string> const& texts) {
    if (result.ok()) {
        return testing::AssertionFailure() << "accepted instead of refused: " << result.text();
    }
    for (std::string const& text : texts) {
        if (result.err.find(text) == std::string::npos) {
            return testing::AssertionFailure()
                   << "refused without saying '" << text << "': " << result.err;
        }
    }
    return testing::AssertionSuccess();
}

testing::AssertionResult done(CommandResult const& result) {
    if (result.ok()) {
        return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << result.text();
}

}  // namespace e2e
