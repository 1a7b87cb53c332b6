#include "webhook/impact/impact.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/image_doors.hpp"
#include "lib/tenancy/judge.hpp"
#include "lib/tenancy/messages.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::webhook {
namespace {

constexpr std::size_t named_max = 3;
constexpr std::size_t namespaces_named_max = 3;
/// A warning is cut at 256 bytes; two long names must leave room for the sentence around them.
constexpr std::size_t name_bytes_max = 48;

std::string joined(std::vector<std::string> const& parts, std::size_t total) {
    std::string text;
    for (std::string const& part : parts) {
        text += (text.empty() ? "" : ", ") + part;
    }
    return total > parts.size() ? text + ", ..." : text;
}

std::string what(std::size_t pods, std::size_t workloads) {
    std::string text;
    if (workloads > 0) {
        text = counted(workloads, "workload", "workloads");
    }
    if (pods > 0) {
        text += (text.empty() ? "" : " and ") + counted(pods, "Pod", "Pods");
    }
    return text;
}

bool is_looked_at(kube::OwnerReference const& owner,
                  std::vector<kube::ResourceType> const& custom) {
    auto const kinds = tenancy::template_kinds();
    return std::any_of(kinds.begin(), kinds.end(),
                       [&](tenancy::TemplateKind const& one) { return one.kind == owner.kind; }) ||
           std::any_of(custom.begin(), custom.end(), [&](kube::ResourceType const& one) {
               return one.kind == owner.kind && owner.api_version.starts_with(one.group + '/');
           });
}

}  // namespace

bool would_be_refused(tenancy::ObjectImages const& images, tenancy::NamespacePolicy const* policy,
                      AdmissionSettings const& settings) {
    if (policy == nullptr) {
        return settings.unmanaged == tenancy::UnmanagedNamespaces::Deny;
    }
    if (policy->enforcement() != tenancy::Enforcement::Deny) {
        return false;
    }
    bool const image =
        std::any_of(images.images.begin(), images.images.end(), [&](auto const& one) {
            auto const judged = tenancy::judge_image(*policy, one.image, settings.image_rules);
            return judged.finding && tenancy::denies(judged.finding->reason);
        });
    return image ||
           std::any_of(images.pull_secrets.begin(), images.pull_secrets.end(),
                       [&](std::string const& secret) {
                           return !tenancy::allows_pull_secret(policy->pull_secrets(), secret);
                       });
}

bool counts_by_itself(Json const& object, std::vector<kube::ResourceType> const& custom) {
    Json const* const status = find(object, "status");
    bool const pod = string_at(object, "kind") == "Pod";
    if (status != nullptr) {
        std::string const phase = string_at(*status, "phase");
        if (pod && (phase == "Succeeded" || phase == "Failed")) {
            return false;
        }
        if (string_at(object, "kind") == "Job" && !string_at(*status, "completionTime").empty()) {
            return false;
        }
    }
    auto const controller = kube::meta_of(object).controller;
    return pod || !controller || !is_looked_at(*controller, custom);
}

void Impact::looks_at(kube::ResourceType const& custom) {
    if (std::find(custom_.begin(), custom_.end(), custom) == custom_.end()) {
        custom_.push_back(custom);
    }
}

void Impact::look_at(Json const& object, tenancy::ObjectImages const& images,
                     NamespaceChange const& change, AdmissionSettings const& settings) {
    if (!counts_by_itself(object, custom_)) {
        return;
    }
    bool const before = would_be_refused(images, change.before.get(), settings);
    bool const after = would_be_refused(images, change.after.get(), settings);
    if (before != after) {
        add(after ? denied_ : freed_, object, change.ns);
    }
}

void Impact::add(Side& side, Json const& object, std::string const& ns) {
    std::string const kind = string_at(object, "kind");
    ++(kind == "Pod" ? side.pods : side.workloads);
    side.namespaces.insert(ns);
    if (side.first.size() < named_max) {
        side.first.push_back(kind + " " + printable(kube::meta_of(object).name, name_bytes_max));
    }
}

bool begins_to_want_secret(NamespaceChange const& change) {
    return change.after && change.after->wants_pull_secret() &&
           !(change.before && change.before->wants_pull_secret());
}

void Impact::look_at_account(Json const& account, NamespaceChange const& change) {
    auto const meta = kube::meta_of(account);
    auto const enforces = meta.annotations.find("kubernetes.io/enforce-mountable-secrets");
    if (enforces == meta.annotations.end() || enforces->second != "true") {
        return;
    }
    Json const* const listed = find(account, "imagePullSecrets");
    bool const ours = listed != nullptr && listed->is_array() &&
                      std::any_of(listed->begin(), listed->end(), [](Json const& secret) {
                          return string_at(secret, "name") == tenancy::pull_secret_name;
                      });
    if (!ours) {
        strict_accounts_.push_back(change.ns + "/" + meta.name);
    }
}

void Impact::incomplete(std::string why) {
    if (incomplete_.empty()) {
        incomplete_ = std::move(why);
    }
}

std::vector<std::string> Impact::warnings() const {
    std::vector<std::string> warnings;
    auto const say = [&](Side const& side, std::string const& verb, std::string const& end) {
        std::size_t const total = side.pods + side.workloads;
        if (total == 0) {
            return;
        }
        std::vector<std::string> spaces;
        for (std::string const& ns : side.namespaces) {
            if (spaces.size() < namespaces_named_max) {
                spaces.push_back(printable(ns, name_bytes_max));
            }
        }
        std::string const text = verb + what(side.pods, side.workloads) + " in " +
                                 counted(side.namespaces.size(), "namespace", "namespaces") + " (" +
                                 joined(spaces, side.namespaces.size()) +
                                 "): " + joined(side.first, total) + end;
        warnings.push_back(printable(text, tenancy::warning_bytes_max));
    };
    say(denied_, "newly denies ", "; what runs stays until it is made anew");
    say(freed_, "newly allows ", "");
    if (!strict_accounts_.empty()) {
        std::size_t const more = strict_accounts_.size() - 1;
        warnings.push_back(printable(
            "Pods of ServiceAccount " + printable(strict_accounts_.front(), 2 * name_bytes_max) +
                (more > 0 ? " and " + std::to_string(more) + " more" : "") +
                " will be refused: it enforces mountable Secrets; add registry-tenancy to its "
                "imagePullSecrets",
            tenancy::warning_bytes_max));
    }
    if (!incomplete_.empty()) {
        warnings.push_back(
            printable("this preview is not complete: " + incomplete_, tenancy::warning_bytes_max));
    }
    return warnings;
}

}  // namespace rt::webhook
