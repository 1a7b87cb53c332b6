#include "operator/cloud/azure/scope_map_tokens.hpp"

#include <regex>

#include "operator/cloud/azure/source.hpp"
#include "unit/operator/cloud/source_fixture.hpp"

namespace rt::op::azure {
namespace {

using namespace std::chrono_literals;
using Kind = tenancy::AllowEntry::Kind;

std::string const id =
    "/subscriptions/66666666-7777-8888-9999-aaaaaaaaaaaa/resourceGroups/rg/providers/"
    "Microsoft.ContainerRegistry/registries/team1";
std::string const url = "https://management.azure.com" + id;
std::string const version = "?api-version=2023-07-01";
std::string const client = "a0000000-0000-4000-8000-000000000003";
std::string const metadata =
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
    "resource=https%3A%2F%2Fmanagement.azure.com&client_id=" +
    client;
/// 2026-01-02T03:04:05Z, where the fake clock starts.
WallTime const start{1'767'323'045s};

std::string const ready = R"({"properties":{"provisioningState":"Succeeded"}})";
std::string const busy = R"({"properties":{"provisioningState":"Creating"}})";

std::string password(std::string const& expiry = "2026-01-02T15:04:05.0000000Z") {
    return R"({"username":"rt-made","passwords":[{"name":"password1","value":"S3cret","expiry":")" +
           expiry + R"("}]})";
}

std::string error_body(std::string const& code) {
    return R"({"error":{"code":")" + code + R"(","message":"text"}})";
}

TEST(ScopeMapName, is_one_that_azure_takes_and_that_we_know_again) {
    std::regex const rule("[a-zA-Z0-9-]{5,50}");
    std::string const mark = cluster_mark("uid");
    WallTime const year_2255(9'000'000'000s);
    for (std::string const& ns :
         {std::string("a"), std::string(63, 'n'), std::string("a--b-c-d")}) {
        std::string const name = scope_map_name(mark, ns, "r", year_2255);
        EXPECT_TRUE(std::regex_match(name, rule)) << name;
        EXPECT_EQ(parse_scope_map_name(name, mark), (OwnedName{owner_mark(ns, "r"), year_2255}));
        EXPECT_FALSE(parse_scope_map_name(name, cluster_mark("another")));
    }
    std::string const owner = owner_mark("a", "r");
    for (std::string const& foreign :
         {std::string(), std::string("rt"), "rt-" + mark, "rt-" + mark + "-a-" + owner,
          "rt-" + mark + "-a-" + owner + "-", "rt-" + mark + "-a-" + owner + "-1x",
          "rt-" + mark + "-a-short-1767323045", "xt-" + mark + "-a-" + owner + "-1767323045",
          "rt-" + mark + "-" + owner + "-1767323045"}) {
        EXPECT_FALSE(parse_scope_map_name(foreign, mark)) << foreign;
    }
}

/// Whoever sleeps on it moves it on.
class HastyClock final : public Clock {
  public:
    explicit HastyClock(test::FakeClock& clock) : clock_(clock) {}
    [[nodiscard]] WallTime wall_now() const override { return clock_.wall_now(); }
    [[nodiscard]] SteadyTime steady_now() const override { return clock_.steady_now(); }
    bool sleep_until(SteadyTime deadline, std::stop_token stop) override {
        clock_.advance(deadline - clock_.steady_now());
        return !stop.stop_requested();
    }

  private:
    test::FakeClock& clock_;
};

class ScopeMapTokensTest : public SourceTest {
  protected:
    ScopeMapTokensTest() : SourceTest("team", tenancy::RegistryType::AzureACR, "team1.azurecr.io") {
        registry_->azure_acr = tenancy::AzureAcrSpec{"tenant", {}, {}};
        registry_->azure_acr->identity.client_id = client;
        registry_->azure_acr->scope_map_tokens = tenancy::AzureResource::parse(id);
        spec_.allow = {{Kind::Namespace, "payments", ""},
                       {Kind::Repository, "payments/api", ""},
                       {Kind::Repository, "base/jdk", ""}};
        api_.put(
            kube::types::namespaces,
            {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "kube-system"}}}});
    }
    Result<RegistryCredential> mint() {
        return source_->mint({spec_, "payments-prod", "demo"}, std::stop_token());
    }
    Result<SweepResult> sweep(std::vector<HeldCredential> held) {
        return source_->sweep({registry_, std::move(held), 60s}, std::stop_token());
    }
    std::string mark() {
        auto const ns = api_.get(kube::types::namespaces, {"", "kube-system"}, {});
        return cluster_mark((*ns)["metadata"]["uid"].get<std::string>());
    }
    std::string name_of(std::string const& ns, WallTime issued_at = start) {
        return scope_map_name(mark(), ns, "team", issued_at);
    }
    std::string scope_map(std::string const& ns = "payments-prod", WallTime at = start) {
        return url + "/scopeMaps/" + name_of(ns, at) + version;
    }
    std::string token(std::string const& ns = "payments-prod", WallTime at = start) {
        return url + "/tokens/" + name_of(ns, at) + version;
    }
    void expect_identity() {
        clouds_.expect("GET", metadata)
            .answer(200, R"({"access_token":"ey.arm.x","expires_in":"3600"})");
    }
    test::ScriptedTransport::Step& expect(std::string const& method, std::string const& where) {
        return clouds_.expect(method, where).with_header("authorization", "Bearer ey.arm.x");
    }
    test::ScriptedTransport::Step& expect_password() {
        return expect("POST", url + "/generateCredentials" + version);
    }
    void expect_made_so_far() {
        expect_identity();
        expect("PUT", scope_map()).answer(201, ready);
        expect("PUT", token()).answer(201, ready);
    }
    void expect_undone() {
        expect("DELETE", token()).answer(204);
        expect("DELETE", scope_map()).answer(200);
    }
    void expect_fails(ErrorKind kind, std::string_view part) {
        auto const credential = mint();
        ASSERT_FALSE(credential);
        EXPECT_EQ(credential.error().kind, kind) << credential.error().message;
        EXPECT_NE(credential.error().message.find(part), std::string::npos)
            << credential.error().message;
    }
    static Json entry(std::string const& name,
                      std::string const& description = "registry-tenancy: pulls") {
        return {{"name", name}, {"properties", {{"description", description}}}};
    }
    void expect_list(Json const& entries) {
        expect_identity();
        expect("GET", url + "/scopeMaps" + version).answer(200, Json{{"value", entries}}.dump());
    }

    HastyClock hasty_{clock_};
    std::unique_ptr<CredentialSource> source_ =
        make_source({clouds_, api_, hasty_, random_, product_namespace_});
};

TEST_F(ScopeMapTokensTest, makes_a_scope_map_a_token_and_its_password) {
    Json map;
    Json made;
    Json asked;
    expect_identity();
    expect("PUT", scope_map())
        .then_do([&](http::Request const& request) { map = *parse_json(request.body); })
        .answer(201, ready);
    expect("PUT", token())
        .then_do([&](http::Request const& request) { made = *parse_json(request.body); })
        .answer(201, ready);
    expect_password()
        .then_do([&](http::Request const& request) { asked = *parse_json(request.body); })
        .answer(200, password());
    auto const credential = mint();
    ASSERT_TRUE(credential) << credential.error().message;
    EXPECT_EQ(credential->username, "rt-made");
    EXPECT_EQ(credential->password.reveal(), "S3cret");
    EXPECT_EQ(credential->issued_at, start);
    EXPECT_EQ(credential->expires_at, start + 12h);
    EXPECT_EQ(map["properties"]["actions"],
              (Json{"repositories/payments/*/content/read", "repositories/base/jdk/content/read"}));
    EXPECT_EQ(map["properties"]["description"],
              "registry-tenancy: pulls of namespace payments-prod of cluster demo, Registry team");
    EXPECT_EQ(made["properties"]["scopeMapId"], id + "/scopeMaps/" + name_of("payments-prod"));
    EXPECT_EQ(made["properties"]["status"], "enabled");
    EXPECT_EQ(asked, (Json{{"tokenId", id + "/tokens/" + name_of("payments-prod")},
                           {"name", "password1"},
                           {"expiry", "2026-01-02T15:04:05Z"}}));
}

TEST_F(ScopeMapTokensTest, narrows_to_every_kind_of_entry) {
    spec_.allow = {{Kind::WholeRegistry, "", ""}, {Kind::Namespace, "payments", ""}};
    Json map;
    expect_identity();
    expect("PUT", scope_map())
        .then_do([&](http::Request const& request) { map = *parse_json(request.body); })
        .answer(200, ready);
    expect("PUT", token()).answer(200, ready);
    expect_password().answer(200, password());
    ASSERT_TRUE(mint());
    EXPECT_EQ(map["properties"]["actions"], Json{"repositories/*/content/read"});
    spec_.allow = {};
    EXPECT_FALSE(mint()) << "an empty scope map is none";
}

TEST_F(ScopeMapTokensTest, waits_for_azure_as_long_as_it_says) {
    SteadyTime const began = clock_.steady_now();
    expect_identity();
    expect("PUT", scope_map()).answer(201, busy, {{"retry-after", "5"}});
    expect("GET", scope_map()).answer(200, busy);
    expect("GET", scope_map()).answer(200, ready);
    expect("PUT", token()).answer(201, ready);
    std::string const operation = "https://management.azure.com/operations/1?api-version=x";
    expect_password().answer(202, "", {{"Location", operation}, {"Retry-After", "3"}});
    expect("GET", operation).answer(202, "");
    expect("GET", operation).answer(200, password());
    EXPECT_TRUE(mint());
    EXPECT_EQ(clock_.steady_now() - began, 5s + 2s + 3s + 2s);
}

TEST_F(ScopeMapTokensTest, waits_no_longer_than_a_minute_and_undoes_what_it_made) {
    SteadyTime const began = clock_.steady_now();
    expect_made_so_far();
    expect_password().answer(202, "", {{"Location", url}, {"Retry-After", "600"}});
    for (int i = 0; i < 3; ++i) {
        expect("GET", url).answer(202, "", {{"Retry-After", "600"}});
    }
    expect_undone();
    expect_fails(ErrorKind::DeadlineExceeded, "password of the token at management.azure.com");
    EXPECT_LE(clock_.steady_now() - began, 60s);
}

TEST_F(ScopeMapTokensTest, shows_its_token_to_no_other_host) {
    for (std::string const place :
         {"https://management.azure.com.example.com/x", "http://management.azure.com/x",
          "https://example.com/management.azure.com", "/relative", ""}) {
        expect_made_so_far();
        expect_password().answer(202, "", {{"Location", place}});
        expect_undone();
        expect_fails(ErrorKind::Corrupt, "password of the token");
    }
}

TEST_F(ScopeMapTokensTest, counts_lives_by_azures_clock) {
    expect_identity();
    http::Headers const ahead{{"date", "Sat, 03 Jan 2026 03:04:05 GMT"}};
    expect("PUT", scope_map()).answer(200, ready, ahead);
    expect("PUT", token()).answer(200, ready, ahead);
    Json asked;
    expect_password()
        .then_do([&](http::Request const& request) { asked = *parse_json(request.body); })
        .answer(200, password("2026-01-03T05:04:05Z"), ahead);
    auto const credential = mint();
    ASSERT_TRUE(credential) << credential.error().message;
    EXPECT_EQ(asked["expiry"], "2026-01-03T15:04:05Z");
    EXPECT_EQ(credential->expires_at, start + 2h);
}

TEST_F(ScopeMapTokensTest, replaces_one_that_never_ends_as_if_it_did_and_refuses_an_ended_one) {
    expect_made_so_far();
    expect_password().answer(200, password(""));
    EXPECT_EQ(mint()->expires_at, start + 12h);
    expect_made_so_far();
    expect_password().answer(200, password("2026-01-02T03:04:05Z"));
    expect_fails(ErrorKind::Expired, "compare the clocks");
}

TEST_F(ScopeMapTokensTest, names_the_step_that_fails_and_leaves_nothing_behind) {
    expect_identity();
    expect("PUT", scope_map()).answer(403, error_body("AuthorizationFailed"));
    expect_fails(ErrorKind::Forbidden, "scope map at management.azure.com: AuthorizationFailed");
    expect_identity();
    expect("PUT", scope_map()).answer(201, ready);
    expect("PUT", token()).answer(429, error_body("TooManyRequests"), {{"retry-after", "9"}});
    expect_undone();
    expect_fails(ErrorKind::Throttled, "token at management.azure.com: TooManyRequests");
    expect_made_so_far();
    expect_password().fail({ErrorKind::Unavailable, "reset"});
    expect("DELETE", token()).answer(202);
    expect_fails(ErrorKind::Unavailable, "password of the token at management.azure.com: reset");
}

TEST_F(ScopeMapTokensTest, asks_as_the_registrys_own_identity_in_each_cloud) {
    spec_.role = *tenancy::Role::parse("a0000000-0000-4000-8000-000000000004");
    registry_->azure_acr->cloud = tenancy::AzureAcrSpec::Cloud::China;
    registry_->azure_acr->identity.type = tenancy::Identity::Type::AccessKey;
    registry_->azure_acr->identity.secret_name = "azure-key";
    put_secret("azure-key", {{"clientID", client}, {"clientSecret", "se~cret"}});
    clouds_.expect("POST", "https://login.partner.microsoftonline.cn/tenant/oauth2/v2.0/token")
        .with_body("grant_type=client_credentials&client_id=" + client +
                   "&scope=https%3A%2F%2Fmanagement.chinacloudapi.cn%2F.default&"
                   "client_secret=se~cret")
        .answer(200, R"({"access_token":"ey.arm.x","expires_in":3600})");
    expect("PUT", "https://management.chinacloudapi.cn" + id + "/scopeMaps/" +
                      name_of("payments-prod") + version)
        .answer(404, error_body("ResourceNotFound"));
    expect_fails(ErrorKind::NotFound, "scopeMapTokens.resourceID");
    registry_->azure_acr->identity.type = tenancy::Identity::Type::ServiceAccount;
    EXPECT_FALSE(mint());
}

TEST_F(ScopeMapTokensTest, sweeps_page_by_page_what_no_secret_holds_and_is_ours) {
    std::string const foreign = scope_map_name(cluster_mark("other"), "a", "team", start);
    Json const first = Json::array({entry("_repositories_pull", ""), entry(name_of("payments")),
                                    entry(foreign), entry(name_of("theirs"), "made by hand")});
    Json const second = Json::array({entry(name_of("payments", start + 9s))});
    std::string const next = url + "/scopeMaps?api-version=2023-07-01&$skipToken=x";
    std::vector<HeldCredential> const held{{"payments", "team", start + 9s}};
    auto const expect_lists = [&] {
        expect_identity();
        expect("GET", url + "/scopeMaps" + version)
            .answer(200, Json{{"value", first}, {"nextLink", next}}.dump());
        expect("GET", next).answer(200, Json{{"value", second}}.dump());
    };
    expect_lists();
    auto const before = sweep(held);
    ASSERT_TRUE(before) << before.error().message;
    EXPECT_EQ(before->removed, 0U);
    EXPECT_EQ(before->waiting, 1U);
    clock_.advance(60s);
    expect_lists();
    expect("DELETE", token("payments")).answer(200);
    expect("DELETE", scope_map("payments")).answer(200);
    auto const after = sweep(held);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_EQ(after->removed, 1U);
    EXPECT_EQ(after->waiting, 0U);
}

TEST_F(ScopeMapTokensTest, leaves_the_scope_map_until_its_token_is_gone) {
    Json const old = Json::array({entry(name_of("gone", start - 24h))});
    expect_list(old);
    ASSERT_TRUE(sweep({}));
    clock_.advance(60s);
    expect_list(old);
    expect("DELETE", token("gone", start - 24h)).answer(202);
    EXPECT_EQ(sweep({})->waiting, 1U);
    expect_list(old);
    expect("DELETE", token("gone", start - 24h)).answer(404, error_body("ResourceNotFound"));
    expect("DELETE", scope_map("gone", start - 24h)).answer(200);
    EXPECT_EQ(sweep({})->removed, 1U);
}

TEST_F(ScopeMapTokensTest, a_sweep_that_fails_deletes_nothing) {
    Json const old = Json::array({entry(name_of("gone", start - 24h))});
    expect_list(old);
    ASSERT_TRUE(sweep({}));
    clock_.advance(60s);
    expect_identity();
    expect("GET", url + "/scopeMaps" + version)
        .answer(200, Json{{"value", old}, {"nextLink", "https://example.com/x"}}.dump());
    EXPECT_EQ(sweep({}).error().kind, ErrorKind::Corrupt);
    expect_list(old);
    expect("DELETE", token("gone", start - 24h)).answer(500);
    EXPECT_EQ(sweep({}).error().kind, ErrorKind::Unavailable);
}

TEST_F(ScopeMapTokensTest, only_registries_with_tokens_leave_something_behind) {
    EXPECT_TRUE(source_->leaves_behind(*registry_));
    registry_->azure_acr->scope_map_tokens.reset();
    EXPECT_FALSE(source_->leaves_behind(*registry_));
    EXPECT_EQ(sweep({})->removed, 0U);
}

}  // namespace
}  // namespace rt::op::azure
