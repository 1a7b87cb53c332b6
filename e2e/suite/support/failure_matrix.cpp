#include "e2e/suite/support/failure_matrix.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

Breaking fault(std::string const& simulator, Json const& rule, char const* field,
               std::string Victim::* whose) {
    return [=](Victim const& victim) {
        Json own = rule;
        own[field] = victim.*whose;
        return std::make_shared<Fault>(simulator, own);
    };
}

/// Empty where the tenancy is not Ready for this reason, and its message has the code in brackets.
std::string why_not_told_in_the_condition(std::string const& tenancy, Trouble const& trouble) {
    if (std::string const other = why_not_failing(tenancy); !other.empty()) {
        return other;
    }
    std::string const ready = ready_text(tenancy);
    bool const told = ready.find("\"" + trouble.reason + "\"") != std::string::npos &&
                      ready.find("(" + trouble.code + ")") != std::string::npos;
    return told ? "" : "not " + trouble.reason + " (" + trouble.code + "), but " + ready;
}

void expect_told(Trouble const& trouble, Subject const& subject) {
    EXPECT_TRUE(
        eventually(soon, [&] { return why_not_told_in_the_condition(subject.tenancy, trouble); }));
    for (std::string const& word : trouble.words) {
        EXPECT_TRUE(eventually(soon, [&] { return why_not_told(subject.tenancy, word); }));
    }
    EXPECT_TRUE(eventually(soon, [&] {
        return problems_of(subject.victim.ns).empty() ? std::string("the grant shows no problem")
                                                      : std::string();
    }));
    std::string const problems = problems_of(subject.victim.ns);
    EXPECT_TRUE(subject.hidden.empty() || problems.find(subject.hidden) == std::string::npos)
        << problems;
}

void expect_mended(Subject const& subject, PullSecret const& before) {
    ASSERT_TRUE(done(apply(subject.changes.at(1))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(subject.tenancy); }));
    EXPECT_TRUE(eventually(soon, [&] { return problems_of(subject.victim.ns); }));
    auto const after = pull_secret(subject.victim.ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, before.uid);
    EXPECT_NE(after->data, before.data) << "nothing came of the change";
    EXPECT_EQ(after->login() != before.login(), subject.new_login);
}

}  // namespace

Breaking fault_for_role(std::string const& simulator, Json const& rule) {
    return fault(simulator, rule, "role", &Victim::role);
}

Breaking fault_for_namespace(std::string const& simulator, Json const& rule) {
    return fault(simulator, rule, "session", &Victim::ns);
}

Json error_rule(std::string const& code, int http, std::string const& message) {
    return {{"mode", "error"}, {"code", code}, {"http", http}, {"message", message}};
}

Breaking world_change(std::string const& before, std::string const& after, std::string const& from,
                      std::string const& to) {
    return [=](Victim const& victim) {
        return std::make_shared<WorldChange>(before + victim.role + after, from, to);
    };
}

void expect_last_good_stays(Trouble const& trouble, Subject const& subject) {
    std::string const& ns = subject.victim.ns;
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    {
        auto const broken = trouble.breaking(subject.victim);
        ASSERT_TRUE(done(apply(subject.changes.at(0))));
        expect_told(trouble, subject);
        auto const during = pull_secret(ns);
        ASSERT_TRUE(during) << "the Secret was lost";
        EXPECT_EQ(during->uid, before->uid);
        EXPECT_EQ(during->data, before->data) << "the working credential was touched";
        if (trouble.pulls && !subject.image.empty()) {
            ASSERT_TRUE(done(apply(pod_manifest(ns, "during", subject.image))));
            EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "during"); }));
        }
    }
    expect_mended(subject, *before);
}

}  // namespace e2e
