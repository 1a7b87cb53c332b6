#include "lib/tenancy/docker_config.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/digest.hpp"
#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::in_namespace;
using testing::repository;
using testing::whole;

std::vector<std::string> keys(std::vector<std::string> const& hosts,
                              std::vector<AllowEntry> const& allow,
                              KeyStyle style = KeyStyle::Path) {
    return docker_config_keys(hosts, allow, style);
}

using Keys = std::vector<std::string>;

TEST(DockerConfigKeys, HaveTheSlashForNamespacesAloneAreSortedAndUnique) {
    EXPECT_EQ(keys({"b.io", "a.io:5000"}, {in_namespace("cainiao"), repository("base/jdk")}),
              (Keys{"a.io:5000/base/jdk", "a.io:5000/cainiao/", "b.io/base/jdk", "b.io/cainiao/"}));
    EXPECT_EQ(keys({"a.io"}, {whole()}), Keys{"a.io"});
    EXPECT_EQ(keys({"a.io"}, {in_namespace("x"), in_namespace("x")}), Keys{"a.io/x/"});
    EXPECT_EQ(keys({"a.io"}, {in_namespace("x"), repository("y")}, KeyStyle::Host), Keys{"a.io"});
    EXPECT_TRUE(keys({"a.io"}, {}).empty());
    EXPECT_TRUE(keys({"a.io"}, {}, KeyStyle::Host).empty());
    EXPECT_TRUE(keys({}, {whole()}).empty());
}

/// What a kubelet does with a key and a normalised image name without tag (Kubernetes
/// pkg/credentialprovider, keyring.go), for hosts without wildcards: a leading /v1 or /v2 of the
/// key's path is dropped, ports and hosts are equal, and the image's path begins with the key's as
/// plain text.
bool kubelet_offers(std::string const& key, std::string const& image) {
    auto const split_at_slash = [](std::string const& text) {
        std::size_t const slash = std::min(text.find('/'), text.size());
        return std::pair(text.substr(0, slash), text.substr(slash));
    };
    auto [key_host, key_path] = split_at_slash(key);
    auto const [image_host, image_path] = split_at_slash(image);
    if (key_path.starts_with("/v1/") || key_path.starts_with("/v2/")) {
        key_path = key_path.substr(3);
    }
    if (key_path == "/") {
        key_path.clear();
    }
    return key_host == image_host && image_path.starts_with(key_path);
}

bool offered(AllowEntry const& entry, std::string const& image) {
    auto const all = keys({"host.io"}, {entry});
    return kubelet_offers(all.at(0), image);
}

TEST(DockerConfigKeys, AKubeletOffersThemForWhatIsAllowed) {
    EXPECT_TRUE(offered(in_namespace("ns"), "host.io/ns/app"));
    EXPECT_TRUE(offered(in_namespace("ns"), "host.io/ns/deep/app"));
    EXPECT_FALSE(offered(in_namespace("ns"), "host.io/ns-evil/app"));
    EXPECT_FALSE(offered(in_namespace("ns"), "host.io/ns"));
    EXPECT_FALSE(offered(in_namespace("ns"), "host.io/other/ns/app"));
    EXPECT_FALSE(offered(in_namespace("ns"), "host.io:443/ns/app"));
    EXPECT_FALSE(offered(in_namespace("ns"), "evil.io/ns/app"));
    EXPECT_TRUE(offered(in_namespace("a/b"), "host.io/a/b/c"));
    EXPECT_FALSE(offered(in_namespace("a/b"), "host.io/a/bc/d"));
    EXPECT_TRUE(offered(repository("base/jdk"), "host.io/base/jdk"));
    EXPECT_FALSE(offered(repository("base/jdk"), "host.io/base/node"));
    EXPECT_TRUE(offered(whole(), "host.io/any/thing"));
    // With a slash at the end a kubelet would never match the repository: why there is none.
    EXPECT_FALSE(kubelet_offers("host.io/base/jdk/", "host.io/base/jdk"));
    // Without one it would offer a namespace's credential to a namesake: why there is one.
    EXPECT_TRUE(kubelet_offers("host.io/ns", "host.io/ns-evil/app"));
}

TEST(DockerConfigKeys, PathsThatLookLikeAnApiVersionKeepTheirMeaning) {
    for (std::string const version : {"v1", "v2"}) {
        std::string const other = version == "v1" ? "v2" : "v1";
        EXPECT_TRUE(offered(in_namespace(version), "host.io/" + version + "/app"));
        EXPECT_FALSE(offered(in_namespace(version), "host.io/" + other + "/app"));
        EXPECT_FALSE(offered(in_namespace(version), "host.io/secret/app"));
        EXPECT_TRUE(offered(repository(version + "/app"), "host.io/" + version + "/app"));
        EXPECT_FALSE(offered(repository(version + "/app"), "host.io/app"));
        EXPECT_TRUE(offered(repository(version), "host.io/" + version));
        EXPECT_TRUE(offered(in_namespace(version + "/a"), "host.io/" + version + "/a/b"));
        EXPECT_FALSE(offered(in_namespace(version + "/a"), "host.io/a/b"));
    }
    EXPECT_EQ(keys({"host.io"}, {in_namespace("v11")}), Keys{"host.io/v11/"});
}

std::vector<DockerConfigEntry> two_entries() {
    std::vector<DockerConfigEntry> entries;
    entries.push_back({{"b.io/x/", "a.io/x/"}, "cr_temp_user", SecretString("eyJ:with:colons")});
    entries.push_back({{"c.io"}, "static", SecretString("p\"\\\n")});
    return entries;
}

TEST(DockerConfig, HasOnlyAuthUnderSortedKeys) {
    EXPECT_EQ(render_docker_config(two_entries()).reveal(),
              R"({"auths":{"a.io/x/":{"auth":")" + base64_encode("cr_temp_user:eyJ:with:colons") +
                  R"("},"b.io/x/":{"auth":")" + base64_encode("cr_temp_user:eyJ:with:colons") +
                  R"("},"c.io":{"auth":")" + base64_encode("static:p\"\\\n") + R"("}}})");
    EXPECT_EQ(render_docker_config({}).reveal(), R"({"auths":{}})");
}

TEST(DockerConfig, TheFirstEntryOfAKeyCounts) {
    std::vector<DockerConfigEntry> entries;
    entries.push_back({{"a.io"}, "first", SecretString("1")});
    entries.push_back({{"a.io"}, "second", SecretString("2")});
    EXPECT_EQ(render_docker_config(entries).reveal(),
              R"({"auths":{"a.io":{"auth":")" + base64_encode("first:1") + R"("}}})");
}

TEST(DockerConfig, RoundTrips) {
    auto const entries = two_entries();
    auto const rendered = render_docker_config(entries);
    auto const parsed = parse_docker_config(rendered.reveal());
    ASSERT_TRUE(parsed) << parsed.error().message;
    ASSERT_EQ(parsed->size(), 3U);
    EXPECT_EQ((*parsed)[0].keys, Keys{"a.io/x/"});
    EXPECT_EQ((*parsed)[0].username, "cr_temp_user");
    EXPECT_EQ((*parsed)[0].password.reveal(), "eyJ:with:colons");
    EXPECT_EQ((*parsed)[2].password.reveal(), "p\"\\\n");
    EXPECT_EQ(render_docker_config(*parsed).reveal(), rendered.reveal());
}

TEST(DockerConfig, ReadsWhatAKubeletReads) {
    // auth overrides user name and password, padding may be missing.
    auto const parsed =
        parse_docker_config(R"({"auths":{"a.io":{"username":"u","password":"p","auth":"dTI6cDI"},)"
                            R"("b.io":{"username":"u","password":"p","email":"e"}}})");
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ((*parsed)[0].username, "u2");
    EXPECT_EQ((*parsed)[0].password.reveal(), "p2");
    EXPECT_EQ((*parsed)[1].username, "u");
    EXPECT_EQ((*parsed)[1].password.reveal(), "p");
}

TEST(DockerConfig, ErrorsNeverQuoteTheContent) {
    for (std::string const text : {
             "",
             "canary",
             "[\"canary\"]",
             "{\"auths\":\"canary\"}",
             "{\"canary\":{}}",
             R"({"auths":{"a.io":{"auth":"canary!"}}})",
             R"({"auths":{"a.io":{"auth":"Y2FuYXJ5"}}})",
             R"({"auths":{"a.io":{"auth":"canary"}},"auths":{}})",
         }) {
        auto const parsed = parse_docker_config(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().message.find("canary"), std::string::npos);
        EXPECT_EQ(parsed.error().message.find("Y2Fu"), std::string::npos);
    }
}

TEST(DockerConfig, AFullTenancyStaysFarBelowTheLimit) {
    std::vector<AllowEntry> allow;
    for (int i = 0; i < 64; ++i) {
        allow.push_back(in_namespace(std::string(200, 'n') + std::to_string(i)));
    }
    std::vector<DockerConfigEntry> entries;
    entries.push_back({keys({"a.io", "b.io"}, allow), "u", SecretString(std::string(1024, 'p'))});
    std::size_t const size = render_docker_config(entries).size();
    EXPECT_GT(size, 128U * 1024);
    EXPECT_LT(size, docker_config_bytes_max);
}

}  // namespace
}  // namespace rt::tenancy
