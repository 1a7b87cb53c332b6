#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "e2e/suite/support/bypass_test.hpp"
#include "e2e/suite/support/environment.hpp"

namespace e2e {
namespace {

/// The ways past an allow-list that lead through the cluster's configuration, and the check that
/// docs/bypass-vectors.md says of every vector what is shown, or why it does not apply.
class BypassVectorsSetup : public BypassTest {
  protected:
    static Json webhook(std::string const& kind) {
        auto const configuration = get(kind, "registry-tenancy");
        EXPECT_TRUE(configuration);
        return configuration ? (*configuration)["webhooks"][0] : Json::object();
    }
};

TEST_F(BypassVectorsSetup, b24_another_version_of_a_resource) {
    Json const validating = webhook("validatingwebhookconfiguration");
    EXPECT_EQ(text_at(validating, "/matchPolicy"), "Equivalent");
    for (Json const& rule : validating["rules"]) {
        EXPECT_EQ(rule["apiVersions"].size(), 1U);
    }
}

TEST_F(BypassVectorsSetup, b25_b28_nothing_that_a_tenant_shapes_decides_whether_we_are_asked) {
    for (std::string const kind :
         {"validatingwebhookconfiguration", "mutatingwebhookconfiguration"}) {
        Json const one = webhook(kind);
        EXPECT_FALSE(one.contains("matchConditions")) << kind;
        EXPECT_EQ(one["objectSelector"], Json::object()) << kind;
        EXPECT_EQ(one["namespaceSelector"].dump(),
                  R"({"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"NotIn",)"
                  R"("values":["kube-system","registry-tenancy-system"]}]})")
            << kind;
    }
    Json labelled = pod(foreign_image);
    for (std::string const label : {"admission", "control-plane", "registrytenancy.dev/ignore"}) {
        labelled["metadata"]["labels"][label] = "ignore";
        labelled["metadata"]["annotations"][label] = "ignore";
    }
    EXPECT_TRUE(is_refused(labelled));
}

TEST_F(BypassVectorsSetup, b26_b27_labels_of_the_namespace_excuse_nothing) {
    Json const labels = {{"metadata",
                          {{"labels",
                            {{"kubernetes.io/metadata.name", "kube-system"},
                             {"admission", "ignore"},
                             {"control-plane", "true"}}}}}};
    (void)kubectl({"patch", "namespace", ns(), "-p", labels.dump()});
    (void)kubectl(
        {"patch", "namespace", ns(), "--subresource=status", "--type=merge", "-p", labels.dump()});
    EXPECT_EQ(text_at(*get("namespace", ns()), "/metadata/labels/kubernetes.io~1metadata.name"),
              ns());
    EXPECT_TRUE(is_refused(pod(foreign_image)));
    // finalize takes the whole object.
    Json whole = *get("namespace", ns());
    whole["metadata"]["labels"]["kubernetes.io/metadata.name"] = "kube-system";
    (void)kubectl({"replace", "--raw", "/api/v1/namespaces/" + ns() + "/finalize", "-f", "-"},
                  whole.dump());
    EXPECT_TRUE(is_refused(pod(foreign_image)));
}

TEST_F(BypassVectorsSetup, b29_no_user_is_excused) {
    for (std::string const& user :
         {std::string("system:serviceaccount:kube-system:replicaset-controller"),
          std::string("system:admin"), std::string(operator_user)}) {
        SCOPED_TRACE(user);
        EXPECT_TRUE(refused(kubectl({"create", "--dry-run=server", "--as", user, "--as-group",
                                     "system:masters", "-f", "-"},
                                    pod(foreign_image).dump()),
                            {"[RT-NotAllowed]"}));
    }
}

TEST_F(BypassVectorsSetup, b30_an_excluded_namespace_is_out_of_reach) {
    EXPECT_TRUE(tenant_may("create", "pods"));
    EXPECT_FALSE(tenant_may("create", "pods", "kube-system"));
    EXPECT_FALSE(tenant_may("create", "pods", std::string(product_namespace)));
}

TEST_F(BypassVectorsSetup, b31_a_tenant_writes_no_policy) {
    for (std::string const resource : {"registries", "registrytenancies"}) {
        for (std::string const verb : {"create", "update", "patch", "delete"}) {
            EXPECT_FALSE(tenant_may(verb, resource + ".registrytenancy.dev")) << verb << resource;
        }
    }
    EXPECT_TRUE(tenant_may("get", "registrygrants.registrytenancy.dev")) << "the control";
    EXPECT_FALSE(tenant_may("patch", "registrygrants.registrytenancy.dev"));
}

TEST_F(BypassVectorsSetup, b32_a_webhook_that_does_not_answer_denies) {
    Json const validating = webhook("validatingwebhookconfiguration");
    EXPECT_EQ(text_at(validating, "/failurePolicy"), "Fail");
    EXPECT_LE(validating["timeoutSeconds"].get<int>(), 5);
}

TEST_F(BypassVectorsSetup, b35_a_mutating_webhook_that_was_skipped) {
    EXPECT_EQ(text_at(webhook("mutatingwebhookconfiguration"), "/reinvocationPolicy"), "IfNeeded");
}

TEST_F(BypassVectorsSetup, b37_b41_a_tenant_touches_nothing_of_the_installation) {
    for (std::string const resource :
         {"validatingwebhookconfigurations", "mutatingwebhookconfigurations",
          "validatingadmissionpolicies", "validatingadmissionpolicybindings",
          "customresourcedefinitions", "clusterroles"}) {
        EXPECT_FALSE(tenant_may("patch", resource)) << resource;
        EXPECT_FALSE(tenant_may("delete", resource)) << resource;
    }
    std::string const product(product_namespace);
    for (std::string const resource :
         {"services", "endpointslices", "endpoints", "deployments", "secrets", "configmaps"}) {
        EXPECT_FALSE(tenant_may("patch", resource, product)) << resource;
    }
    for (std::string const kind :
         {"validatingwebhookconfiguration", "mutatingwebhookconfiguration"}) {
        Json const client = webhook(kind)["clientConfig"];
        EXPECT_NE(text_at(client, "/caBundle"), "") << kind;
        EXPECT_EQ(text_at(client, "/service/namespace"), product) << kind;
        EXPECT_FALSE(client.contains("url")) << kind;
    }
}

/// "| B7 | ... | refused: `BypassVectors.b07_...` |" gives 7 and the last cell.
std::map<int, std::string> documented_vectors() {
    std::ifstream file(repository() + "/docs/bypass-vectors.md");
    std::map<int, std::string> rows;
    static std::regex const row(R"(\| B([0-9]+) \| [^|]+ \| (.+) \|)");
    for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (std::regex_match(line, match, row)) {
            EXPECT_TRUE(rows.emplace(std::stoi(match[1]), match[2]).second) << line;
        }
    }
    return rows;
}

std::set<std::string> tests_of_this_program() {
    std::set<std::string> names;
    auto const& all = *testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
        auto const& suite = *all.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j) {
            names.insert(std::string(suite.name()) + "." + suite.GetTestInfo(j)->name());
        }
    }
    return names;
}

// Every vector either names tests that exist, or says that it does not apply and why.
TEST(BypassVectorsDocument, says_of_every_vector_what_is_shown_or_why_it_does_not_apply) {
    auto const rows = documented_vectors();
    auto const tests = tests_of_this_program();
    static std::regex const quoted("`([A-Z][A-Za-z]+\\.[a-z0-9_]+)`");
    std::set<std::string> named;
    for (int id = 1; id <= 50; ++id) {
        SCOPED_TRACE("B" + std::to_string(id));
        ASSERT_TRUE(rows.contains(id)) << "docs/bypass-vectors.md has no row for it";
        std::string const& answer = rows.at(id);
        bool shown = false;
        for (std::sregex_iterator match(answer.begin(), answer.end(), quoted), end; match != end;
             ++match) {
            shown = true;
            named.insert((*match)[1]);
            EXPECT_TRUE(tests.contains((*match)[1])) << "no test " << (*match)[1];
        }
        EXPECT_TRUE(shown || answer.find("does not apply: ") != std::string::npos) << answer;
    }
    for (std::string const& test : tests) {
        EXPECT_TRUE(!test.starts_with("BypassVectors.") || named.contains(test))
            << test << " stands in no row of docs/bypass-vectors.md";
    }
}

}  // namespace
}  // namespace e2e
