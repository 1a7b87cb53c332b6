#include "e2e/suite/support/bypass_test.hpp"

#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"

namespace e2e {

std::string const& BypassTest::ns() {
    if (ns_.empty()) {
        ns_ = make_governed_namespace();
    }
    return ns_;
}

Json BypassTest::pod(std::string_view image, std::function<void(Json&)> const& change) {
    Json object = pod_manifest(ns(), "pod", std::string(image));
    if (change) {
        change(object["spec"]);
    }
    return object;
}

testing::AssertionResult BypassTest::is_refused(Json const& object) {
    return refused(try_apply(object), {"[RT-NotAllowed]"});
}

void BypassTest::make_old_pod(Json const& spec) {
    ns_ = make_namespace("ns");
    Json object = pod_manifest(ns_, "old", std::string(allowed_image));
    object["spec"] = spec;
    // A finalizer keeps the Pod whatever happens to its containers.
    object["metadata"]["finalizers"] = Json::array({"example.com/keep"});
    ASSERT_TRUE(done(apply(object)));
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns_};
    make_ready_tenancy(tenancy);
}

bool BypassTest::tenant_may(std::string const& verb, std::string const& resource,
                            std::string const& where) {
    std::string const tenant = name("tenant");
    Json const binding = {
        {"apiVersion", "rbac.authorization.k8s.io/v1"},
        {"kind", "RoleBinding"},
        {"metadata", {{"name", "tenant"}, {"namespace", ns()}}},
        {"roleRef",
         {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "admin"}}},
        {"subjects",
         Json::array(
             {{{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "User"}, {"name", tenant}}})}};
    EXPECT_TRUE(done(apply(binding)));
    auto const answer = kubectl(
        {"auth", "can-i", verb, resource, "--as", tenant, "-n", where.empty() ? ns() : where});
    EXPECT_TRUE(answer.out == "yes\n" || answer.out == "no\n") << answer.text();
    return answer.out == "yes\n";
}

}  // namespace e2e
