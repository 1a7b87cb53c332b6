#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "unit/support/fake_clock.hpp"
#include "webhook/index_builder.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::test {

inline char const* const acr_host = "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com";

/// Objects as the API server stores them.
[[nodiscard]] Json registry_object(std::string const& name, std::string const& host,
                                   std::string const& type = "AlibabaACR");
/// A tenancy of `namespaces` that allows registry namespace cainiao of Registry shared-acr.
[[nodiscard]] Json tenancy_object(std::string const& name, std::vector<std::string> namespaces);
/// An exception for `namespaces` with one image; it ends an hour after a World begins.
[[nodiscard]] Json exception_object(std::string const& name, std::vector<std::string> namespaces,
                                    Json image);
[[nodiscard]] Json namespace_object(std::string const& name, Json labels = Json::object());

/// An IndexBuilder on a fake clock. Starts with Registry shared-acr, tenancy cainiao of
/// cainiao-prod, and the namespaces cainiao-prod, default and kube-system.
struct World {
    FakeClock clock{};
    webhook::IndexBuilder builder;

    World();
    [[nodiscard]] webhook::PolicyView view() const;
    /// The tenancies that govern a namespace, joined; "?" unknown, "-" none, "!" unreadable.
    [[nodiscard]] std::string governing(std::string const& ns) const;
    /// Replaces tenancy cainiao by one with `change` applied to its spec.
    template <class Change>
    void change_tenancy(Change const& change) {
        Json object = tenancy_object("cainiao", {"cainiao-prod"});
        change(object["spec"]);
        builder.upsert_tenancy(object);
    }
};

}  // namespace rt::test
