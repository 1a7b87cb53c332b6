#include "lib/tenancy/registry_exception.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::errors_of;
using testing::exception;
using testing::exception_spec;
using testing::object;

std::string const digest = "sha256:" + std::string(64, 'a');

Json one_image() {
    return Json::array({{{"registry", "shared-acr"}, {"repository", "alipay/a1"}}});
}

Json full_spec() {
    Json spec = exception_spec(
        {{{"registry", "shared-acr"}, {"namespace", "alipay"}},
         {{"registry", "shared-acr"}, {"repository", "alipay/a1"}, {"digest", digest}},
         {{"host", "docker.io"}, {"namespace", "library"}},
         {{"host", "*"}, {"namespace", "*"}}});
    spec["tenancy"] = "cainiao";
    spec["ticket"] = "INC-4711";
    spec["approver"] = "jane";
    return spec;
}

TEST(RegistryException, ReadsEveryField) {
    auto const read = exception("incident", full_spec());
    EXPECT_EQ(read->meta.name, "incident");
    EXPECT_EQ(read->namespaces, (std::vector<std::string>{"team"}));
    ASSERT_EQ(read->images.size(), 4U);
    EXPECT_EQ(read->images[0].display(), "shared-acr: alipay/*");
    EXPECT_EQ(read->images[1].display(), "shared-acr: alipay/a1@" + digest);
    EXPECT_EQ(read->images[1].digest, digest);
    EXPECT_EQ(read->images[2].display(), "docker.io: library/*");
    EXPECT_EQ(read->images[3].display(), "*");
    EXPECT_EQ(read->tenancy, "cainiao");
    EXPECT_EQ(read->reason, "INC-4711");
    EXPECT_EQ(format_rfc3339(read->expires_at), "2026-12-01T00:00:00Z");
    EXPECT_EQ(read->ticket, "INC-4711");
    EXPECT_EQ(read->approver, "jane");
    EXPECT_TRUE(read->applies_to("team"));
    EXPECT_FALSE(read->applies_to("team-x"));
}

TEST(RegistryException, WhatIsWrittenBackIsReadAgain) {
    for (Json const& spec : {full_spec(), exception_spec(one_image())}) {
        auto const first = exception("incident", spec);
        auto const again = exception("incident", first->spec_json());
        EXPECT_EQ(first->spec_json(), again->spec_json());
        EXPECT_EQ(first->images, again->images);
        EXPECT_EQ(first->expires_at, again->expires_at);
    }
}

TEST(RegistryException, SaysWhereAndWhatToMend) {
    struct Case {
        std::function<void(Json&)> breaks;
        std::string pointer;
        std::string says;
    };
    auto const image = [](Json value) {
        return [value](Json& spec) { spec["images"][0] = value; };
    };
    auto const field = [](std::string const& name, Json value) {
        return [name, value](Json& spec) { spec[name] = value; };
    };
    for (auto const& [breaks, pointer, says] : std::vector<Case>{
             {[](Json& spec) { spec.erase("namespaces"); }, "/spec/namespaces", "is required"},
             {field("namespaces", Json::array()), "/spec/namespaces", "at least one"},
             {field("namespaces", {"a*"}), "/spec/namespaces/0", "\"a*\" is no namespace name"},
             {field("namespaces", {"a", "a"}), "/spec/namespaces/1", "twice"},
             {[](Json& spec) { spec.erase("images"); }, "/spec/images", "is required"},
             {field("images", Json::array()), "/spec/images", "at least one"},
             {image({{"namespace", "a"}}), "/spec/images/0", "neither registry nor host"},
             {image({{"registry", "a"}, {"host", "b.io"}, {"namespace", "c"}}), "/spec/images/0",
              "both registry \"a\" and host \"b.io\""},
             {image({{"registry", "a"}}), "/spec/images/0", "neither namespace nor repository"},
             {image({{"registry", "a"}, {"namespace", "b"}, {"repository", "c"}}), "/spec/images/0",
              "both namespace \"b\" and repository \"c\""},
             {image({{"registry", "a:5000"}, {"namespace", "b"}}), "/spec/images/0/registry",
              "\"a:5000\" is no object name"},
             {image({{"host", "Docker.io"}, {"namespace", "b"}}), "/spec/images/0/host",
              "write docker.io"},
             {image({{"host", "docker"}, {"namespace", "b"}}), "/spec/images/0/host",
              "neither a dot nor a port"},
             {image({{"host", "*"}, {"namespace", "b"}}), "/spec/images/0", "a part of every host"},
             {image({{"host", "*"}, {"repository", "b"}}), "/spec/images/0",
              "a part of every host"},
             {image({{"registry", "a"}, {"repository", "b:v1"}}), "/spec/images/0/repository",
              "is no repository path"},
             {image({{"registry", "a"}, {"repository", "b"}, {"digest", "sha256:abc"}}),
              "/spec/images/0/digest", "\"sha256:abc\" is no digest"},
             {image({{"registry", "a"},
                     {"repository", "b"},
                     {"digest", "sha256:" + std::string(64, 'A')}}),
              "/spec/images/0/digest", "lower case"},
             {image({{"registry", "a"}, {"namespace", "b"}, {"digest", digest}}),
              "/spec/images/0/digest", "together with repository"},
             {image({{"registry", "a"}, {"namespace", "b"}, {"deprecated", "x"}}),
              "/spec/images/0/deprecated", "no known field"},
             {field("tenancy", "a b"), "/spec/tenancy", "\"a b\" is no object name"},
             {[](Json& spec) { spec.erase("reason"); }, "/spec/reason", "is required"},
             {field("reason", ""), "/spec/reason", "is empty"},
             {field("reason", std::string(1025, 'x')), "/spec/reason", "1025 characters"},
             {[](Json& spec) { spec.erase("expiresAt"); }, "/spec/expiresAt", "is required"},
             {field("expiresAt", "tomorrow"), "/spec/expiresAt", "\"tomorrow\" is no time"},
             {field("expiresAt", "2026-02-30T00:00:00Z"), "/spec/expiresAt", "is no time"},
             {field("ticket", "a\nb"), "/spec/ticket", "control characters"},
             {field("expireAt", "x"), "/spec/expireAt", "did you mean expiresAt?"},
         }) {
        Json spec = exception_spec(one_image());
        breaks(spec);
        auto const parsed = RegistryException::parse(object("RegistryException", "x", spec));
        ASSERT_FALSE(parsed) << spec;
        ASSERT_EQ(parsed.error().size(), 1U) << errors_of(parsed.error());
        EXPECT_EQ(parsed.error()[0].pointer, pointer);
        EXPECT_NE(parsed.error()[0].message.find(says), std::string::npos)
            << errors_of(parsed.error());
    }
    EXPECT_FALSE(RegistryException::parse(Json::object()));
}

TEST(RegistryException, EndsAtTheEarlierOfItsOwnEndAndTheLongestLife) {
    using std::chrono::hours;
    struct Case {
        std::string expires_at;
        int age_days;
        std::string ends_at;
    };
    // Created on 2026-11-22 minus its age; the longest life is ten days.
    for (auto const& [expires_at, age_days, ends_at] : std::vector<Case>{
             {"2026-11-23T00:00:00Z", 0, "2026-11-23T00:00:00Z"},
             {"2026-12-02T00:00:00Z", 0, "2026-12-02T00:00:00Z"},
             {"2026-12-02T00:00:01Z", 0, "2026-12-02T00:00:00Z"},
             {"2026-12-02T00:00:00Z", 5, "2026-11-27T00:00:00Z"},
             {"2020-01-01T00:00:00Z", 0, "2020-01-01T00:00:00Z"},
             {"2261-12-31T23:59:59Z", 0, "2026-12-02T00:00:00Z"},
         }) {
        Json spec = exception_spec(one_image());
        spec["expiresAt"] = expires_at;
        auto const one = exception("x", spec, age_days);
        auto const end = one->ends_at(hours(240));
        EXPECT_EQ(format_rfc3339(end), ends_at);
        EXPECT_TRUE(one->active_at(end - std::chrono::nanoseconds(1), hours(240)));
        EXPECT_FALSE(one->active_at(end, hours(240)));
    }
    RegistryException never_stored = *exception("x", exception_spec(one_image()));
    never_stored.meta.creation_timestamp.reset();
    EXPECT_EQ(never_stored.ends_at(hours(1)), never_stored.expires_at);
}

}  // namespace
}  // namespace rt::tenancy
