#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/field_error.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

namespace rt::tenancy {

/// ExceptionImage::host that stands for every host.
inline constexpr std::string_view any_host = "*";

/// One entry of `images`: a part of a Registry, or of a host that needs no credential.
struct ExceptionImage {
    std::string registry;  ///< name of a Registry; empty: `host` is set
    std::string host;      ///< as in an image reference, or any_host; empty: `registry` is set
    AllowEntry entry;      ///< never deprecated; WholeRegistry with any_host
    /// sha256:...; admission then allows nothing but this digest. Empty: any. Secret keys and
    /// session policies go by repository all the same: no registry knows rights on digests.
    std::string digest;

    /// "shared-acr: alipay/a1@sha256:...", "docker.io: library/*" or "*", as messages show it.
    [[nodiscard]] std::string display() const;
    bool operator==(ExceptionImage const&) const = default;
};

/// RegistryException (crds/registryexceptions): what some namespaces may pull for a while besides
/// what their tenancies allow. From its end on it is as if absent.
struct RegistryException {
    kube::ObjectMeta meta;
    std::vector<std::string> namespaces;
    std::vector<ExceptionImage> images;
    std::string tenancy;  ///< whose credential is extended; empty: the only one for the registry
    std::string reason;
    WallTime expires_at{};
    std::string ticket;
    std::string approver;

    /// Reads an object as stored. Everything wrong is reported, each with pointer, value and fix.
    /// An object that cannot be read allows nothing: there is no salvage() here.
    static Parsed<RegistryException> parse(Json const& object);
    /// spec as JSON; parse(serialise(x)) == x.
    [[nodiscard]] Json spec_json() const;

    /// min(expiresAt, creation + longest life); expiresAt where the object was never stored.
    [[nodiscard]] WallTime ends_at(std::chrono::seconds longest_life) const;
    [[nodiscard]] bool active_at(WallTime now, std::chrono::seconds longest_life) const {
        return now < ends_at(longest_life);
    }
    [[nodiscard]] bool applies_to(std::string_view ns) const;
};

}  // namespace rt::tenancy
