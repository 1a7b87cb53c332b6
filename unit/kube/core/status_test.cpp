#include "lib/kube/core/status.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

TEST(Status, BecomesAnErrorThatSaysWhatToDo) {
    struct Case {
        int http;
        char const* reason;
        ErrorKind kind;
    };
    for (Case const& one : {
             Case{404, "NotFound", ErrorKind::NotFound},
             {409, "AlreadyExists", ErrorKind::AlreadyExists},
             {409, "Conflict", ErrorKind::Conflict},
             {401, "Unauthorized", ErrorKind::Unauthenticated},
             {403, "Forbidden", ErrorKind::Forbidden},
             {410, "Expired", ErrorKind::Expired},
             {410, "Gone", ErrorKind::Expired},
             {429, "TooManyRequests", ErrorKind::Throttled},
             {422, "Invalid", ErrorKind::InvalidArgument},
             {400, "BadRequest", ErrorKind::InvalidArgument},
             {413, "RequestEntityTooLarge", ErrorKind::InvalidArgument},
             {415, "UnsupportedMediaType", ErrorKind::InvalidArgument},
             {500, "InternalError", ErrorKind::Unavailable},
             {503, "ServiceUnavailable", ErrorKind::Unavailable},
             {504, "Timeout", ErrorKind::Unavailable},
             {500, "ServerTimeout", ErrorKind::Unavailable},
             {500, "", ErrorKind::Unavailable},
         }) {
        Json const status = {{"kind", "Status"},
                             {"code", one.http},
                             {"reason", one.reason},
                             {"message", "the message"}};
        Error const error = error_of_response(one.http, status.dump(), "");
        EXPECT_EQ(error.kind, one.kind) << one.reason;
        EXPECT_EQ(error.code, one.reason);
        EXPECT_EQ(error.message, "the message");
        EXPECT_EQ(error.http_status, one.http);
    }
}

TEST(Status, TellingCausesBecomeTheCode) {
    Error const terminating = error_of_status(Json::parse(R"({"kind":"Status","code":403,
        "reason":"Forbidden","message":"because it is being terminated",
        "details":{"causes":[{"reason":"Other"},{"reason":"NamespaceTerminating"}]}})"));
    EXPECT_EQ(terminating.code, codes::namespace_terminating);
    EXPECT_EQ(terminating.kind, ErrorKind::Forbidden);

    Error const large = error_of_status(Json::parse(R"({"kind":"Status","code":504,
        "reason":"Timeout","message":"Timeout: Too large resource version: 9, current: 5",
        "details":{"causes":[{"reason":"ResourceVersionTooLarge"}],"retryAfterSeconds":1}})"));
    EXPECT_EQ(large.code, codes::resource_version_too_large);
    EXPECT_EQ(large.kind, ErrorKind::Unavailable);
    EXPECT_EQ(large.retry_after, 1000ms);

    Error const old_server = error_of_status(Json::parse(R"({"kind":"Status","code":504,
        "reason":"Timeout","message":"Too large resource version: 9, current: 5"})"));
    EXPECT_EQ(old_server.code, codes::resource_version_too_large);

    Error const conflict = error_of_status(Json::parse(R"({"kind":"Status","code":409,
        "reason":"Conflict","message":"m",
        "details":{"causes":[{"reason":"FieldManagerConflict"}]}})"));
    EXPECT_EQ(conflict.code, "Conflict");
}

TEST(Status, WhatIsNoStatusIsNotRepeated) {
    for (char const* const body : {"", "404 page not found\n", "<html>secret-token</html>", "[]",
                                   "{\"kind\":\"Pod\"}", "{"}) {
        Error const error = error_of_response(404, body, "");
        EXPECT_EQ(error.kind, ErrorKind::NotFound) << body;
        EXPECT_EQ(error.message, "HTTP 404") << body;
        EXPECT_EQ(error.code, "") << body;
    }
    EXPECT_EQ(error_of_response(302, "", "").kind, ErrorKind::Corrupt);
    EXPECT_EQ(error_of_response(502, "", "").kind, ErrorKind::Unavailable);
}

TEST(Status, TheRetryAfterHeaderWins) {
    Json const status = {{"kind", "Status"},
                         {"code", 429},
                         {"reason", "TooManyRequests"},
                         {"message", "m"},
                         {"details", {{"retryAfterSeconds", 5}}}};
    EXPECT_EQ(error_of_response(429, status.dump(), "").retry_after, 5s);
    EXPECT_EQ(error_of_response(429, status.dump(), "7").retry_after, 7s);
    EXPECT_EQ(error_of_response(429, "", "3").retry_after, 3s);
    for (char const* const odd :
         {"0", "-1", "soon", "99999999999999", "1x", "Wed, 21 Oct 2026 07:28:00 GMT"}) {
        EXPECT_EQ(error_of_response(429, "", odd).retry_after, std::nullopt) << odd;
    }
}

TEST(Status, MessagesAreMadePrintable) {
    Json const status = {
        {"kind", "Status"}, {"code", 400}, {"reason", "BadRequest"}, {"message", "a\x1b[31mb\n"}};
    EXPECT_EQ(error_of_status(status).message, "a\\x1B[31mb\\x0A");
}

}  // namespace
}  // namespace rt::kube
