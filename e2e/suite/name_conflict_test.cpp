#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class NameConflict : public TenancyTest {};

TEST_F(NameConflict, is_reported_never_overwritten_and_over_when_the_secret_goes) {
    std::string const ns = make_namespace("ns");
    std::string const good_ns = make_namespace("good");
    // A Secret of our name without our mark, as if it was there before the product was installed.
    Json const foreign = {
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"type", "kubernetes.io/dockerconfigjson"},
        {"metadata", {{"name", std::string(pull_secret_name)}, {"namespace", ns}}},
        {"stringData",
         {{".dockerconfigjson", R"({"auths":{"mine.example.com":{"auth":"YTpi"}}})"}}}};
    ASSERT_TRUE(done(apply_as_operator(foreign)));
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);

    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns, good_ns};
    make_tenancy(tenancy);
    EXPECT_TRUE(eventually(soon, [&] {
        std::string const problems = problems_of(ns);
        return problems.find("NameConflict") != std::string::npos ? "" : "problems: " + problems;
    }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(tenancy.name); }));
    EXPECT_NE(ready_text(tenancy.name).find("NameConflict"), std::string::npos)
        << ready_text(tenancy.name);
    EXPECT_TRUE(eventually(soon, [&] { return why_not_keys(good_ns, keys_of("cainiao/")); }))
        << "one namespace's trouble is not the others'";
    auto const during = pull_secret(ns);
    ASSERT_TRUE(during);
    EXPECT_EQ(during->resource_version, before->resource_version);

    // Its owner takes it away: it was never ours, so the guarding policy lets him.
    ASSERT_TRUE(done(kubectl({"-n", ns, "delete", "secret", std::string(pull_secret_name)})));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_keys(ns, keys_of("cainiao/")); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }));
}

}  // namespace
}  // namespace e2e
