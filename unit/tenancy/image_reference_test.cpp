#include "lib/tenancy/image_reference.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "lib/base/text.hpp"
#include "unit/tenancy/distribution_oracle.hpp"

namespace rt::tenancy {

void PrintTo(ImageError error, std::ostream* out) {
    *out << explain(error, "IMAGE");
}

namespace {

std::string const hex64(64, 'f');
std::string const sha = "sha256:" + hex64;

struct Accepted {
    std::string text;
    std::string registry;
    std::string repository;
    std::optional<std::string> tag;
    std::optional<std::string> digest;
    std::string canonical;
};

class AcceptedReference : public ::testing::TestWithParam<Accepted> {};

TEST_P(AcceptedReference, IsReadAsTheRuntimeReadsIt) {
    Accepted const& wanted = GetParam();
    auto const image = ImageReference::parse(wanted.text);
    ASSERT_TRUE(image) << explain(image.error(), wanted.text);
    EXPECT_EQ(image->written(), wanted.text);
    EXPECT_EQ(image->registry(), wanted.registry);
    EXPECT_EQ(image->repository(), wanted.repository);
    EXPECT_EQ(image->tag(), wanted.tag);
    EXPECT_EQ(image->digest(), wanted.digest);
    EXPECT_EQ(image->canonical(), wanted.canonical);
}

std::vector<Accepted> accepted_references() {
    using std::nullopt;
    std::string const a255(255, 'a');
    std::string const a247(247, 'a');
    std::string deep;
    for (int i = 0; i < 127; ++i) {
        deep += "a/";
    }
    deep += 'a';
    return {
        // Docker Hub's short names.
        {"nginx", "docker.io", "library/nginx", nullopt, nullopt, "docker.io/library/nginx:latest"},
        {"nginx:1", "docker.io", "library/nginx", "1", nullopt, "docker.io/library/nginx:1"},
        {"library/nginx", "docker.io", "library/nginx", nullopt, nullopt,
         "docker.io/library/nginx:latest"},
        {"docker.io/nginx", "docker.io", "library/nginx", nullopt, nullopt,
         "docker.io/library/nginx:latest"},
        {"docker.io/library/nginx", "docker.io", "library/nginx", nullopt, nullopt,
         "docker.io/library/nginx:latest"},
        {"index.docker.io/nginx", "docker.io", "library/nginx", nullopt, nullopt,
         "docker.io/library/nginx:latest"},
        {"index.docker.io/library/nginx:2", "docker.io", "library/nginx", "2", nullopt,
         "docker.io/library/nginx:2"},
        {"index.docker.io/docker/docker", "docker.io", "docker/docker", nullopt, nullopt,
         "docker.io/docker/docker:latest"},
        {"bitnami/redis:7", "docker.io", "bitnami/redis", "7", nullopt,
         "docker.io/bitnami/redis:7"},
        {"library/foo/bar", "docker.io", "library/foo/bar", nullopt, nullopt,
         "docker.io/library/foo/bar:latest"},
        // Only index.docker.io is folded.
        {"registry-1.docker.io/library/nginx", "registry-1.docker.io", "library/nginx", nullopt,
         nullopt, "registry-1.docker.io/library/nginx:latest"},
        {"docker.io:443/nginx", "docker.io:443", "nginx", nullopt, nullopt,
         "docker.io:443/nginx:latest"},
        // Without a slash there is no registry, whatever it looks like.
        {"test.com:5000", "docker.io", "library/test.com", "5000", nullopt,
         "docker.io/library/test.com:5000"},
        {"localhost:5000", "docker.io", "library/localhost", "5000", nullopt,
         "docker.io/library/localhost:5000"},
        {"localhost", "docker.io", "library/localhost", nullopt, nullopt,
         "docker.io/library/localhost:latest"},
        {"192.168.1.1:80", "docker.io", "library/192.168.1.1", "80", nullopt,
         "docker.io/library/192.168.1.1:80"},
        {"foo_bar.com:8080", "docker.io", "library/foo_bar.com", "8080", nullopt,
         "docker.io/library/foo_bar.com:8080"},
        {"lowercase:Uppercase", "docker.io", "library/lowercase", "Uppercase", nullopt,
         "docker.io/library/lowercase:Uppercase"},
        // Registries.
        {"localhost/x", "localhost", "x", nullopt, nullopt, "localhost/x:latest"},
        {"localhost:5000/x:v", "localhost:5000", "x", "v", nullopt, "localhost:5000/x:v"},
        {"test:5000/repo:tag@" + sha, "test:5000", "repo", "tag", sha, "test:5000/repo@" + sha},
        {"test:5000/repo@" + sha, "test:5000", "repo", nullopt, sha, "test:5000/repo@" + sha},
        {"sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com", "bar/baz/quux",
         "some-long-tag", nullopt, "sub-dom1.foo.com/bar/baz/quux:some-long-tag"},
        {"b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io", "test.example.com/my-app",
         "test.example.com", nullopt, "b.gcr.io/test.example.com/my-app:test.example.com"},
        {"xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com", "myimage", "xn--n3h.com", nullopt,
         "xn--n3h.com/myimage:xn--n3h.com"},
        {"192.168.1.1:5000/repo:5050", "192.168.1.1:5000", "repo", "5050", nullopt,
         "192.168.1.1:5000/repo:5050"},
        {"foo/foo_bar.com:8080", "docker.io", "foo/foo_bar.com", "8080", nullopt,
         "docker.io/foo/foo_bar.com:8080"},
        {"a:1/b", "a:1", "b", nullopt, nullopt, "a:1/b:latest"},
        {"a:65535/b", "a:65535", "b", nullopt, nullopt, "a:65535/b:latest"},
        {"a.b-c.d--e/f", "a.b-c.d--e", "f", nullopt, nullopt, "a.b-c.d--e/f:latest"},
        // A host that is none: the reference library sees no domain in it.
        {"foo_bar.com/x", "", "foo_bar.com/x", nullopt, nullopt, "foo_bar.com/x:latest"},
        {"a__b.c/d:1", "", "a__b.c/d", "1", nullopt, "a__b.c/d:1"},
        // IPv6: brackets with hexadecimal digits and colons, nothing more is checked.
        {"[::1]:5000/x", "[::1]:5000", "x", nullopt, nullopt, "[::1]:5000/x:latest"},
        {"[2001:db8:1:2:3:4:5:6]/repo:tag", "[2001:db8:1:2:3:4:5:6]", "repo", "tag", nullopt,
         "[2001:db8:1:2:3:4:5:6]/repo:tag"},
        {"[fc00::1]:5000/docker/docker@" + sha, "[fc00::1]:5000", "docker/docker", nullopt, sha,
         "[fc00::1]:5000/docker/docker@" + sha},
        // Separators.
        {"docker---rules/d", "docker.io", "docker---rules/d", nullopt, nullopt,
         "docker.io/docker---rules/d:latest"},
        {"host.io/a_b__c/d.e-f--g", "host.io", "a_b__c/d.e-f--g", nullopt, nullopt,
         "host.io/a_b__c/d.e-f--g:latest"},
        // Hexadecimal names with a registry or a tag are names.
        {"docker.io/" + hex64, "docker.io", "library/" + hex64, nullopt, nullopt,
         "docker.io/library/" + hex64 + ":latest"},
        {hex64 + ":v1", "docker.io", "library/" + hex64, "v1", nullopt,
         "docker.io/library/" + hex64 + ":v1"},
        {"docker.io/sha256:abcd", "docker.io", "library/sha256", "abcd", nullopt,
         "docker.io/library/sha256:abcd"},
        {"sha256:v1.0", "docker.io", "library/sha256", "v1.0", nullopt,
         "docker.io/library/sha256:v1.0"},
        {"sha256", "docker.io", "library/sha256", nullopt, nullopt,
         "docker.io/library/sha256:latest"},
        {"team/sha256:abcd", "docker.io", "team/sha256", "abcd", nullopt,
         "docker.io/team/sha256:abcd"},
        // Limits.
        {"example.com/" + a255 + ":tag", "example.com", a255, "tag", nullopt,
         "example.com/" + a255 + ":tag"},
        {a247, "docker.io", "library/" + a247, nullopt, nullopt,
         "docker.io/library/" + a247 + ":latest"},
        {"x.y/" + deep, "x.y", deep, nullopt, nullopt, "x.y/" + deep + ":latest"},
        {"x:" + std::string(128, 't'), "docker.io", "library/x", std::string(128, 't'), nullopt,
         "docker.io/library/x:" + std::string(128, 't')},
        {"x:_A-.b", "docker.io", "library/x", "_A-.b", nullopt, "docker.io/library/x:_A-.b"},
    };
}

INSTANTIATE_TEST_SUITE_P(Table, AcceptedReference, ::testing::ValuesIn(accepted_references()));

struct Refused {
    std::string text;
    ImageError error;
};

class RefusedReference : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedReference, IsRefusedForTheRightReason) {
    Refused const& wanted = GetParam();
    auto const image = ImageReference::parse(wanted.text);
    ASSERT_FALSE(image) << wanted.text << " was read as " << image->canonical();
    EXPECT_EQ(image.error(), wanted.error) << wanted.text;
    // The text for people is short, printable and names a way out.
    std::string const message = explain(image.error(), wanted.text);
    EXPECT_EQ(message, printable(message, 600));
    EXPECT_LE(message.size(), 450U);
    EXPECT_NE(message.find(": "), std::string::npos) << message;
}

std::vector<Refused> refused_references() {
    using enum ImageError;
    std::string const a256(256, 'a');
    return {
        {"", Empty},
        {std::string(4097, 'a'), TooLong},
        {"x.y/" + a256 + ":tag", PathTooLong},
        {std::string(248, 'a'), PathTooLong},
        // Bytes.
        {" nginx", ForbiddenByte},
        {"nginx ", ForbiddenByte},
        {"ngi nx", ForbiddenByte},
        {"nginx\n", ForbiddenByte},
        {std::string("nginx\0:1", 8), ForbiddenByte},
        {"nginx\x7f", ForbiddenByte},
        {"ngin\xc3\xa9x", ForbiddenByte},
        {"\xe2\x80\x8bnginx", ForbiddenByte},
        {"gh\xd1\x81r.io/x", ForbiddenByte},
        {"x\xff", ForbiddenByte},
        // Grammar.
        {":justtag", Malformed},
        {"@" + sha, Malformed},
        {"::::", Malformed},
        {"/", Malformed},
        {"//", Malformed},
        {"/x", Malformed},
        {"x/", Malformed},
        {"docker/", Malformed},
        {"docker.io/", Malformed},
        {"docker///docker", Malformed},
        {"-docker/docker", Malformed},
        {"docker-/docker", Malformed},
        {"____/____", Malformed},
        {"_docker/_docker", Malformed},
        {"dock..er/docker", Malformed},
        {"dock_.er/docker", Malformed},
        {"dock-.er/docker", Malformed},
        {"dock___er/docker", Malformed},
        {"-docker.io/docker/docker", Malformed},
        {".docker.io/x", Malformed},
        {"docker.io./x", Malformed},
        {"a-.b/c", Malformed},
        {"host.io/x/../y", Malformed},
        {"host.io/x/./y", Malformed},
        {"host.io//x", Malformed},
        {"host.io/x//y", Malformed},
        {"host.io/x?y=z", Malformed},
        {"host.io/x#y", Malformed},
        {"user@host.io/x", Malformed},
        {"host.io\\x/y", Malformed},
        {"https://github.com/docker/docker", Malformed},
        {"foo_bar:5000/x", Malformed},
        {"host:/x", Malformed},
        {"host:port/x", Malformed},
        {"host:5000:1/x", Malformed},
        {"registry.io@" + sha + "/x", Malformed},
        {"aa/asdf$$^/aa", Malformed},
        {"%41/x", Malformed},
        {"[fc00::1]", Malformed},
        {"[fc00::1]:5000", Malformed},
        {"[]/x", Malformed},
        {"[::1/x", Malformed},
        {"[::1]5000/x", Malformed},
        {"[::1]:/x", Malformed},
        {"fc00::1:5000/debian", Malformed},
        {"[fe80::1%eth0]:5000/debian", Malformed},
        {"[2001:db8:3:4::192.0.2.33]:5000/debian", Malformed},
        // Case.
        {"Uppercase:tag", UpperCaseRepository},
        {"docker/Docker", UpperCaseRepository},
        {"test:5000/Uppercase/lowercase:tag", UpperCaseRepository},
        {"docker.io/docker/Docker", UpperCaseRepository},
        {"HOST/Cainiao/x", UpperCaseRepository},
        {"Docker/docker", UpperCaseRegistry},
        {"HOST.io/cainiao/x", UpperCaseRegistry},
        {"Docker.io/library/nginx", UpperCaseRegistry},
        {"[FC00::1]:5000/x", UpperCaseRegistry},
        // Ports.
        {"host:0/x", BadPort},
        {"host:0443/x", BadPort},
        {"host:00/x", BadPort},
        {"host:65536/x", BadPort},
        {"host:99999999999999999999/x", BadPort},
        {"[::1]:080/x", BadPort},
        // Tags.
        {"x:", BadTag},
        {"x:-a", BadTag},
        {"x:.a", BadTag},
        {"x:a:b", BadTag},
        {"x:a+b", BadTag},
        {"x:" + std::string(129, 't'), BadTag},
        {"x:@" + sha, BadTag},
        // Digests.
        {"x@", BadDigest},
        {"x@sha256", BadDigest},
        {"x@:" + hex64, BadDigest},
        {"x@sha256:", BadDigest},
        {"repo@sha256:ffffffffffffffffffffffffffffffffff", BadDigest},
        {"x@sha256:" + hex64 + "f", BadDigest},
        {"x@sha256:" + std::string(64, 'F'), BadDigest},
        {"x@sha256:" + std::string(64, 'g'), BadDigest},
        {"x@" + sha + ":tag", BadDigest},
        {"x@" + sha + "@" + sha, BadDigest},
        {"validname@invaliddigest:" + hex64, UnsupportedDigest},
        {"validname@sha512:" + hex64 + hex64, UnsupportedDigest},
        {"validname@sha384:" + hex64 + hex64.substr(32), UnsupportedDigest},
        {"x@SHA256:" + hex64, UnsupportedDigest},
        {"x@sha256+b64:" + hex64, UnsupportedDigest},
        // Image IDs.
        {hex64, ImageId},
        {"1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a", ImageId},
        {sha, ImageId},
        {"sha256:abcd", ImageId},
        {"sha256:0", ImageId},
        {"sha256:DEAD", ImageId},
    };
}

INSTANTIATE_TEST_SUITE_P(Table, RefusedReference, ::testing::ValuesIn(refused_references()));

TEST(ImageReference, OtherDigestsAreReadWhereTheRulesAllowThemWithTheirExactLength) {
    ImageReferenceRules const rules{.allow_other_digests = true};
    EXPECT_TRUE(ImageReference::parse("x@sha512:" + hex64 + hex64, rules));
    EXPECT_TRUE(ImageReference::parse("x@sha384:" + hex64 + hex64.substr(32), rules));
    EXPECT_TRUE(ImageReference::parse("x@" + sha, rules));
    EXPECT_EQ(ImageReference::parse("x@sha512:" + hex64, rules).error(), ImageError::BadDigest);
    EXPECT_EQ(ImageReference::parse("x@sha384:" + hex64 + hex64, rules).error(),
              ImageError::BadDigest);
    EXPECT_EQ(ImageReference::parse("x@md5:" + hex64, rules).error(),
              ImageError::UnsupportedDigest);
}

TEST(ImageReference, NamesTheLowerCaseFormOfARegistryInUpperCase) {
    EXPECT_NE(explain(ImageError::UpperCaseRegistry, "Registry.Example.COM/x")
                  .find("registry.example.com"),
              std::string::npos);
}

TEST(ImageReference, ComparesPathsByWholeSegments) {
    struct Case {
        std::string_view image;
        std::string_view ns;
        bool inside;
    };
    for (auto const& [image, ns, inside] : std::vector<Case>{
             {"host.io/cainiao/a1", "cainiao", true},
             {"host.io/cainiao/b/c", "cainiao", true},
             {"host.io/cainiao/b/c", "cainiao/b", true},
             {"host.io/cainiao/b/c", "cainiao/b/c", false},
             {"host.io/cainiao", "cainiao", false},
             {"host.io/cainiao-evil/a1", "cainiao", false},
             {"host.io/evil/cainiao/a1", "cainiao", false},
             {"host.io/cainiao/a1", "cai", false},
             {"host.io/cainiao/a1", "", false},
             {"nginx", "library", true},
             {"docker.io/nginx", "library", true},
             {"nginx", "librar", false},
             {"nginx", "library/nginx", false},
             {"library/nginx", "library", true},
         }) {
        auto const reference = ImageReference::parse(image);
        ASSERT_TRUE(reference) << image;
        EXPECT_EQ(reference->in_namespace(ns), inside) << image << " in " << ns;
    }
    auto const nginx = ImageReference::parse("nginx");
    EXPECT_TRUE(nginx->is_repository("library/nginx"));
    EXPECT_FALSE(nginx->is_repository("nginx"));
    EXPECT_FALSE(nginx->is_repository("library/"));
    auto const jdk = ImageReference::parse("host.io/base/jdk:17");
    EXPECT_TRUE(jdk->is_repository("base/jdk"));
    EXPECT_FALSE(jdk->is_repository("base/jdk1"));
    EXPECT_FALSE(jdk->is_repository("base"));
}

/// References and near misses, from pieces that the grammar treats differently.
std::string random_text(std::mt19937& random) {
    static std::vector<std::string> const pieces{
        "a",         "b1",       "nginx",    "library", "docker.io", "index.docker.io",
        "localhost", "sha256",   "x",        "host",    "HOST",      "Tag",
        "ghcr.io",   "[::1]",    "[fc00::]", "a_b.c",   "/",         "/",
        "/",         ":",        ":",        "@",       ".",         "..",
        "_",         "__",       "___",      "-",       "--",        "0",
        "443",       "5000",     "09",       "+",       "%",         "?",
        " ",         "\xc3\xa9", "deadbeef", "latest",
    };
    std::string text;
    auto const count = std::uniform_int_distribution<int>(1, 9)(random);
    std::uniform_int_distribution<std::size_t> piece(0, pieces.size() - 1);
    for (int i = 0; i < count; ++i) {
        text += pieces[piece(random)];
    }
    switch (std::uniform_int_distribution<int>(0, 11)(random)) {
        case 0:
            text += '@' + sha;
            break;
        case 1:
            text += "@sha256:" + hex64.substr(1);
            break;
        case 2:
            text += "@sha512:" + hex64 + hex64;
            break;
        default:
            break;
    }
    return text;
}

bool strictly_refused(ImageError error) {
    using enum ImageError;
    return error == ForbiddenByte || error == UpperCaseRegistry || error == BadPort ||
           error == ImageId || error == TooLong || error == UnsupportedDigest;
}

TEST(ImageReferenceProperty, AgreesWithTheGrammarButForTheClosedListOfStrictRules) {
    std::mt19937 random(20261122);
    int accepted = 0;
    for (int i = 0; i < 40'000; ++i) {
        std::string const text = random_text(random);
        auto const ours = ImageReference::parse(text);
        auto const theirs = testing::distribution_parse(text);
        if (!ours) {
            EXPECT_TRUE(!theirs || strictly_refused(ours.error()))
                << text << ": " << explain(ours.error(), text);
            continue;
        }
        ++accepted;
        ASSERT_TRUE(theirs) << text << " was read as " << ours->canonical();
        testing::OracleReference const same{std::string(ours->registry()), ours->repository(),
                                            std::string(ours->tag().value_or("")),
                                            std::string(ours->digest().value_or(""))};
        EXPECT_EQ(same, *theirs) << text;
        // What the runtime pulls reads as itself.
        std::string const canonical = ours->canonical();
        auto const again = ImageReference::parse(canonical);
        ASSERT_TRUE(again) << canonical;
        EXPECT_EQ(again->canonical(), canonical);
        EXPECT_EQ(again->registry(), ours->registry());
        EXPECT_EQ(again->repository(), ours->repository());
    }
    EXPECT_GT(accepted, 1000);  // the generator still makes references
}

TEST(ImageReferenceProperty, AnyBytesAreAnsweredWithoutReadingPastTheEnd) {
    std::mt19937 random(7);
    std::uniform_int_distribution<int> byte(0, 255);
    std::uniform_int_distribution<std::size_t> length(0, 64);
    for (int i = 0; i < 20'000; ++i) {
        // Exactly sized, so that the address sanitizer sees any step beyond.
        std::vector<char> bytes(length(random));
        for (char& one : bytes) {
            one = static_cast<char>(byte(random));
        }
        std::string_view const text(bytes.data(), bytes.size());
        if (auto const image = ImageReference::parse(text)) {
            EXPECT_EQ(printable(text, 4096), text);
        } else {
            EXPECT_FALSE(explain(image.error(), text).empty());
        }
    }
}

}  // namespace
}  // namespace rt::tenancy
