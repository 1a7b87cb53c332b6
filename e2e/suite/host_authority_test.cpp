#include <nlohmann/json.hpp>

#include "e2e/suite/support/reach_test.hpp"

namespace e2e {
namespace {

TEST_F(Reach, an_authority_of_one_host_counts_there_alone_and_no_other_does) {
    make_product_secret(name("robot"), "Opaque",
                        {{"username", "robot$registry-tenancy"},
                         {"password", "simulated-secret-of-registry-tenancys-robot"}});
    Json const identity = {{"type", "AccessKey"}, {"accessKey", {{"secretName", name("robot")}}}};
    /// A Harbor, and a tenancy of it for a namespace: all three of this name.
    auto const make_tenancy_at = [&](std::string const& what, std::string const& host) {
        make_registry(
            {{"type", "Harbor"}, {"harbor", {{"url", "https://" + host}, {"identity", identity}}}},
            host, what);
        Tenancy tenancy;
        tenancy.name = name(what);
        tenancy.namespaces = {make_namespace(what)};
        tenancy.registry = name(what);
        tenancy.role = "";
        make_tenancy(tenancy);
    };
    auto const expect_untrusted = [&](std::string const& what) {
        EXPECT_TRUE(eventually(soon, [&] {
            std::string const ready = ready_text(name(what));
            return ready.find("(TLSUntrusted)") != std::string::npos ? "" : "Ready is " + ready;
        }));
        EXPECT_FALSE(pull_secret(name(what))) << "minted where nobody vouches for the server";
    };
    // One server with one certificate under two names, of which HOST.ca names the first.
    make_tenancy_at("trusted", "harbor.company.example");
    make_tenancy_at("neighbour", "harbor.branch.example");
    // A certificate from the authority that everything else is verified with; but whoever wrote
    // harbor.example.org.ca said who alone may speak for that host.
    make_tenancy_at("pinned", "harbor.example.org");

    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(name("trusted")); }));
    ASSERT_TRUE(done(
        apply(pod_manifest(name("trusted"), "pulled", "harbor.company.example/cainiao/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(name("trusted"), "pulled"); }));
    expect_untrusted("neighbour");
    expect_untrusted("pinned");
}

}  // namespace
}  // namespace e2e
