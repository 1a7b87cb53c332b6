// What follows from the rules and the Secret's annotation: what to mint, what to tell, when to look
// again.
#include "operator/tenancy/plan.hpp"

#include <gtest/gtest.h>

#include "lib/base/time.hpp"
#include "unit/operator/tenancy/objects.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;
using State = CredentialNeed::State;
using Reasons = std::vector<std::string>;

WallTime now() {
    return parse_rfc3339("2026-01-02T03:04:05Z").value();
}
SteadyTime steady() {
    return SteadyTime{} + 1h;
}

Reasons reasons_of(std::vector<GrantProblem> const& problems) {
    Reasons reasons;
    for (GrantProblem const& problem : problems) {
        reasons.push_back(problem.reason);
    }
    return reasons;
}

class Plan : public testing::Test {
  protected:
    Plan() {
        auto registry = tenancy::Registry::parse(test::shared_acr());
        tenancy::RegistryCatalog catalog(
            {std::make_shared<tenancy::Registry const>(std::move(*registry))});
        auto parsed = tenancy::RegistryTenancy::parse(test::tenancy("cainiao", {"n"}, {"cainiao"}));
        auto pointer = std::make_shared<tenancy::RegistryTenancy const>(std::move(*parsed));
        gathered.ns = "n";
        gathered.record = NamespaceRecord{"uid", {}, false};
        gathered.rules =
            std::make_shared<Rules const>(TenancyList{pointer}, std::set<std::string>{}, catalog,
                                          std::vector<BrokenTenancy>{}, std::set<std::string>{});
        policy = tenancy::NamespacePolicy::compile({pointer}, {}, gathered.rules->catalog());
    }

    Needs needs() { return needs_of(gathered, *policy, "demo", now()); }
    std::string inputs() { return needs().credentials.at(0).wanted.inputs; }
    /// The Secret holds a credential made for `inputs`, issued `age` ago, good for an hour.
    void holds(std::string const& inputs, std::chrono::seconds age) {
        gathered.secret = SecretRecord{"s", "1", {}, true, true, {}};
        gathered.secret->credentials.push_back(
            {"shared-acr", inputs, now() - age, now() - age + 1h});
    }
    void failed(Error const& error, std::chrono::seconds next = 1min) {
        MintFailure failure;
        failure.kind = error.kind;
        failure.code = error.code;
        failure.count = 1;
        failure.permanent = permanent(error);
        failure.next_attempt = steady() + next;
        failures[failure_key(needs().credentials.at(0))] = failure;
    }
    Reasons problems() { return reasons_of(mint_problems(needs(), failures)); }

    Gathered gathered;
    std::optional<tenancy::NamespacePolicy> policy;
    MintFailures failures;
};

struct StateCase {
    char const* name;
    std::optional<std::chrono::minutes> age;  ///< nullopt: no Secret
    bool same_inputs;
    State state;
    bool due;
    bool prune;
};

TEST_F(Plan, StateFollowsFromAgeAndInputs) {
    std::vector<StateCase> const cases{
        {"nothing there", std::nullopt, true, State::Missing, true, false},
        {"just made", 0min, true, State::Fresh, false, false},
        {"made by a clock a little ahead", -1min, true, State::Fresh, false, false},
        {"made by a clock hours ahead", -120min, true, State::Due, true, false},
        {"before the earliest refresh", 23min, true, State::Fresh, false, false},
        {"after the latest refresh", 37min, true, State::Due, true, false},
        {"past three quarters", 46min, true, State::Degraded, true, false},
        {"expired", 61min, true, State::Missing, true, true},
        {"made for other inputs", 0min, false, State::Changed, true, true},
        {"made for other inputs and expired", 61min, false, State::Missing, true, true},
    };
    for (StateCase const& one : cases) {
        SCOPED_TRACE(one.name);
        gathered.secret.reset();
        if (one.age) {
            holds(one.same_inputs ? inputs() : "others", *one.age);
        }
        Needs const result = needs();
        ASSERT_EQ(result.credentials.size(), 1U);
        EXPECT_EQ(name_of(result.credentials[0].state), name_of(one.state));
        EXPECT_EQ(due_mints(result, {}, steady()).size(), one.due ? 1U : 0U);
        EXPECT_EQ(result.needs_pruning, one.prune);
    }
}

TEST_F(Plan, ATamperedSecretCountsForNothing) {
    holds(inputs(), 1min);
    gathered.secret->intact = false;
    EXPECT_TRUE(needs().tampered);
    EXPECT_EQ(needs().credentials[0].state, State::Missing);
}

TEST_F(Plan, ASecretThatIsNotOursStopsEverything) {
    gathered.secret = SecretRecord{"s", "1", {}, false, false, {}};
    EXPECT_TRUE(needs().name_conflict);
    EXPECT_TRUE(due_mints(needs(), {}, steady()).empty());
    EXPECT_EQ(reasons_of(standing_problems(needs())), (Reasons{"NameConflict"}));
    EXPECT_FALSE(next_look(needs(), {}, now(), steady()));
}

TEST_F(Plan, AFailureIsWaitedFor) {
    failed({ErrorKind::Unavailable, "timeout"}, 10s);
    EXPECT_TRUE(due_mints(needs(), failures, steady()).empty());
    EXPECT_EQ(next_look(needs(), failures, now(), steady()),
              std::optional<std::chrono::nanoseconds>(10s));
    EXPECT_EQ(due_mints(needs(), failures, steady() + 10s).size(), 1U);
}

TEST_F(Plan, AFailureOfOtherInputsIsForgotten) {
    failed({ErrorKind::Forbidden, "no"});
    MintFailures other{{"shared-acr\nother", failures.begin()->second}};
    EXPECT_EQ(due_mints(needs(), other, steady()).size(), 1U);
    forget_settled(other, needs());
    EXPECT_TRUE(other.empty());
}

struct ProblemCase {
    char const* name;
    std::optional<std::chrono::minutes> age;
    bool same_inputs;
    ErrorKind kind;
    Reasons told;
    bool ready;
};

TEST_F(Plan, TellsWhatAFailureMeansWhereItIs) {
    std::vector<ProblemCase> const cases{
        {"denied from the start",
         std::nullopt,
         true,
         ErrorKind::Forbidden,
         {"CredentialDenied"},
         false},
        {"down from the start",
         std::nullopt,
         true,
         ErrorKind::Unavailable,
         {"CredentialUnavailable"},
         false},
        {"a hiccup at refresh", 37min, true, ErrorKind::Unavailable, {}, true},
        {"denied at refresh", 37min, true, ErrorKind::Forbidden, {"RefreshFailing"}, true},
        {"still down at three quarters",
         46min,
         true,
         ErrorKind::Throttled,
         {"RefreshFailing"},
         true},
        {"down past expiry", 61min, true, ErrorKind::Throttled, {"CredentialUnavailable"}, false},
        {"changed rules refused", 1min, false, ErrorKind::Forbidden, {"CredentialDenied"}, false},
    };
    for (ProblemCase const& one : cases) {
        SCOPED_TRACE(one.name);
        gathered.secret.reset();
        failures.clear();
        if (one.age) {
            holds(one.same_inputs ? inputs() : "others", *one.age);
        }
        failed({one.kind, "secret details acs:ram::1:role/x", "Code"});
        auto const told = mint_problems(needs(), failures);
        EXPECT_EQ(reasons_of(told), one.told);
        for (GrantProblem const& problem : told) {
            EXPECT_EQ(problem.registry, "shared-acr");
            EXPECT_EQ(problem.tenancy, "cainiao");
            EXPECT_NE(problem.message.find("Code"), std::string::npos);
            EXPECT_EQ(problem.message.find("acs:ram"), std::string::npos);
        }
        NamespaceResult const result = result_of(needs(), *policy, told);
        EXPECT_EQ(result.failures.empty() && result.pending.empty(), one.ready);
    }
}

TEST_F(Plan, WithoutAFailureWhatIsMissingIsPendingNotFailed) {
    NamespaceResult const result = result_of(needs(), *policy, {});
    EXPECT_TRUE(result.failures.empty());
    EXPECT_EQ(result.pending, (std::vector<std::string>{"cainiao"}));
}

TEST_F(Plan, EarlierMintProblemsStandUntilTheNextTry) {
    std::vector<GrantProblem> const before{
        {"shared-acr", "cainiao", "CredentialDenied", "m", now()},
        {"shared-acr", "cainiao", "SomethingElse", "m", now()},
        {"gone-acr", "cainiao", "CredentialDenied", "m", now()}};
    EXPECT_EQ(reasons_of(carried_problems(before, needs())), (Reasons{"CredentialDenied"}));
    holds(inputs(), 1min);
    EXPECT_TRUE(carried_problems(before, needs()).empty());
}

TEST_F(Plan, LooksAgainAtTheRefresh) {
    holds(inputs(), 0min);
    auto const next = next_look(needs(), {}, now(), steady());
    ASSERT_TRUE(next);
    EXPECT_GE(*next, 24min);
    EXPECT_LE(*next, 36min);
}

TEST_F(Plan, AFailingRefreshIsLookedAtWhenItBecomesWorthTelling) {
    holds(inputs(), 40min);
    failed({ErrorKind::Unavailable, ""}, 1h);
    EXPECT_EQ(next_look(needs(), failures, now(), steady()),
              std::optional<std::chrono::nanoseconds>(5min));
}

TEST_F(Plan, WaitingIsToldAfterTenSeconds) {
    std::string const key = failure_key(needs().credentials[0]);
    EXPECT_TRUE(waiting_problems(needs(), {{key, steady()}}, steady() + 9s).empty());
    EXPECT_EQ(reasons_of(waiting_problems(needs(), {{key, steady()}}, steady() + 10s)),
              (Reasons{"CredentialPending"}));
    holds(inputs(), 0min);
    EXPECT_TRUE(waiting_problems(needs(), {{key, steady()}}, steady() + 1h).empty());
}

}  // namespace
}  // namespace rt::op
