#include <algorithm>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/cli_policy.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/google.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"

// kubectl tenancy policy, for clouds whose rights are given by commands: the simulated Google and
// Azure are told what was printed, as it is, a pull works, and no longer with one command less. The
// same with Harbor, whose API takes the printed body.
namespace e2e {
namespace {

class CliPolicyCommands : public CliPolicyTest {
  protected:
    /// Of the test's one Registry and role, as the cluster has them.
    Json printed(std::vector<std::string> const& flags = {}) {
        std::vector<std::string> arguments{"policy", name("tenancy")};
        arguments.insert(arguments.end(), flags.begin(), flags.end());
        auto const result = tenancy_cli(arguments);
        EXPECT_TRUE(done(result));
        Json const all = Json::parse(result.out, nullptr, false);
        return all.is_object() && all["roles"].size() == 1 ? all["roles"][0] : Json::object();
    }
    /// `count`: how many commands are wanted.
    void expect_commands_work(std::string const& host, std::string const& image, std::size_t count,
                              std::vector<std::string> const& flags = {}) {
        make_namespace("ns");
        ASSERT_TRUE(done(apply(tenancy())));
        Json const entry = printed(flags);
        auto const commands = entry.value("commands", std::vector<std::string>());
        ASSERT_EQ(commands.size(), count) << entry;
        CloudWorld world(name("world"));
        auto const all_but = [&](std::size_t left_out) {
            CloudWorld::Contents contents{{}, {}, {}, commands};
            contents.commands.erase(contents.commands.begin() +
                                    static_cast<std::ptrdiff_t>(left_out));
            world.set(contents);
        };
        auto const reads = [&](std::size_t i) {
            return commands[i].find("artifacts repositories") != std::string::npos ||
                   commands[i].find("role assignment") != std::string::npos;
        };
        // First, because the operator keeps what it got with its own identity for a while.
        for (std::size_t i = 0; i < commands.size(); ++i) {
            if (!reads(i)) {
                all_but(i);
                EXPECT_TRUE(mints_no_more()) << "minted without " << commands[i];
            }
        }
        world.set({{}, {}, {}, commands});
        ASSERT_TRUE(mints_anew());
        ASSERT_TRUE(done(pull(host, image)));
        for (std::size_t i = 0; i < commands.size(); ++i) {
            if (reads(i)) {
                all_but(i);
                EXPECT_FALSE(pull(host, image).ok()) << "pulled without " << commands[i];
                world.set({{}, {}, {}, commands});
                EXPECT_TRUE(done(pull(host, image)));
            }
        }
    }
    /// acme-images/ledger, which only what was told may read.
    void use_google(std::string_view location, std::string const& account) {
        Json entry = {{"name", "gar-" + std::string(location)},
                      {"allow", {{{"namespace", "acme-images/ledger"}}}}};
        if (!account.empty()) {
            entry["role"] = google_account(account);
        }
        use(entry, "acme-images/ledger");
    }
    /// The Registry is that of the tests of the simulated registry, because a host belongs to one.
    void use_azure(std::string const& registry, std::string const& host, Json const& identity,
                   std::string const& client) {
        Json const manifest = {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                               {"kind", "Registry"},
                               {"metadata", {{"name", registry}}},
                               {"spec",
                                {{"hosts", {host}},
                                 {"type", "AzureACR"},
                                 {"azureACR",
                                  {{"tenantID", "11111111-aaaa-4bbb-8ccc-000000000001"},
                                   {"cloud", "Public"},
                                   {"identity", identity}}},
                                 {"allowUnnarrowed", true}}}};
        ASSERT_TRUE(eventually(soon, [&] {
            auto const made = apply(manifest);
            return made.ok() ? std::string() : made.text();
        }));
        use({{"name", registry}, {"role", client}, {"allow", {{{"namespace", "payments"}}}}},
            "payments");
    }
};

std::string const cluster_issuer = "https://kubernetes.default.svc.cluster.local";

TEST_F(CliPolicyCommands, let_the_node_impersonate_a_service_account_of_google) {
    ASSERT_TRUE(apply_google_registry(google_instance_role_location));
    use_google(google_instance_role_location, "pull-policy-1");
    expect_commands_work(google_host(google_instance_role_location), "acme-images/ledger/a1", 2,
                         {"--caller", "serviceAccount:node@acme-cluster.iam.gserviceaccount.com"});
}

TEST_F(CliPolicyCommands, let_the_operators_token_impersonate_a_service_account_of_google) {
    std::string const location = "europe-west1";  // of this test alone
    ASSERT_TRUE(
        done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                    {"kind", "Registry"},
                    {"metadata", {{"name", "gar-" + location}}},
                    {"spec",
                     {{"hosts", {google_host(location)}},
                      {"type", "GoogleArtifactRegistry"},
                      {"googleArtifactRegistry",
                       {{"location", location}, {"identity", google_identity("OIDC", "printed")}}},
                      {"allowUnnarrowed", true}}}})));
    use_google(location, "pull-policy-2");
    expect_commands_work(google_host(location), "acme-images/ledger/a1", 3,
                         {"--oidc-provider", cluster_issuer});
}

TEST_F(CliPolicyCommands, let_a_namespaces_token_impersonate_a_service_account_of_google) {
    ASSERT_TRUE(apply_google_registry(google_service_account_location));
    use_google(google_service_account_location, "pull-policy-3");
    expect_commands_work(google_host(google_service_account_location), "acme-images/ledger/a1", 2);
}

TEST_F(CliPolicyCommands, let_a_namespaces_token_read_at_google_by_itself) {
    ASSERT_TRUE(apply_google_registry(google_service_account_location));
    use_google(google_service_account_location, "");
    expect_commands_work(google_host(google_service_account_location), "acme-images/ledger/a1", 1);
}

TEST_F(CliPolicyCommands, let_an_identity_of_the_node_pull_at_azure) {
    use_azure("azure-imds", "demoimds.azurecr.io", {{"type", "InstanceRole"}},
              "a0000000-0000-4000-8000-000000000041");
    expect_commands_work("demoimds.azurecr.io", "payments/a1", 1);
}

TEST_F(CliPolicyCommands, let_the_operators_token_pull_at_azure) {
    use_azure("azure-oidc", "demooidc.azurecr.io",
              {{"type", "OIDC"}, {"oidc", {{"clientID", "a0000000-0000-4000-8000-000000000003"}}}},
              "a0000000-0000-4000-8000-000000000042");
    expect_commands_work("demooidc.azurecr.io", "payments/a1", 2,
                         {"--oidc-provider", cluster_issuer});
}

TEST_F(CliPolicyCommands, let_a_namespaces_token_pull_at_azure) {
    use_azure("azure-sa", "demosa.azurecr.io", {{"type", "ServiceAccount"}},
              "a0000000-0000-4000-8000-000000000043");
    expect_commands_work("demosa.azurecr.io", "payments/a1", 2,
                         {"--oidc-provider", cluster_issuer});
}

/// Whoever lacks one of them makes no tokens; what was made goes on to pull.
TEST_F(CliPolicyCommands, let_an_application_make_tokens_at_azure) {
    std::string const host = "policytokens.azurecr.io";
    ASSERT_TRUE(done(apply(
        {{"apiVersion", "registrytenancy.dev/v1alpha1"},
         {"kind", "Registry"},
         {"metadata", {{"name", "azure-policy-tokens"}}},
         {"spec",
          {{"hosts", {host}},
           {"type", "AzureACR"},
           {"azureACR",
            {{"tenantID", "11111111-aaaa-4bbb-8ccc-000000000001"},
             {"identity",
              {{"type", "OIDC"}, {"oidc", {{"clientID", "a0000000-0000-4000-8000-000000000044"}}}}},
             {"scopeMapTokens",
              {{"resourceID",
                "/subscriptions/5b000000-0000-4000-8000-000000000001/resourceGroups/"
                "registries/providers/Microsoft.ContainerRegistry/registries/"
                "policytokens"}}}}}}}})));
    use({{"name", "azure-policy-tokens"}, {"allow", {{{"namespace", "payments"}}}}}, "payments");
    make_namespace("ns");
    ASSERT_TRUE(done(apply(tenancy())));
    auto const commands =
        printed({"--oidc-provider", cluster_issuer}).value("commands", std::vector<std::string>());
    ASSERT_EQ(commands.size(), 3U);
    CloudWorld world(name("world"));
    // The definition can't be left out alone: the assignment names it.
    world.set({{}, {}, {}, {commands[0], commands[1]}});
    EXPECT_TRUE(mints_no_more());
    world.set({{}, {}, {}, {commands[0], commands[2]}});
    EXPECT_TRUE(mints_no_more());
    world.set({{}, {}, {}, commands});
    ASSERT_TRUE(mints_anew());
    EXPECT_TRUE(done(pull(host, "payments/a1")));
}

/// Robots that this test makes by Harbor's API, with what `policy` prints.
class CliPolicyHarbor : public CliPolicyTest {
  protected:
    static constexpr char const* host = "harbor.example.org";  // of this test alone

    struct Robot {
        std::string id;
        std::string name;
        std::string secret;
    };
    /// The HTTP status, and the answer in `body`.
    static std::string call(std::string const& method, std::string const& path,
                            std::string const& user, std::string const& data, Json& body) {
        std::vector<std::string> arguments{"--user", user,          "--request",
                                           method,   "--write-out", "\n%{http_code}"};
        if (!data.empty()) {
            arguments.insert(arguments.end(),
                             {"--header", "Content-Type: application/json", "--data", data});
        }
        arguments.push_back(std::string("https://") + host + "/api/v2.0/robots" + path);
        std::string const out = cloud_curl(arguments).out;
        std::size_t const end = out.rfind('\n');
        body = Json::parse(out.substr(0, end), nullptr, false);
        return end == std::string::npos ? out : out.substr(end + 1);
    }
    static constexpr char const* admin = "admin:simulated-password-of-the-admin";

    Robot make_robot(Json body, std::string const& robot) {
        body["name"] = robot;  // a Harbor has each once
        Json made;
        EXPECT_EQ(call("POST", "", admin, body.dump(), made), "201") << made;
        robots_.push_back(made.value("id", Json(0)).dump());
        return {robots_.back(), text_at(made, "/name"), text_at(made, "/secret")};
    }
    /// The operator's login from now on. The one before is deleted, because the operator uses a
    /// login for a minute unless Harbor refuses it.
    void log_in_as(Robot const& robot) {
        make_product_secret(name("robot"), "Opaque",
                            {{"username", robot.name}, {"password", robot.secret}});
        Json ignored;
        if (!logged_in_.empty()) {
            call("DELETE", "/" + logged_in_, admin, "", ignored);
        }
        logged_in_ = robot.id;
    }
    void TearDown() override {
        Json ignored;
        for (std::string const& id : robots_) {
            call("DELETE", "/" + id, admin, "", ignored);
        }
        CliPolicyTest::TearDown();
    }
    static Json without(Json body, std::string const& resource, std::string const& action) {
        for (Json& permission : body["permissions"]) {
            Json rest = Json::array();
            for (Json const& each : permission["access"]) {
                if (each["resource"] != resource || each["action"] != action) {
                    rest.push_back(each);
                }
            }
            permission["access"] = rest;
        }
        auto& all = body["permissions"];
        all.erase(std::remove_if(all.begin(), all.end(),
                                 [](Json const& each) { return each["access"].empty(); }),
                  all.end());
        return body;
    }

  private:
    std::vector<std::string> robots_;
    std::string logged_in_;
};

TEST_F(CliPolicyHarbor, prints_the_robot_that_the_operator_needs_and_no_more) {
    make_registry(
        {{"type", "Harbor"},
         {"harbor",
          {{"url", std::string("https://") + host},
           {"identity", {{"type", "AccessKey"}, {"accessKey", {{"secretName", name("robot")}}}}}}},
         {"allowUnnarrowed", true}},
        host);
    make_namespace("ns");
    use({{"name", name("registry")}, {"allow", {{{"namespace", "cainiao"}}}}}, "cainiao");
    ASSERT_TRUE(done(apply(tenancy())));
    auto const result = tenancy_cli({"policy", name("tenancy"), "--document", "role"});
    ASSERT_TRUE(done(result));
    Json const body = Json::parse(result.out);
    Robot good = make_robot(body, name("good"));
    log_in_as(good);
    ASSERT_TRUE(mints_anew());
    ASSERT_TRUE(done(pull(host, "cainiao/a1")));

    for (auto const& [resource, action] :
         {std::pair{"robot", "create"}, std::pair{"repository", "pull"}}) {
        log_in_as(make_robot(without(body, resource, action), name(action)));
        EXPECT_TRUE(mints_no_more()) << "minted without " << resource << ':' << action;
        good = make_robot(body, name(std::string("good-without-") + action));
        log_in_as(good);
        EXPECT_TRUE(mints_anew());
    }
    // What the operator does besides, to take its robots away.
    auto const user = [](Robot const& robot) { return robot.name + ":" + robot.secret; };
    Json answer;
    EXPECT_EQ(call("GET", "?page_size=1", user(good), "", answer), "200") << answer;
    Robot const blind = make_robot(without(body, "robot", "list"), name("blind"));
    EXPECT_EQ(call("GET", "?page_size=1", user(blind), "", answer), "403") << answer;
    Robot const weak = make_robot(without(body, "robot", "delete"), name("weak"));
    EXPECT_EQ(call("DELETE", "/" + blind.id, user(weak), "", answer), "403") << answer;
    EXPECT_EQ(call("DELETE", "/" + blind.id, user(good), "", answer), "200") << answer;
}

}  // namespace
}  // namespace e2e
