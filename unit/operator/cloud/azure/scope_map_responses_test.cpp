#include "operator/cloud/azure/scope_map_responses.hpp"

#include <gtest/gtest.h>

namespace rt::op::azure {
namespace {

using namespace std::chrono_literals;

std::string error_body(std::string const& code, std::string const& message) {
    return R"({"error":{"code":")" + code + R"(","message":")" + message + R"("}})";
}

std::string in_state(std::string const& state) {
    return R"({"properties":{"provisioningState":")" + state + R"("}})";
}

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(ScopeMapResponses, SayWhetherAResourceIsReady) {
    EXPECT_EQ(read_provisioned({200, {}, in_state("Succeeded")}), true);
    EXPECT_EQ(read_provisioned({201, {}, R"({"properties":{}})"}), true);
    EXPECT_EQ(read_provisioned({201, {}, in_state("Creating")}), false);
    EXPECT_EQ(read_provisioned({200, {}, in_state("Updating")}), false);
    for (std::string const state : {"Failed", "Canceled", "Deleting"}) {
        auto const failed = read_provisioned({200, {}, in_state(state)});
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().kind, ErrorKind::Unavailable);
        EXPECT_EQ(failed.error().code, "Provisioning" + state);
    }
    EXPECT_EQ(read_provisioned({200, {}, "<html>"}).error().kind, ErrorKind::Corrupt);
    EXPECT_EQ(read_provisioned({200, {}, "{}"}).error().kind, ErrorKind::Corrupt);
}

TEST(ScopeMapResponses, ClassifyErrorsAndSayWhatToDo) {
    struct Case {
        int status;
        ErrorKind kind;
        std::string fix;
    };
    for (Case const& c : std::vector<Case>{{400, ErrorKind::InvalidArgument, ""},
                                           {401, ErrorKind::Unauthenticated, "tenantID"},
                                           {403, ErrorKind::Forbidden, ""},
                                           {404, ErrorKind::NotFound, "resourceID"},
                                           {409, ErrorKind::Unavailable, ""},
                                           {429, ErrorKind::Throttled, ""},
                                           {503, ErrorKind::Unavailable, ""}}) {
        auto const read =
            read_provisioned({c.status,
                              {{"retry-after", "7"}, {"x-ms-correlation-request-id", "corr-1"}},
                              error_body("SomeCode", "some text")});
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().kind, c.kind) << c.status;
        EXPECT_EQ(read.error().code, "SomeCode");
        EXPECT_EQ(read.error().http_status, c.status);
        EXPECT_EQ(read.error().retry_after, 7s);
        EXPECT_TRUE(has(read.error().message, "SomeCode: some text (correlation ID corr-1)"))
            << read.error().message;
        EXPECT_TRUE(has(read.error().message, c.fix)) << read.error().message;
    }
    EXPECT_TRUE(has(read_deleted({500, {}, "<html>"}).error().message, "HTTP 500"));
}

TEST(ScopeMapResponses, ReadThePasswordThatWasAskedFor) {
    auto const read = read_password({200, {}, R"({"username":"rt-x","passwords":[
        {"name":"password2","value":"other","expiry":"2031-01-01T00:00:00Z"},
        {"name":"password1","value":"S3cret+","expiry":"2026-01-02T15:04:05.0000000Z"}]})"});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->username, "rt-x");
    EXPECT_EQ(read->password.reveal(), "S3cret+");
    EXPECT_EQ(read->expires_at, WallTime(1'767'366'245s));
    EXPECT_FALSE(read_password({200, {}, R"({"username":"rt-x","passwords":[
        {"name":"password1","value":"S3cret+","expiry":null}]})"})
                     ->expires_at);
    for (std::string const body :
         {R"({"username":"rt-x","passwords":[]})", R"({"username":"rt-x"})",
          R"({"username":"rt-x","passwords":[{"name":"password2","value":"v"}]})",
          R"({"username":"a:b","passwords":[{"name":"password1","value":"v"}]})",
          R"({"passwords":[{"name":"password1","value":"v"}]})",
          R"({"username":"x","passwords":[{"name":"password1","value":"v","expiry":"soon"}]})",
          R"([])", ""}) {
        auto const wrong = read_password({200, {}, body});
        ASSERT_FALSE(wrong) << body;
        EXPECT_EQ(wrong.error().kind, ErrorKind::Corrupt);
        EXPECT_FALSE(has(wrong.error().message, "rt-x")) << "answers are not quoted";
    }
}

TEST(ScopeMapResponses, ReadAPageOfScopeMaps) {
    auto const page = read_scope_maps({200, {}, R"({"value":[
        {"name":"_repositories_pull","properties":{}},
        {"name":"rt-x","properties":{"description":"registry-tenancy: pulls"}}],
        "nextLink":"https://management.azure.com/next"})"});
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->entries.size(), 2U);
    EXPECT_EQ(page->entries[0].description, "");
    EXPECT_EQ(page->entries[1].name, "rt-x");
    EXPECT_EQ(page->entries[1].description, "registry-tenancy: pulls");
    EXPECT_EQ(page->next, "https://management.azure.com/next");
    EXPECT_FALSE(read_scope_maps({200, {}, "{}"}));
    EXPECT_FALSE(read_scope_maps({200, {}, R"({"value":{}})"}));
}

TEST(ScopeMapResponses, SayWhetherSomethingIsGone) {
    EXPECT_EQ(read_deleted({200, {}, ""}), true);
    EXPECT_EQ(read_deleted({204, {}, ""}), true);
    EXPECT_EQ(read_deleted({404, {}, error_body("ResourceNotFound", "no")}), true);
    EXPECT_EQ(read_deleted({202, {}, ""}), false);
    EXPECT_EQ(read_deleted({409, {}, ""}).error().kind, ErrorKind::Unavailable);
}

}  // namespace
}  // namespace rt::op::azure
