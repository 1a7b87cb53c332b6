#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/reach_test.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"

namespace e2e {
namespace {

constexpr char const* sts_address = "10.200.1.1";
constexpr char const* acr_api_address = "10.200.1.2";

std::string why_not_in(std::string const& text, std::string const& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos
               ? ""
               : "the proxy was not asked for " + line + " but for:\n" + text;
}

TEST_F(Reach, https_goes_through_the_proxy_and_what_no_proxy_names_does_not) {
    {
        BlockedForPods const blocked({sts_address, acr_api_address});
        ASSERT_FALSE(operator_reaches(sts_address)) << "the proxy is not the only way";
        ASSERT_FALSE(operator_reaches(acr_api_address)) << "the proxy is not the only way";
        std::string const ns = make_governed_namespace();
        ASSERT_TRUE(done(apply(pod_manifest(ns, "proxied", std::string(allowed_image)))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "proxied"); }));
        std::string const asked = asked_of_proxy();
        EXPECT_EQ(why_not_in(asked, "sts.cn-shanghai.aliyuncs.com:443"), "");
        EXPECT_EQ(why_not_in(asked, "cr.cn-shanghai.aliyuncs.com:443"), "");

        CommandResult const doctor =
            tenancy_cli({"doctor", name("tenancy"), "-n", ns, "--from-cluster"}, "", soon);
        for (char const* line :
             {"sts.cn-shanghai.aliyuncs.com through proxy proxy.company.example:3128: HTTP 200",
              "cr.cn-shanghai.aliyuncs.com through proxy proxy.company.example:3128: HTTP 200",
              "ok      proxy", "ok      manifest"}) {
            EXPECT_NE(doctor.out.find(line), std::string::npos) << line << '\n' << doctor.text();
        }
    }
    ASSERT_TRUE(operator_reaches(sts_address)) << "only the block stood in the way";

    // The same operator mints for Amazon, whose names stand in NO_PROXY.
    make_ecr_namespace("direct", "ecr-suite-01");
    std::string const asked = asked_of_proxy();
    EXPECT_EQ(asked.find("amazonaws.com"), std::string::npos) << asked;
    // Nor does the way to the API server go there, nor one to a metadata service.
    for (char const* other : {"10.96.0.1", "kubernetes", ":6443", "100.100.100.200", "169.254."}) {
        EXPECT_EQ(asked.find(other), std::string::npos) << asked;
    }
}

}  // namespace
}  // namespace e2e
