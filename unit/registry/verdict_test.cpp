#include "lib/registry/verdict.hpp"

#include <gtest/gtest.h>

#include "unit/registry/registries.hpp"

namespace rt::registry {
namespace {

using namespace testing;
using Names = std::set<std::string>;

std::vector<Asked> const two{{in_namespace("cainiao"), {"cainiao/a1", "v1"}},
                             {in_namespace("base"), {"base/jdk", "17"}}};

TEST(Verdicts, FollowFromWhatTheRegistryGrants) {
    struct Case {
        Names holder;
        Names anyone;
        Reason reason;
        std::vector<std::string> about;
    };
    for (Case const& one : {
             Case{{"cainiao/a1", "base/jdk"}, {}, Reason::Verified, {}},
             Case{{"cainiao/a1"}, {}, Reason::RoleTooNarrow, {"base"}},
             Case{{}, {}, Reason::RoleTooNarrow, {"cainiao", "base"}},
             Case{{"other/x"}, {}, Reason::RoleTooNarrow, {"cainiao", "base"}},
             Case{{"cainiao/a1", "base/jdk"},
                  {"base/jdk"},
                  Reason::RegistryNamespacePublic,
                  {"base"}},
             // What is refused hurts more than what is open.
             Case{{"base/jdk"}, {"base/jdk"}, Reason::RoleTooNarrow, {"cainiao"}},
             // Anyone includes the holder.
             Case{{},
                  {"cainiao/a1", "base/jdk"},
                  Reason::RegistryNamespacePublic,
                  {"cainiao", "base"}},
         }) {
        Verdict const verdict = verdict_of(two, Answers{one.holder, one.anyone});
        EXPECT_EQ(name_of(verdict.reason), name_of(one.reason));
        std::vector<std::string> about;
        for (auto const& entry : verdict.entries) {
            about.push_back(entry.path);
        }
        EXPECT_EQ(about, one.about);
    }
}

TEST(Verdicts, OfErrorsAreTheirCodes) {
    for (char const* code : {"DNSFailed", "TLSUntrusted", "RegistryUnreachable", "TokenRejected",
                             "RealmNotPinned", "Unknown"}) {
        Verdict const verdict =
            verdict_of(two, fail({ErrorKind::Unavailable, "seen", std::string(code)}));
        EXPECT_EQ(name_of(verdict.reason), code);
        EXPECT_EQ(verdict.detail, "seen");
    }
    EXPECT_EQ(verdict_of(two, fail({ErrorKind::Internal, "seen", "Other"})).reason,
              Reason::Unknown);
    EXPECT_EQ(verdict_of({}, Answers{}).reason, Reason::NothingToAsk);
}

TEST(Verdicts, AreToldToAdminsWithTheFixAndToDevelopersWithoutTheRole) {
    std::string const role = "acs:ram::1146716667364888:role/acr-cainiao";
    auto const spec = credential(acr(), role);
    Words const narrow =
        words_for({Reason::RoleTooNarrow, {in_namespace("cainiao")}, ""}, spec, acr_host);
    EXPECT_EQ(narrow.for_admins,
              "role " + role + " may not pull from registry namespace \"cainiao\" of " + acr_host +
                  ": add action cr:PullRepository on resource "
                  "acs:cr:cn-shanghai:1146716667364888:repository/cri-shanghai-shared01/cainiao/*");
    EXPECT_NE(narrow.for_developers.find("registry namespace \"cainiao\""), std::string::npos);
    EXPECT_NE(narrow.for_developers.find("RegistryTenancy \"cainiao\""), std::string::npos);

    for (Reason const reason :
         {Reason::RoleTooNarrow, Reason::RegistryNamespacePublic, Reason::TokenRejected,
          Reason::RegistryUnreachable, Reason::DNSFailed, Reason::TLSUntrusted,
          Reason::RealmNotPinned, Reason::Verified, Reason::SwitchedOff, Reason::NothingToAsk,
          Reason::Unknown}) {
        Words const words = words_for({reason, {in_namespace("x")}, "seen"}, spec, acr_host);
        EXPECT_FALSE(words.for_admins.empty()) << name_of(reason);
        EXPECT_EQ(words.for_developers.find("acs:"), std::string::npos) << words.for_developers;
        EXPECT_EQ(words.for_developers.empty(), !is_trouble(reason)) << name_of(reason);
        EXPECT_EQ(reason_of(name_of(reason)), reason);
    }
    EXPECT_EQ(reason_of("Other"), std::nullopt);
}

TEST(Verdicts, NameTheRightOfEachCloud) {
    auto const words = [](tenancy::Registry const& of, std::string const& role,
                          std::vector<std::string> const& paths) {
        Verdict verdict{Reason::RoleTooNarrow};
        for (std::string const& path : paths) {
            verdict.entries.push_back(in_namespace(path));
        }
        return words_for(verdict, credential(of, role), of.hosts.front().str()).for_admins;
    };
    EXPECT_EQ(words(google(), "pull-payments@acme-images.iam.gserviceaccount.com",
                    {"acme-images/payments"}),
              std::string("role pull-payments@acme-images.iam.gserviceaccount.com may not pull "
                          "from registry namespace \"acme-images/payments\" of ") +
                  google_host +
                  ": add action artifactregistry.repositories.downloadArtifacts on resource "
                  "projects/acme-images/locations/europe-west3/repositories/payments (role "
                  "roles/artifactregistry.reader)");
    EXPECT_EQ(words(azure(), "a0000000-0000-4000-8000-000000000004", {"payments", "ledger"}),
              std::string("role a0000000-0000-4000-8000-000000000004 may not pull from registry "
                          "namespace \"payments\", registry namespace \"ledger\" of ") +
                  azure_host +
                  ": add action Microsoft.ContainerRegistry/registries/pull/read on resource "
                  "registry " +
                  azure_host +
                  " (role AcrPull, or Container Registry Repository Reader where the registry uses "
                  "ABAC)");
    EXPECT_EQ(words(harbor(), "", {"cainiao"}),
              std::string("the credential of Registry shared may not pull from registry namespace "
                          "\"cainiao\" of ") +
                  harbor_host + ": add action repository:pull on resource project cainiao");
}

TEST(Verdicts, NameEveryActionAndAFewResources) {
    auto const spec = credential(ecr(), "arn:aws:iam::111122223333:role/ecr-payments");
    Verdict verdict{Reason::RoleTooNarrow};
    for (char const* path : {"a", "b", "c", "d", "e"}) {
        verdict.entries.push_back(in_namespace(path));
    }
    std::string const text = words_for(verdict, spec, ecr_host).for_admins;
    EXPECT_NE(text.find("add actions ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, "
                        "ecr:GetDownloadUrlForLayer on resources "
                        "arn:aws:ecr:eu-central-1:111122223333:repository/a/*, "),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("repository/c/* and 2 more"), std::string::npos) << text;
    EXPECT_NE(words_for(verdict, credential(fixed_login("a.example.com"), ""), "a.example.com")
                  .for_admins.find("the login in Secret login may not pull"),
              std::string::npos);
}

}  // namespace
}  // namespace rt::registry
