#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class Rotate : public TenancyTest {
  protected:
    void make(std::string const& part, std::vector<std::string> const& parts_of_namespaces,
              std::string const& role) {
        Tenancy tenancy;
        tenancy.name = name(part);
        for (std::string const& one : parts_of_namespaces) {
            tenancy.namespaces.push_back(make_namespace(one));
        }
        tenancy.role = role;
        make_ready_tenancy(tenancy);
    }
    CommandResult rotate(std::string const& tenancy, std::string const& value) const {
        return kubectl({"annotate", "--overwrite", "registrytenancy", name(tenancy),
                        "registrytenancy.dev/rotate=" + value});
    }
    static std::string why_not_another(std::string const& ns, PullSecret const& before) {
        auto const now = pull_secret(ns);
        return now && now->login() != before.login()
                   ? ""
                   : "the credential in " + ns + " is the old one";
    }
};

TEST_F(Rotate, mints_the_tenancys_namespaces_anew_once_and_no_others) {
    std::string const role = "acr-suite-33";
    std::string const other_role = "acr-suite-34";
    make("tenancy", {"one", "two"}, role);
    make("other", {"three"}, other_role);
    std::map<std::string, PullSecret> before;
    for (char const* const part : {"one", "two", "three"}) {
        auto const secret = pull_secret(name(part));
        ASSERT_TRUE(secret);
        before[part] = *secret;
    }
    CloudRequests const requests;
    ASSERT_TRUE(done(rotate("tenancy", "leak-1")));
    for (char const* const part : {"one", "two"}) {
        EXPECT_TRUE(eventually(soon, [&] { return why_not_another(name(part), before[part]); }));
    }
    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    for (char const* const part : {"one", "two"}) {
        auto const after = pull_secret(name(part));
        ASSERT_TRUE(after);
        EXPECT_EQ(after->uid, before[part].uid);
        EXPECT_EQ(after->keys(), before[part].keys());
        ASSERT_TRUE(done(apply(pod_manifest(name(part), "after", std::string(allowed_image)))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(name(part), "after"); }));
    }
    ASSERT_TRUE(done(rotate("tenancy", "leak-1")));
    EXPECT_TRUE(throughout(std::chrono::seconds(10), [&]() -> std::string {
        auto const minted = requests.of_role("GetAuthorizationToken", role).size();
        return minted == 2 ? "" : std::to_string(minted) + " mints instead of 2";
    }));
    EXPECT_EQ(requests.of_role("GetAuthorizationToken", other_role).size(), 0U);
    auto const other = pull_secret(name("three"));
    ASSERT_TRUE(other);
    EXPECT_EQ(other->resource_version, before["three"].resource_version);
}

TEST_F(Rotate, keeps_the_old_credential_and_says_so_while_the_cloud_fails) {
    std::string const role = "acr-suite-35";
    make("tenancy", {"ns"}, role);
    auto const before = pull_secret(name("ns"));
    ASSERT_TRUE(before);
    {
        Fault const broken("sts", {{"mode", "error"},
                                   {"role", role},
                                   {"code", "ServiceUnavailable"},
                                   {"http", 503},
                                   {"message", "Try later."}});
        ASSERT_TRUE(done(rotate("tenancy", "leak-1")));
        ASSERT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
        EXPECT_NE(problems_of(name("ns")).find("the one from before the last change stays in use"),
                  std::string::npos)
            << problems_of(name("ns"));
        auto const during = pull_secret(name("ns"));
        ASSERT_TRUE(during);
        EXPECT_EQ(during->resource_version, before->resource_version);
        ASSERT_TRUE(done(apply(pod_manifest(name("ns"), "during", std::string(allowed_image)))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(name("ns"), "during"); }));
    }
    EXPECT_TRUE(eventually(soon, [&] { return why_not_another(name("ns"), *before); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    EXPECT_TRUE(eventually(soon, [&] { return problems_of(name("ns")); }));
}

}  // namespace
}  // namespace e2e
