// Trouble with Alibaba Cloud's STS and ACR. What the other clouds have is beside their tests.
#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/failure_matrix.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

Trouble sts(std::string const& name, Json const& rule, char const* reason, std::string const& code,
            std::vector<std::string> const& words = {}) {
    return {"sts_" + name, fault_for_role("sts", rule), reason, code, words};
}

Trouble acr(std::string const& name, Json const& rule, char const* reason, std::string const& code,
            std::vector<std::string> const& words = {}) {
    return {"acr_" + name, fault_for_role("acr", rule), reason, code, words};
}

/// A clock that is off heals by itself where the cloud's answer says what time it is (ClockSkew);
/// here a gateway writes the answer's Date, so that trying again with it can't help.
std::vector<Trouble> troubles() {
    std::string const role = "role/";
    return {
        sts("forbids", error_rule("NoPermission", 403, "You are not authorized."), denied,
            "NoPermission", {"trust policy", "--document trust"}),
        sts("throttles", {{"mode", "throttle"}}, unavailable, "Throttling.User", {"call quota"}),
        sts("is_broken", error_rule("ServiceUnavailable", 503, "Try later."), unavailable,
            "ServiceUnavailable"),
        sts("never_answers", {{"mode", "timeout"}}, unavailable, "DeadlineExceeded",
            {"no complete answer", "NAT"}),
        sts("answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt", {"no JSON object"}),
        sts("answers_nothing", {{"mode", "empty"}}, unavailable, "Corrupt", {"no JSON object"}),
        sts("hands_out_what_has_expired", {{"mode", "expired"}}, denied,
            "InvalidSecurityToken.Expired"),
        sts("judges_our_clock_to_be_off",
            {{"mode", "clock"}, {"offsetSeconds", 3600}, {"dateHeader", false}}, unavailable,
            "ClockSkew", {"InvalidTimeStamp.Expired", "clocks", "check NTP"}),
        acr("forbids", error_rule("Forbidden.RAM", 403, "User not authorized."), denied,
            "Forbidden.RAM", {"cr:GetAuthorizationToken"}),
        acr("throttles", {{"mode", "throttle"}}, unavailable, "Throttling.User", {"call quota"}),
        acr("fails_with_200", error_rule("INSTANCE_STOPPED", 200, "stopped"), denied,
            "INSTANCE_STOPPED"),
        acr("answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        acr("hands_out_what_has_expired", {{"mode", "expired"}}, unavailable, "Expired",
            {"arrived already expired"}),
        // The registry reads the role's policy at every pull.
        {"the_role_is_deleted",
         world_change(role, "\""),
         denied,
         "EntityNotExist.Role",
         {"there is no such role"},
         false},
        {"the_role_trusts_us_no_more",
         world_change(role, "\"", "trust-node-of-demo", "trust-somebody-else"),
         denied,
         "NoPermission",
         {"trust policy"}},
        {"the_role_may_log_in_no_more",
         world_change(role, "\"", "pull-cainiao-and-alipay", "pull-without-token"),
         denied,
         "NoPermission",
         {"cr:GetAuthorizationToken"}},
    };
}

/// Each trouble has a role of its own, so that it meets nobody else.
class CloudFaults : public TenancyTest, public testing::WithParamInterface<std::size_t> {
  protected:
    [[nodiscard]] Json allowing(std::string const& repository) const {
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {name("ns")};
        tenancy.role = role;
        tenancy.allow = {{"namespace", "cainiao"}, {"repository", repository}};
        return tenancy.manifest();
    }

    std::string const role = "acr-trouble-" + std::to_string(GetParam() + 11);
};

TEST_P(CloudFaults, keep_the_secret_that_works) {
    std::string const ns = make_governed_namespace(role);
    expect_last_good_stays(troubles()[GetParam()], {name("tenancy"),
                                                    {ns, role},
                                                    {allowing("base/jdk"), allowing("base/jre")},
                                                    std::string(allowed_image),
                                                    "acs:ram"});
}

INSTANTIATE_TEST_SUITE_P(Each, CloudFaults, testing::Range(std::size_t{0}, troubles().size()),
                         [](auto const& each) { return troubles()[each.param].name; });

}  // namespace
}  // namespace e2e
