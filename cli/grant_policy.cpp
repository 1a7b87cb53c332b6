#include "cli/grant_policy.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/time.hpp"

namespace rt::cli {
namespace {

using tenancy::AllowEntry;
using tenancy::RegistryTenancy;

std::vector<std::string> strings_at(Json const& object, std::string_view key) {
    std::vector<std::string> result;
    Json const* const list = find(object, key);
    for (Json const& item : list != nullptr && list->is_array() ? *list : Json::array()) {
        if (item.is_string()) {
            result.push_back(item.get<std::string>());
        }
    }
    return result;
}

Json const& objects_at(Json const& object, std::string_view key) {
    static Json const nothing = Json::array();
    Json const* const list = find(object, key);
    return list != nullptr && list->is_array() ? *list : nothing;
}

AllowEntry entry_of(Json const& allow) {
    AllowEntry entry;
    std::string const ns = string_at(allow, "namespace");
    entry.deprecated = string_at(allow, "deprecated");
    if (ns.empty()) {
        entry.kind = AllowEntry::Kind::Repository;
        entry.path = string_at(allow, "repository");
    } else if (ns == "*") {
        entry.kind = AllowEntry::Kind::WholeRegistry;
    } else {
        entry.path = ns;
    }
    return entry;
}

std::shared_ptr<tenancy::Registry const> registry_of(Json const& entry) {
    tenancy::Registry registry;
    registry.meta.name = string_at(entry, "name");
    for (std::string const& host : strings_at(entry, "hosts")) {
        if (auto parsed = tenancy::RegistryHost::parse(host)) {
            registry.hosts.push_back(*std::move(parsed));
        }
    }
    return std::make_shared<tenancy::Registry const>(std::move(registry));
}

/// The tenancies behind a grant, as far as it tells of them.
class Sources {
  public:
    explicit Sources(Json const& spec) {
        std::string const enforcement = string_at(spec, "enforcement");
        Json const* const secrets = find(spec, "imagePullSecrets");
        for (std::string const& name : strings_at(spec, "tenancies")) {
            RegistryTenancy& tenancy = governing_[name];
            tenancy.meta.name = name;
            tenancy.enforcement = enforcement == "Warn"    ? tenancy::Enforcement::Warn
                                  : enforcement == "Audit" ? tenancy::Enforcement::Audit
                                                           : tenancy::Enforcement::Deny;
            tenancy.contact = string_at(spec, "contact");
            tenancy.docs_url = string_at(spec, "docsURL");
            if (secrets != nullptr && string_at(*secrets, "policy") == "Listed") {
                tenancy.pull_secrets = {true, strings_at(*secrets, "allowed")};
            }
        }
    }

    void add(std::string const& registry, Json const& allow) {
        for (std::string const& name : strings_at(allow, "tenancies")) {
            auto const governing = governing_.find(name);
            RegistryTenancy& tenancy =
                governing != governing_.end() ? governing->second : baselines_[name];
            tenancy.meta.name = name;
            tenancy.baseline = governing == governing_.end();
            if (tenancy.registries.empty() || tenancy.registries.back().name != registry) {
                tenancy.registries.push_back({registry, {}, {}, {}, {}});
            }
            tenancy.registries.back().allow.push_back(entry_of(allow));
        }
    }

    using Tenancies = std::vector<std::shared_ptr<RegistryTenancy const>>;
    [[nodiscard]] Tenancies governing() const { return shared(governing_); }
    [[nodiscard]] Tenancies baselines() const { return shared(baselines_); }

  private:
    using ByName = std::map<std::string, RegistryTenancy>;
    static Tenancies shared(ByName const& by_name) {
        Tenancies result;
        for (auto const& [name, tenancy] : by_name) {
            result.push_back(std::make_shared<RegistryTenancy const>(tenancy));
        }
        return result;
    }
    ByName governing_;
    ByName baselines_;
};

}  // namespace

namespace {

/// The exceptions behind a grant.
class Exceptions {
  public:
    explicit Exceptions(Json const& spec) {
        for (Json const& entry : objects_at(spec, "exceptions")) {
            auto const ends_at = parse_rfc3339(string_at(entry, "endsAt"));
            ends_at_[string_at(entry, "name")] = ends_at ? *ends_at : WallTime{};
        }
    }

    /// `place` has registry or host set.
    void add(tenancy::ExceptionImage place, Json const& allow) {
        std::string const image = string_at(allow, "image");
        place.entry = entry_of(allow);
        if (std::size_t const at = image.find('@'); at != std::string::npos) {
            place.entry.kind = AllowEntry::Kind::Repository;
            place.entry.path = image.substr(0, at);
            place.digest = image.substr(at + 1);
        }
        for (std::string const& name : strings_at(allow, "exceptions")) {
            images_[name].push_back(place);
        }
    }

    [[nodiscard]] std::vector<tenancy::ActiveException> active() const {
        std::vector<tenancy::ActiveException> result;
        for (auto const& [name, images] : images_) {
            auto const end = ends_at_.find(name);
            if (end == ends_at_.end()) {
                continue;
            }
            auto exception = std::make_shared<tenancy::RegistryException>();
            exception->meta.name = name;
            exception->images = images;
            exception->expires_at = end->second;
            result.push_back({std::move(exception), end->second});
        }
        return result;
    }

  private:
    std::map<std::string, WallTime> ends_at_;
    std::map<std::string, std::vector<tenancy::ExceptionImage>> images_;
};

}  // namespace

tenancy::NamespacePolicy policy_of_grant(Json const& grant) {
    Json const* const found = find(grant, "spec");
    Json const spec = found == nullptr ? Json::object() : *found;
    Sources sources(spec);
    Exceptions exceptions(spec);
    std::vector<std::shared_ptr<tenancy::Registry const>> registries;
    for (Json const& entry : objects_at(spec, "registries")) {
        registries.push_back(registry_of(entry));
        for (Json const& allow : objects_at(entry, "allow")) {
            sources.add(registries.back()->meta.name, allow);
            exceptions.add({registries.back()->meta.name, {}, {}, {}}, allow);
        }
    }
    for (Json const& entry : objects_at(spec, "hosts")) {
        for (Json const& allow : objects_at(entry, "allow")) {
            exceptions.add({{}, string_at(entry, "host"), {}, {}}, allow);
        }
    }
    return tenancy::NamespacePolicy::compile(sources.governing(), sources.baselines(),
                                             exceptions.active(),
                                             tenancy::RegistryCatalog(std::move(registries)));
}

}  // namespace rt::cli
