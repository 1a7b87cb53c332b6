#include "lib/tenancy/names.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rt::tenancy {
namespace {

TEST(RegistryHost, AcceptsWhatAnImageReferenceCanName) {
    for (std::string const text :
         {"registry.example.com", "registry.example.com:5000", "localhost", "localhost:5000",
          "docker.io", "192.168.0.1:80", "[::1]:5000", "[fc00::1]", "a.b", "test:1", "test:65535",
          "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com"}) {
        auto const host = RegistryHost::parse(text);
        ASSERT_TRUE(host) << host.error().message;
        EXPECT_EQ(host->str(), text);
    }
}

TEST(RegistryHost, RefusesEverythingElseAndSaysHowToMendIt) {
    struct Case {
        std::string text;
        std::string fix;
    };
    for (auto const& [text, fix] : std::vector<Case>{
             {"", "write it in lower case"},
             {"Registry.Example.com", "write registry.example.com"},
             {"https://registry.example.com", "without scheme"},
             {"registry.example.com/team", "without scheme, path"},
             {"registry.example.com/", "without scheme, path"},
             {"user@registry.example.com", "without scheme"},
             {"registry.example.com:0", "correct the port"},
             {"registry.example.com:0443", "correct the port"},
             {"registry.example.com:65536", "correct the port"},
             {"registry.example.com:", "optionally with :port"},
             {"registry..example.com", "is no registry host"},
             {"-registry.example.com", "is no registry host"},
             {" registry.example.com", "is no registry host"},
             {"registry", "neither a dot nor a port"},
             {"my_registry.example.com", "underscore"},
             {"index.docker.io", "write docker.io"},
             {"registry-1.docker.io", "write docker.io"},
             {"*.example.com", "is no registry host"},
             {std::string(300, 'a') + ".com", "longer than 261"},
         }) {
        auto const host = RegistryHost::parse(text);
        ASSERT_FALSE(host) << text;
        EXPECT_NE(host.error().message.find(fix), std::string::npos) << host.error().message;
    }
}

TEST(RepositoryPath, IsOneOrMoreComponents) {
    for (std::string const text : {"cainiao", "base/jdk", "a/b/c", "a__b", "a.b-c--d", "v1", "0"}) {
        EXPECT_TRUE(RepositoryPath::parse(text)) << text;
    }
    for (std::string const text :
         {"", "/", "cainiao/", "/cainiao", "a//b", "Cainiao", "a/*", "*", "a:b", "a@b", "a b", "..",
          "a/../b", "_a", "a_", "a___b", "a?b"}) {
        EXPECT_FALSE(RepositoryPath::parse(text)) << text;
    }
    EXPECT_TRUE(RepositoryPath::parse(std::string(255, 'a')));
    EXPECT_FALSE(RepositoryPath::parse(std::string(256, 'a')));
}

TEST(Role, ReadsAlibabaRoles) {
    auto const role = Role::parse("acs:ram::1146716667364888:role/acr-cainiao");
    ASSERT_TRUE(role);
    EXPECT_EQ(role->cloud(), Role::Cloud::Alibaba);
    EXPECT_EQ(role->partition(), "acs");
    EXPECT_EQ(role->account(), "1146716667364888");
    EXPECT_EQ(role->name(), "acr-cainiao");
    EXPECT_TRUE(Role::parse("acs:ram::1146716667364888:role/" + std::string(64, 'a')));
}

TEST(Role, ReadsAwsRolesInEveryPartition) {
    auto const role = Role::parse("arn:aws-cn:iam::123456789012:role/teams/pull+a=b,c.d@e-f_g");
    ASSERT_TRUE(role);
    EXPECT_EQ(role->cloud(), Role::Cloud::Aws);
    EXPECT_EQ(role->partition(), "aws-cn");
    EXPECT_EQ(role->account(), "123456789012");
    EXPECT_EQ(role->name(), "teams/pull+a=b,c.d@e-f_g");
    EXPECT_TRUE(Role::parse("arn:aws:iam::123456789012:role/pull"));
    EXPECT_TRUE(Role::parse("arn:aws-us-gov:iam::123456789012:role/pull"));
}

TEST(Role, ReadsGoogleServiceAccounts) {
    auto const role = Role::parse("pull-cainiao@images-prj.iam.gserviceaccount.com");
    ASSERT_TRUE(role);
    EXPECT_EQ(role->cloud(), Role::Cloud::Google);
    EXPECT_EQ(role->account(), "images-prj");
    EXPECT_EQ(role->name(), "pull-cainiao");
    auto const made_by_google = Role::parse("123-compute@developer.gserviceaccount.com");
    ASSERT_TRUE(made_by_google);
    EXPECT_EQ(made_by_google->account(), "developer.gserviceaccount.com");
    EXPECT_TRUE(Role::parse("a@prj.example.com.iam.gserviceaccount.com"));
    EXPECT_FALSE(Role::parse(std::string(31, 'a') + "@prj.iam.gserviceaccount.com"));
}

TEST(Role, ReadsClientIdsOfAzure) {
    auto const role = Role::parse("66666666-7777-8888-9999-aaaaaaaaaaaa");
    ASSERT_TRUE(role);
    EXPECT_EQ(role->cloud(), Role::Cloud::Azure);
    EXPECT_EQ(role->partition(), "azure");
    EXPECT_EQ(role->account(), "");
}

TEST(Role, RefusesWhatIsNoRole) {
    for (std::string const text : {
             "",
             "acr-cainiao",
             "acs:ram::1146716667364888:user/acr-cainiao",
             "acs:ram::1146716667364888:role/",
             "acs:ram::1146716667364888:role/a/b",
             "acs:ram::1146716667364888:role/a b",
             "acs:ram::12345:role/a",
             "acs:ram::114671666736488x:role/a",
             "acs:ram:cn-shanghai:1146716667364888:role/a",
             "acs:ram::1146716667364888:role/a:b",
             "ACS:ram::1146716667364888:role/a",
             "arn:aws:iam::12345678901:role/pull",
             "arn:aws:iam::123456789012:role/",
             "arn:aws:iam::123456789012:role//a",
             "arn:aws:iam::123456789012:user/a",
             "arn:aws:sts::123456789012:assumed-role/a/b",
             "arn:awsx:iam::123456789012:role/a",
             "arn:aws-:iam::123456789012:role/a",
             "arn:aws:iam::123456789012",
             "pull@example.com",
             "pull@gserviceaccount.com",
             "pull@prj.iam.gserviceaccount.com.evil.example",
             "Pull@prj.iam.gserviceaccount.com",
             "a.b@prj.iam.gserviceaccount.com",
             "@prj.iam.gserviceaccount.com",
             "pull-@prj.iam.gserviceaccount.com",
             "a@b@prj.iam.gserviceaccount.com",
             "66666666-7777-8888-9999-AAAAAAAAAAAA",
             "66666666-7777-8888-9999-aaaaaaaaaaa",
             "66666666-7777-8888-9999-aaaaaaaaaaag",
             "6666666677778888-9999-aaaaaaaaaaaa",
             "{66666666-7777-8888-9999-aaaaaaaaaaaa}",
         }) {
        auto const role = Role::parse(text);
        ASSERT_FALSE(role) << text;
        EXPECT_NE(role.error().message.find(": "), std::string::npos);
    }
    EXPECT_FALSE(Role::parse("acs:ram::1146716667364888:role/" + std::string(65, 'a')));
}

TEST(RoleTemplate, PutsInNamespaceAndCluster) {
    auto const role =
        RoleTemplate::parse("acs:ram::1146716667364888:role/acr-{cluster}-{namespace}");
    ASSERT_TRUE(role);
    auto const expanded = role->expand("cainiao-prod", "demo");
    ASSERT_TRUE(expanded);
    EXPECT_EQ(expanded->str(), "acs:ram::1146716667364888:role/acr-demo-cainiao-prod");
    EXPECT_FALSE(role->expand(std::string(63, 'n'), "demo"));  // over 64 characters
    EXPECT_FALSE(role->expand("n", "a/b"));
    auto const google = RoleTemplate::parse("p-{namespace}@prj.iam.gserviceaccount.com");
    ASSERT_TRUE(google);
    EXPECT_EQ(google->expand("shop", "demo")->name(), "p-shop");
    EXPECT_FALSE(google->expand(std::string(29, 'n'), "demo"));  // over 30 characters
}

TEST(RoleTemplate, RefusesUnknownPlaceholders) {
    for (std::string const text :
         {"acs:ram::1146716667364888:role/acr-{team}",
          "acs:ram::1146716667364888:role/acr-{cluster", "acs:ram::1146716667364888:role/acr-}"}) {
        auto const role = RoleTemplate::parse(text);
        ASSERT_FALSE(role);
        EXPECT_NE(role.error().message.find("{cluster}"), std::string::npos);
    }
}

TEST(ExpandPlaceholders, ReadsEachTextOnce) {
    // A value that looks like a placeholder stays as it is.
    EXPECT_EQ(expand_placeholders("{namespace}/{cluster}", "{cluster}", "demo"), "{cluster}/demo");
    EXPECT_EQ(expand_placeholders("no{placeholder}", "n", "c"), "no{placeholder}");
    EXPECT_EQ(expand_placeholders("", "n", "c"), "");
}

}  // namespace
}  // namespace rt::tenancy
