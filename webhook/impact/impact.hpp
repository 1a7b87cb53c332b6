#pragma once

#include <set>
#include <string>
#include <vector>

#include "lib/kube/core/object.hpp"
#include "lib/tenancy/object_images.hpp"
#include "webhook/impact/what_if.hpp"

namespace rt::webhook {

/// Whether admission would refuse an object with these images under `policy` (null: no tenancy
/// governs its namespace), were it written now.
[[nodiscard]] bool would_be_refused(tenancy::ObjectImages const& images,
                                    tenancy::NamespacePolicy const* policy,
                                    AdmissionSettings const& settings);

/// Whether an object counts for itself: something still runs or may start from it, and no workload
/// that is looked at as well stands behind it: a built-in one, or one of `custom`.
[[nodiscard]] bool counts_by_itself(Json const& object,
                                    std::vector<kube::ResourceType> const& custom = {});

/// Whether Pods of the namespace carry our pull Secret from the change on.
[[nodiscard]] bool begins_to_want_secret(NamespaceChange const& change);

/// What a change does to what is there: how many, where, and the first few by name.
class Impact {
  public:
    /// An object of a namespace that the change concerns, with its images.
    void look_at(Json const& object, tenancy::ObjectImages const& images,
                 NamespaceChange const& change, AdmissionSettings const& settings);
    /// Objects of this custom kind are looked at, so that what they control doesn't count as well.
    void looks_at(kube::ResourceType const& custom);
    /// A ServiceAccount of a namespace whose Pods will carry our pull Secret. Where it enforces
    /// mountable Secrets and doesn't list ours, the API server refuses its Pods before we are
    /// asked.
    void look_at_account(Json const& account, NamespaceChange const& change);
    /// Why not everything was looked at, as one clause; the first reason stays.
    void incomplete(std::string why);

    /// For the client, each of at most tenancy::warning_bytes_max bytes; empty where nothing
    /// changes for anything that is there.
    [[nodiscard]] std::vector<std::string> warnings() const;

  private:
    struct Side {
        std::size_t pods = 0;
        std::size_t workloads = 0;
        std::set<std::string> namespaces{};
        std::vector<std::string> first{};  ///< "cainiao-prod/Deployment web"
    };
    static void add(Side& side, Json const& object, std::string const& ns);

    std::vector<kube::ResourceType> custom_{};
    Side denied_{};
    Side freed_{};
    std::vector<std::string> strict_accounts_{};  ///< "cainiao-prod/builder"
    std::string incomplete_{};
};

}  // namespace rt::webhook
