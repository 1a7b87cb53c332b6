#include "lib/tenancy/registry_tenancy.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "lib/tenancy/allow_reader.hpp"
#include "lib/tenancy/field_reader.hpp"

namespace rt::tenancy {
namespace {

constexpr std::array<std::string_view, 3> enforcement_names{"Audit", "Warn", "Deny"};
constexpr std::array<std::string_view, 2> pull_secrets_names{"Any", "Listed"};
constexpr std::array<std::string_view, 1> pull_policy_names{"Always"};
constexpr std::array<std::string_view, 4> operator_names{"In", "NotIn", "Exists", "DoesNotExist"};

constexpr std::size_t name_characters_max = 253;
/// One warning line of Kubernetes: 120 characters are advised, and this is most of it.
constexpr std::size_t deprecated_characters_max = 120;

bool is_external_id(std::string_view text) {
    return text.size() >= 2 && std::all_of(text.begin(), text.end(), [](char character) {
               return (character >= 'a' && character <= 'z') ||
                      (character >= 'A' && character <= 'Z') ||
                      (character >= '0' && character <= '9') ||
                      std::string_view("_+=,.@:/-").find(character) != std::string_view::npos;
           });
}

/// nullopt where the entry names nothing that can be allowed (reported).
std::optional<AllowEntry> read_allow_entry(Json const& value, std::string const& pointer,
                                           FieldErrors& errors) {
    FieldReader reader(&value, pointer, errors);
    auto entry = read_allow_path(reader, errors);
    std::string deprecated = reader.line("deprecated", deprecated_characters_max);
    reader.refuse_unknown();
    if (entry) {
        entry->deprecated = std::move(deprecated);
    }
    return entry;
}

void read_role(TenancyRegistry& registry, FieldReader& reader) {
    bool const has_role = reader.member("role") != nullptr;
    if (std::string const role = reader.text("role", 256); !role.empty()) {
        if (auto parsed = RoleTemplate::parse(role)) {
            registry.role = *std::move(parsed);
        } else {
            reader.report("role", parsed.error().message);
        }
    }
    std::string const external_id = reader.text("externalID", 1224);
    if (!external_id.empty()) {
        if (!has_role) {
            reader.report("externalID",
                          "must only be set together with role, because it is sent "
                          "when the role is assumed: add role, or remove externalID");
        } else if (!is_external_id(expand_placeholders(external_id, "namespace", "cluster"))) {
            reader.report(
                "externalID",
                in_quotes(external_id) +
                    " is no external ID: at least 2 letters, digits and _ + = , . @ : / - "
                    "only (and the placeholders {cluster} and {namespace})");
        } else {
            registry.external_id = external_id;
        }
    }
    registry.session_duration_seconds = reader.integer("sessionDurationSeconds", 900, 43200);
    if (registry.session_duration_seconds && !has_role) {
        reader.report("sessionDurationSeconds",
                      "must only be set together with role, because it is the life of the role's "
                      "session: add role, or remove sessionDurationSeconds");
    }
}

TenancyRegistry read_registry(Json const& value, std::string const& pointer, FieldErrors& errors) {
    TenancyRegistry registry;
    FieldReader reader(&value, pointer, errors);
    registry.name = reader.required_text("name", name_characters_max, "name a Registry");
    if (!registry.name.empty() && !is_dns_subdomain(registry.name)) {
        reader.report("name", in_quotes(registry.name) +
                                  " is no object name: write the name of a "
                                  "Registry as kubectl get registries shows it");
        registry.name.clear();
    }
    read_role(registry, reader);
    Json const* const list =
        reader.required("allow", "list what may be pulled, at least one entry");
    if (list != nullptr && list->is_array() && list->empty()) {
        reader.report("allow", "is empty: list at least one namespace or repository");
    }
    std::size_t index = 0;
    for (Json const* const item : reader.items("allow", 64)) {
        if (auto entry = read_allow_entry(*item, json_pointer(reader.pointer_to("allow"), index++),
                                          errors)) {
            registry.allow.push_back(*std::move(entry));
        }
    }
    reader.refuse_unknown();
    return registry;
}

std::vector<TenancyRegistry> read_registries(FieldReader& spec, FieldErrors& errors) {
    std::vector<TenancyRegistry> registries;
    Json const* const list = spec.required("registries", "list at least one registry");
    if (list != nullptr && list->is_array() && list->empty()) {
        spec.report("registries", "is empty: list at least one registry");
    }
    std::set<std::string, std::less<>> names;
    std::size_t index = 0;
    for (Json const* const item : spec.items("registries", 32)) {
        std::string const pointer = json_pointer(spec.pointer_to("registries"), index++);
        TenancyRegistry registry = read_registry(*item, pointer, errors);
        if (registry.name.empty()) {
            continue;  // reported by the reader
        }
        if (!names.insert(registry.name).second) {
            errors.push_back({json_pointer(pointer, "name"),
                              in_quotes(registry.name) + " stands here twice: merge the entries"});
            continue;
        }
        registries.push_back(std::move(registry));
    }
    return registries;
}

std::optional<kube::LabelSelector> read_selector(FieldReader& spec, FieldErrors& errors) {
    Json const* const value = spec.member("namespaceSelector");
    if (value == nullptr) {
        return std::nullopt;
    }
    std::string const pointer = spec.pointer_to("namespaceSelector");
    auto selector = kube::LabelSelector::parse(*value, pointer);
    if (!selector) {
        // The parser's message is "POINTER: what is wrong".
        std::string_view const message = selector.error().message;
        std::size_t const colon = message.find(": ");
        if (message.starts_with(pointer) && colon != std::string_view::npos) {
            errors.push_back(
                {std::string(message.substr(0, colon)), std::string(message.substr(colon + 2))});
        } else {
            errors.push_back({pointer, std::string(message)});
        }
        return std::nullopt;
    }
    if (selector->empty()) {
        errors.push_back({pointer,
                          "must not be empty, because an empty selector would match every "
                          "namespace: set matchLabels or matchExpressions; for all "
                          "namespaces write matchExpressions with {key: "
                          "kubernetes.io/metadata.name, operator: Exists}"});
        return std::nullopt;
    }
    return *std::move(selector);
}

void read_membership(RegistryTenancy& tenancy, FieldReader& spec, FieldErrors& errors) {
    auto names = spec.set_of_text("namespaces", 1024, 63);
    bool const names_given = !names.empty();
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) {
            continue;  // reported by the reader
        }
        if (is_dns_label(names[i])) {
            tenancy.namespaces.push_back(std::move(names[i]));
        } else {
            errors.push_back(
                {json_pointer(spec.pointer_to("namespaces"), i),
                 in_quotes(names[i]) +
                     " is no namespace name: lower-case letters, digits and - only, no "
                     "wildcards; to match many namespaces use namespaceSelector"});
        }
    }
    bool const selector_given = spec.member("namespaceSelector") != nullptr;
    tenancy.namespace_selector = read_selector(spec, errors);
    tenancy.baseline = spec.flag("baseline");
    if (tenancy.baseline && (names_given || selector_given)) {
        spec.report("baseline",
                    "stands instead of namespaces and namespaceSelector, because a "
                    "baseline adds to every governed namespace: remove them, or remove "
                    "baseline");
    } else if (!tenancy.baseline && !names_given && !selector_given) {
        errors.push_back({spec.pointer(),
                          "selects no namespaces: set namespaces (by name), "
                          "namespaceSelector (by label), or baseline (adds to every "
                          "namespace that another tenancy governs)"});
    }
}

PullSecretsPolicy read_pull_secrets(FieldReader& spec, FieldErrors& errors) {
    PullSecretsPolicy policy;
    FieldReader reader(spec.member("imagePullSecrets"), spec.pointer_to("imagePullSecrets"),
                       errors);
    if (!reader.present()) {
        return policy;
    }
    reader.required("policy", "Any or Listed");
    policy.listed = reader.choice("policy", pull_secrets_names, 1) == 1;
    policy.allowed = reader.set_of_text("allowed", 64, name_characters_max);
    for (std::size_t i = 0; i < policy.allowed.size(); ++i) {
        if (!policy.allowed[i].empty() && !is_dns_subdomain(policy.allowed[i])) {
            errors.push_back({json_pointer(reader.pointer_to("allowed"), i),
                              in_quotes(policy.allowed[i]) +
                                  " is no Secret name: lower-case letters, "
                                  "digits, - and . only"});
        }
    }
    if (!policy.listed && !policy.allowed.empty()) {
        reader.report("allowed",
                      "must only be set if policy is Listed: set policy to Listed, or "
                      "remove allowed");
    }
    std::erase(policy.allowed, std::string());
    std::sort(policy.allowed.begin(), policy.allowed.end());
    reader.refuse_unknown();
    return policy;
}

bool is_url(std::string_view text) {
    std::size_t const scheme = text.starts_with("https://")  ? 8
                               : text.starts_with("http://") ? 7
                                                             : text.size();
    return scheme < text.size() &&
           std::all_of(
               text.begin(), text.end(),
               [](char character) { return character >= '!' && character <= '~'; });
}

RegistryTenancy read_tenancy(Json const& object, FieldErrors& errors) {
    RegistryTenancy tenancy;
    tenancy.meta = kube::meta_of(object);
    if (find(object, "spec") == nullptr) {
        errors.push_back({"/spec", "is required: add namespaces and registries"});
        return tenancy;
    }
    FieldReader spec(find(object, "spec"), "/spec", errors);
    read_membership(tenancy, spec, errors);
    tenancy.registries = read_registries(spec, errors);
    tenancy.enforcement = static_cast<Enforcement>(
        spec.choice("enforcement", enforcement_names, static_cast<std::size_t>(Enforcement::Deny)));
    tenancy.pull_secrets = read_pull_secrets(spec, errors);
    tenancy.pull_always = spec.member("pullPolicy") != nullptr;
    spec.choice("pullPolicy", pull_policy_names, 0);
    tenancy.contact = spec.line("contact", 256);
    tenancy.docs_url = spec.text("docsURL", 2048);
    if (!tenancy.docs_url.empty() && !is_url(tenancy.docs_url)) {
        spec.report("docsURL", in_quotes(tenancy.docs_url) +
                                   " is no URL: write one that begins with "
                                   "https:// (or http://), without spaces");
        tenancy.docs_url.clear();
    }
    spec.refuse_unknown();
    return tenancy;
}

Json selector_json(kube::LabelSelector const& selector) {
    Json expressions = Json::array();
    for (auto const& requirement : selector.requirements()) {
        Json one = {{"key", requirement.key},
                    {"operator", operator_names[static_cast<std::size_t>(requirement.op)]}};
        if (!requirement.values.empty()) {
            one["values"] = requirement.values;
        }
        expressions.push_back(std::move(one));
    }
    return {{"matchExpressions", std::move(expressions)}};
}

Json registry_json(TenancyRegistry const& registry) {
    Json out = {{"name", registry.name}, {"allow", Json::array()}};
    if (registry.role) {
        out["role"] = registry.role->str();
    }
    if (!registry.external_id.empty()) {
        out["externalID"] = registry.external_id;
    }
    if (registry.session_duration_seconds) {
        out["sessionDurationSeconds"] = *registry.session_duration_seconds;
    }
    for (auto const& entry : registry.allow) {
        out["allow"].push_back(to_json(entry));
    }
    return out;
}

}  // namespace

std::string_view name_of(Enforcement enforcement) {
    return enforcement_names[static_cast<std::size_t>(enforcement)];
}

std::string AllowEntry::display() const {
    switch (kind) {
        case Kind::WholeRegistry:
            return "*";
        case Kind::Namespace:
            return path + "/*";
        case Kind::Repository:
            break;
    }
    return path;
}

bool is_harbor_project(AllowEntry const& entry) {
    return entry.kind == AllowEntry::Kind::Namespace && entry.path.find('/') == std::string::npos;
}

Json to_json(AllowEntry const& entry) {
    Json out = Json::object();
    switch (entry.kind) {
        case AllowEntry::Kind::WholeRegistry:
            out["namespace"] = "*";
            break;
        case AllowEntry::Kind::Namespace:
            out["namespace"] = entry.path;
            break;
        case AllowEntry::Kind::Repository:
            out["repository"] = entry.path;
            break;
    }
    if (!entry.deprecated.empty()) {
        out["deprecated"] = entry.deprecated;
    }
    return out;
}

Parsed<RegistryTenancy> RegistryTenancy::parse(Json const& object) {
    FieldErrors errors;
    RegistryTenancy tenancy = read_tenancy(object, errors);
    if (!errors.empty()) {
        return tl::unexpected(std::move(errors));
    }
    return tenancy;
}

RegistryTenancy RegistryTenancy::salvage(Json const& object) {
    FieldErrors ignored;
    return read_tenancy(object, ignored);
}

Json RegistryTenancy::spec_json() const {
    Json spec = Json::object();
    if (!namespaces.empty()) {
        spec["namespaces"] = namespaces;
    }
    if (namespace_selector) {
        spec["namespaceSelector"] = selector_json(*namespace_selector);
    }
    if (baseline) {
        spec["baseline"] = true;
    }
    spec["registries"] = Json::array();
    for (auto const& registry : registries) {
        spec["registries"].push_back(registry_json(registry));
    }
    spec["enforcement"] = name_of(enforcement);
    if (pull_secrets.listed) {
        spec["imagePullSecrets"] = {{"policy", "Listed"}, {"allowed", pull_secrets.allowed}};
    }
    if (pull_always) {
        spec["pullPolicy"] = pull_policy_names[0];
    }
    if (!contact.empty()) {
        spec["contact"] = contact;
    }
    if (!docs_url.empty()) {
        spec["docsURL"] = docs_url;
    }
    return spec;
}

bool RegistryTenancy::governs(std::string_view ns,
                              std::map<std::string, std::string> const& labels) const {
    if (baseline) {
        return false;
    }
    return std::find(namespaces.begin(), namespaces.end(), ns) != namespaces.end() ||
           (namespace_selector && namespace_selector->matches(labels));
}

}  // namespace rt::tenancy
