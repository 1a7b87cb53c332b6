#include "operator/proof/proof_board.hpp"

#include <gtest/gtest.h>

namespace rt::op {
namespace {

using registry::Reason;

ProofFinding finding(Reason reason, std::string const& registry = "shared-acr") {
    return {registry,
            "inputs-of-" + registry,
            {"cainiao"},
            reason,
            "admins: " + std::string(registry::name_of(reason)),
            registry::is_trouble(reason) ? "developers" : ""};
}

ProofState state(std::vector<ProofFinding> findings, bool complete = true) {
    return {std::move(findings), complete};
}

std::string condition_of(ProofBoard const& board, std::vector<std::string> const& namespaces,
                         kube::Condition const* known = nullptr) {
    auto const one = pull_verified_condition(board.tally("cainiao", namespaces), known);
    return one.type.empty() ? "none" : one.status + " " + one.reason + " " + one.message;
}

TEST(PullVerified, IsTheWorstOfAllNamespaces) {
    ProofBoard board;
    board.put("a", state({finding(Reason::Verified)}));
    EXPECT_EQ(condition_of(board, {"a"}).substr(0, 13), "True Verified");
    board.put("b", state({finding(Reason::NothingToAsk)}));
    EXPECT_EQ(condition_of(board, {"b"}),
              "Unknown NothingToAsk namespace b, registry shared-acr: admins: NothingToAsk");
    EXPECT_NE(condition_of(board, {"a", "b"}).find("nothing could be asked for 1 namespace"),
              std::string::npos);
    board.put("c", state({finding(Reason::Verified), finding(Reason::RoleTooNarrow, "other")}));
    board.put("d", state({finding(Reason::DNSFailed)}));
    EXPECT_EQ(condition_of(board, {"a", "b", "c", "d"}),
              "False RoleTooNarrow namespace c, registry other: admins: RoleTooNarrow (the same or "
              "worse trouble in 1 namespace more)");
    EXPECT_EQ(condition_of(board, {"a", "d"}),
              "False DNSFailed namespace d, registry shared-acr: admins: DNSFailed");
    // Whatever the order in which namespaces come.
    EXPECT_EQ(condition_of(board, {"d", "c", "b", "a"}), condition_of(board, {"a", "b", "c", "d"}));
    board.put("e", state({}));
    EXPECT_EQ(condition_of(board, {"e"}), "none") << "no credentials";
}

TEST(PullVerified, StaysUntilEveryNamespaceWasAskedAgain) {
    ProofBoard board;
    kube::Condition const known{"PullVerified", "False", "DNSFailed", "as before", 1, {}};
    EXPECT_EQ(condition_of(board, {"a"}), "none");
    EXPECT_EQ(condition_of(board, {"a"}, &known), "False DNSFailed as before");
    board.put("a", state({finding(Reason::Verified)}));
    EXPECT_EQ(condition_of(board, {"a", "b"}, &known), "False DNSFailed as before");
    board.put("b", state({finding(Reason::Verified)}, false));
    EXPECT_EQ(condition_of(board, {"a", "b"}, &known), "False DNSFailed as before");
    board.put("b", state({finding(Reason::Verified)}));
    EXPECT_EQ(condition_of(board, {"a", "b"}, &known).substr(0, 13), "True Verified");
    // Trouble is told without waiting for the rest.
    board.put("b", state({finding(Reason::RoleTooNarrow)}));
    EXPECT_EQ(condition_of(board, {"a", "b", "c"}).substr(0, 19), "False RoleTooNarrow");
}

TEST(PullVerified, TellsOfOthersTenanciesNothing) {
    ProofBoard board;
    ProofFinding foreign = finding(Reason::RoleTooNarrow);
    foreign.tenancies = {"alipay"};
    board.put("a", state({finding(Reason::Verified), foreign}));
    EXPECT_EQ(condition_of(board, {"a"}).substr(0, 13), "True Verified");
}

TEST(ProofBoardTest, NamesWhomAChangeConcerns) {
    ProofBoard board;
    auto touched = board.put("a", state({finding(Reason::Verified)}));
    EXPECT_EQ(touched.tenancies, std::vector<std::string>{"cainiao"});
    touched = board.put("a", state({finding(Reason::Verified)}));
    EXPECT_TRUE(touched.tenancies.empty());
    EXPECT_FALSE(touched.problems);
    EXPECT_TRUE(board.put("a", state({finding(Reason::RoleTooNarrow)})).problems);
    EXPECT_TRUE(board.remove("a").problems);
    EXPECT_TRUE(board.remove("a").tenancies.empty());
    EXPECT_FALSE(board.of("a").complete);
}

Needs needs_with(CredentialNeed::State how) {
    Needs needs;
    CredentialNeed need;
    need.wanted.registry = "shared-acr";
    need.wanted.inputs = "inputs-of-shared-acr";
    need.state = how;
    needs.credentials.push_back(std::move(need));
    return needs;
}

TEST(ProofProblems, AreThoseOfCredentialsThatStandInTheSecret) {
    auto const fresh = needs_with(CredentialNeed::State::Fresh);
    auto const told = [](ProofState const& state, Needs const& needs,
                         std::vector<GrantProblem> const& before = {}) {
        std::string reasons;
        for (GrantProblem const& problem : proof_problems(state, needs, before)) {
            reasons += problem.reason + "/" + problem.tenancy + "/" + problem.message + " ";
        }
        return reasons;
    };
    EXPECT_EQ(told(state({finding(Reason::RoleTooNarrow)}), fresh),
              "RoleTooNarrow/cainiao/developers ");
    EXPECT_EQ(told(state({finding(Reason::Verified)}), fresh), "");
    EXPECT_EQ(
        told(state({finding(Reason::RoleTooNarrow)}), needs_with(CredentialNeed::State::Missing)),
        "");
    EXPECT_EQ(told(state({finding(Reason::RoleTooNarrow, "other")}), fresh), "");
}

TEST(ProofProblems, OfBeforeStayUntilItIsKnownAgain) {
    auto const fresh = needs_with(CredentialNeed::State::Fresh);
    std::vector<GrantProblem> const before{{"shared-acr", "cainiao", "DNSFailed", "as before", {}},
                                           {"gone", "cainiao", "DNSFailed", "as before", {}},
                                           {"shared-acr", "cainiao", "CredentialDenied", "x", {}}};
    auto const carried = proof_problems({}, fresh, before);
    ASSERT_EQ(carried.size(), 1U);
    EXPECT_EQ(carried[0].reason, "DNSFailed");
    EXPECT_TRUE(proof_problems(state({finding(Reason::Verified)}), fresh, before).empty());
    EXPECT_TRUE(is_proof_reason("RoleTooNarrow"));
    EXPECT_FALSE(is_proof_reason("Verified"));
    EXPECT_FALSE(is_proof_reason("CredentialDenied"));
}

}  // namespace
}  // namespace rt::op
