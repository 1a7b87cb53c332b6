#include "lib/tenancy/workloads.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::vpc_host;
using Kind = Workloads::Kind;

WallTime at(std::string_view text) {
    return parse_rfc3339(text).value();
}

constexpr std::string_view before = "2026-11-20T00:00:00Z";
constexpr std::string_view governed = "2026-11-21T00:00:00Z";
constexpr std::string_view after = "2026-11-22T00:00:00Z";

NamespacePolicy policy_with(std::vector<ActiveException> exceptions = {}) {
    RegistryCatalog const catalog({testing::registry("shared-acr", testing::acr_spec())});
    Json allow = {{{"namespace", "cainiao"}},
                  {{"repository", "base/jdk"}, {"deprecated", "use cainiao/jdk"}}};
    return NamespacePolicy::compile(
        {testing::tenancy("cainiao", testing::one_registry("shared-acr", allow))}, {},
        std::move(exceptions), catalog);
}

std::string ours(std::string_view path) {
    return std::string(vpc_host) + "/" + std::string(path);
}

TEST(JudgeRunning, TellsForeignImagesByWhenTheirPodsCame) {
    std::vector<RunningImage> const images{
        {ours("cainiao/a1:v1"), at(after)},
        {ours("base/jdk:17"), at(after)},
        {ours("alipay/a1:v1"), at(after)},
        {"nginx", at(before)},
        {"redis", at(governed)},
        {"Not/an:image", at(after)},
    };
    auto const found = judge_running(policy_with(), images, at(governed));
    EXPECT_EQ(found.denied, 2U);
    EXPECT_EQ(found.grandfathered, 2U);
    EXPECT_EQ(found.by_exception, 0U);
    std::vector<Workloads::Entry> const expected{{Kind::Denied, "Not/an:image", ""},
                                                 {Kind::Denied, ours("alipay/a1:v1"), ""},
                                                 {Kind::Grandfathered, "nginx", ""},
                                                 {Kind::Grandfathered, "redis", ""}};
    EXPECT_EQ(found.images, expected);
}

TEST(JudgeRunning, SaysNothingWhereTenanciesAllowEverything) {
    std::vector<RunningImage> const images{{ours("cainiao/a1:v1"), at(after)}};
    auto const found = judge_running(policy_with(), images, at(governed));
    EXPECT_TRUE(found.empty());
    EXPECT_TRUE(to_json(found).is_null());
}

TEST(JudgeRunning, NamesTheExceptionThatAllows) {
    Json const object =
        testing::object("RegistryException", "incident-4711",
                        {{"namespaces", {"team"}},
                         {"images", {{{"registry", "shared-acr"}, {"repository", "alipay/a1"}}}},
                         {"reason", "INC-4711"},
                         {"expiresAt", "2026-12-01T00:00:00Z"}});
    auto parsed = RegistryException::parse(object);
    ASSERT_TRUE(parsed);
    ActiveException const active{std::make_shared<RegistryException const>(*std::move(parsed)),
                                 at("2026-12-01T00:00:00Z")};
    std::vector<RunningImage> const images{{ours("alipay/a1:v1"), at(after)}};
    auto const found = judge_running(policy_with({active}), images, at(governed));
    EXPECT_EQ(found.by_exception, 1U);
    ASSERT_EQ(found.images.size(), 1U);
    EXPECT_EQ(found.images[0].exception, "incident-4711");
    EXPECT_EQ(to_json(found)["images"][0]["verdict"], "ByException");
}

TEST(JudgeRunning, CountsAllAndListsAScreenFull) {
    std::vector<RunningImage> images;
    for (int i = 0; i < 100; ++i) {
        images.push_back({"foreign-" + std::to_string(i), at(i < 50 ? before : after)});
    }
    images.push_back({std::string(2000, 'x') + "\x1b", at(after)});
    auto const found = judge_running(policy_with(), images, at(governed));
    EXPECT_EQ(found.denied, 51U);
    EXPECT_EQ(found.grandfathered, 50U);
    EXPECT_EQ(found.images.size(), workload_images_max);
    for (auto const& entry : found.images) {
        EXPECT_EQ(entry.kind, Kind::Denied) << "the worst come first";
        EXPECT_LE(entry.image.size(), 512U);
    }
}

}  // namespace
}  // namespace rt::tenancy
