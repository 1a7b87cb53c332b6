#include <gtest/gtest.h>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/session.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

Sealer const sealer("the sealing key of this test");

TEST(Sealer, opens_only_what_it_sealed_for_the_same_purpose) {
    std::string const sealed = sealer.seal("one", "content");
    EXPECT_EQ(sealer.unseal("one", sealed), "content");
    EXPECT_FALSE(sealer.unseal("two", sealed));
    EXPECT_FALSE(Sealer("another key").unseal("one", sealed));
    EXPECT_NE(sealer.seal("one", "content"), sealed);
}

TEST(Sealer, survives_garbage) {
    std::string const sealed = sealer.seal("one", "content");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string damaged = sealed;
        damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
        EXPECT_NE(sealer.unseal("one", damaged), "content") << i;
        EXPECT_FALSE(sealer.unseal("one", sealed.substr(0, i))) << i;
    }
    EXPECT_FALSE(sealer.unseal("one", "not base64 at all!"));
    EXPECT_FALSE(sealer.unseal("one", std::string("\0\xff\x01", 3)));
}

TEST(Session, survives_sealing) {
    Session const session = new_session("acs:ram::1:role/r", "demo-ns", R"({"a":"b\"c"})",
                                        *parse_time("2026-11-22T08:00:00Z"));
    auto const back = unseal_session(sealer, seal_session(sealer, session));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->access_key_id, session.access_key_id);
    EXPECT_EQ(back->access_key_secret, session.access_key_secret);
    EXPECT_EQ(back->role_arn, session.role_arn);
    EXPECT_EQ(back->name, session.name);
    EXPECT_EQ(back->policy, session.policy);
    EXPECT_EQ(back->expires, session.expires);
    EXPECT_FALSE(unseal_session(sealer, "CAIS"));
    EXPECT_FALSE(unseal_session(sealer, ""));
}

TEST(RegistryPassword, has_the_shape_of_acr_and_holds_the_session) {
    TimePoint const now = *parse_time("2026-11-22T08:00:00Z");
    Caller const caller{"acs:ram::1:role/r", "1", "demo-ns", "{}", now};
    std::string const password = make_registry_password(sealer, caller, "cri-1", now, now);
    std::size_t const colon = password.find(':');
    ASSERT_NE(colon, std::string::npos);
    EXPECT_EQ(password.size() - colon - 1, 40U);
    EXPECT_EQ(password.find_first_not_of("0123456789abcdef", colon + 1), std::string::npos);
    ASSERT_TRUE(base64_decode(password.substr(0, colon)));
    EXPECT_NE(base64_decode(password.substr(0, colon))->find("\"instanceId\":\"cri-1\""),
              std::string::npos);
    auto const login = open_registry_password(sealer, password);
    ASSERT_TRUE(login);
    EXPECT_EQ(login->caller.arn, caller.arn);
    EXPECT_EQ(login->caller.session, "demo-ns");
    EXPECT_EQ(login->instance, "cri-1");
    EXPECT_EQ(login->expires, now);
}

TEST(RegistryPassword, that_was_changed_opens_nothing) {
    TimePoint const now = *parse_time("2026-11-22T08:00:00Z");
    std::string const password =
        make_registry_password(sealer, {"acs:ram::1:role/r", "1", "s", "", now}, "cri-1", now, now);
    for (std::size_t i = 0; i < password.size(); ++i) {
        std::string damaged = password;
        damaged[i] = damaged[i] == '0' ? '1' : '0';
        EXPECT_FALSE(open_registry_password(sealer, damaged)) << i;
    }
    EXPECT_FALSE(open_registry_password(sealer, ""));
    EXPECT_FALSE(open_registry_password(sealer, ":"));
}

TEST(Caller, has_the_arn_of_its_session) {
    EXPECT_EQ((Caller{"acs:ram::1:role/r", "1", "s", "", {}}).full_arn(),
              "acs:ram::1:assumed-role/r/s");
    EXPECT_EQ((Caller{"acs:ram::1:user/u", "1", "", "", {}}).full_arn(), "acs:ram::1:user/u");
}

TEST(Text, encodes_as_rfc_3986) {
    EXPECT_EQ(percent_encode("aZ09-_.~ *+/\xe4"), "aZ09-_.~%20%2A%2B%2F%E4");
    EXPECT_EQ(percent_decode("a%2Fb+c"), "a/b c");
    EXPECT_FALSE(percent_decode("a%2"));
    EXPECT_FALSE(percent_decode("%g0"));
}

TEST(Text, matches_wildcards) {
    EXPECT_TRUE(wildcard_match("*", ""));
    EXPECT_TRUE(wildcard_match("a*c?e", "abbbcde"));
    EXPECT_TRUE(wildcard_match("*/cainiao/*", "x/y/cainiao/z"));
    EXPECT_FALSE(wildcard_match("a?", "a"));
    EXPECT_FALSE(wildcard_match("", "a"));
    EXPECT_FALSE(wildcard_match("*a", std::string(2000, 'b')));
}

TEST(Text, reads_and_writes_times) {
    EXPECT_EQ(format_time(*parse_time("2024-02-29T23:59:59Z")), "2024-02-29T23:59:59Z");
    for (char const* wrong : {"", "2024-02-29", "2024-02-29T23:59:59", "2024-02-29T23:59:59+00:00",
                              "2024-2-9T23:59:59Z", "2024-13-29T23:59:59Z"}) {
        EXPECT_FALSE(parse_time(wrong)) << wrong;
    }
}

TEST(Text, decodes_base64_strictly) {
    EXPECT_EQ(base64_decode("YQ=="), "a");
    EXPECT_EQ(base64_decode(base64_encode("abc")), "abc");
    for (char const* wrong : {"YQ=", "YQ", " YQ==", "YQ== ", "Y*==", "\nYQ="}) {
        EXPECT_FALSE(base64_decode(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace sim
