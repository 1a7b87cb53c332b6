#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "e2e/sim/common/faults.hpp"
#include "e2e/sim/common/world.hpp"

namespace sim {
namespace {

std::string complaint(std::function<void()> const& act) {
    try {
        act();
    } catch (std::exception const& error) {
        return error.what();
    }
    return "accepted";
}

std::string const small_world = R"(
sealingKey: 0123456789abcdef
tokenIssuer: issuer
metadata: {account: "2", region: cn-shanghai, role: "acs:ram::2:role/node"}
documents:
  p: '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
  t: >-
    {"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"RAM":"acs:ram::2:root"}}]}
roles:
- {arn: "acs:ram::2:role/node", policy: p, trust: t}
)";

TEST(World, of_the_repository_is_good) {
    WorldFile file(SIM_WORLD_FILE);
    auto const world = file.current();
    Role const* role = world->find_role("acs:ram::1146716667364888:role/acr-cainiao");
    ASSERT_NE(role, nullptr);
    EXPECT_TRUE(role->trust.trusts(world->metadata.role_arn, "demo"));
    EXPECT_FALSE(role->trust.trusts(world->metadata.role_arn, ""));
    ASSERT_NE(world->find_instance("cri-shanghai-shared01"), nullptr);
    EXPECT_NE(world->find_access_key("LTAI5tSimulatedKey0001"), nullptr);
    EXPECT_EQ(world->find_access_key(""), nullptr);
}

TEST(World, complains_by_key) {
    struct Case {
        std::string added;
        std::string complaint;
    };
    std::vector<Case> const cases = {
        {"", "accepted"},
        {"colour: red\n", "/colour: is not known here"},
        {"tokenSeconds: 59\n", "/tokenSeconds: is \"59\"; must be a number from 60 to 86400"},
        {"tokenSeconds: soon\n", "/tokenSeconds: is \"soon\""},
        {"users: 7\n", "/users: must be a list"},
        {"users: [{arn: x}]\n", "/users/0/policy: is missing"},
        {"users: [{arn: x, policy: none}]\n", "/users/0/policy: there is no document \"none\""},
        {"users: [{arn: x, policy: t}]\n", "/documents/t: Statement[0] must not have"},
        {"users: [{arn: x, policy: p, active: maybe}]\n", "/users/0/active: is \"maybe\""},
        {"attachments: [{arn: x, policy: p}]\n", "/attachments/0/arn: there is no role \"x\""},
        {"commands: [az login]\n", "/commands: az login: no such command"},
        {"instances: [{id: i, account: a, region: r}]\n", "/instances/0/service: is missing"},
    };
    for (Case const& one : cases) {
        std::string const said = complaint([&] { parse_world(small_world + one.added); });
        EXPECT_EQ(said.substr(0, one.complaint.size()), one.complaint) << one.added;
    }
    EXPECT_EQ(complaint([] { parse_world("[]"); }), "the file: must be a mapping");
}

TEST(Faults, are_read_for_one_simulator) {
    FaultPlan const plan = parse_faults(R"(
sessionSeconds: 120
hardenedMetadata: true
sts:
- {mode: error, code: NoPermission, http: 403, role: acr-cainiao, count: 2}
- {mode: slow, seconds: 3}
acr:
- {mode: throttle}
)",
                                        "sts");
    EXPECT_EQ(plan.session_seconds, 120);
    EXPECT_EQ(plan.hardened_metadata, true);
    ASSERT_EQ(plan.faults.size(), 2U);
    EXPECT_EQ(plan.faults[0].code, "NoPermission");
    EXPECT_EQ(plan.faults[0].count, 2);
    EXPECT_EQ(plan.faults[1].mode, FaultMode::Slow);
}

TEST(Faults, complain_by_key_in_every_simulator) {
    for (std::string const simulator : {"sts", "ecs"}) {
        EXPECT_EQ(complaint([&] { parse_faults("sts: [{mode: explode}]", simulator); }),
                  "/sts/0/mode: \"explode\" is none of error, throttle, garbage, timeout, empty, "
                  "expired, slow, short, clock");
        EXPECT_EQ(complaint([&] { parse_faults("sts: [{}]", simulator); }),
                  "/sts/0/mode: is missing");
        EXPECT_EQ(complaint([&] { parse_faults("oss: []", simulator); }).substr(0, 24),
                  "/oss: is not known here;");
        EXPECT_EQ(complaint([&] { parse_faults("sts: [{mode: clock}]", simulator); }),
                  "/sts/0/offsetSeconds: is missing");
        EXPECT_EQ(complaint([&] {
                      parse_faults("sts: [{mode: clock, offsetSeconds: 60, action: x}]", simulator);
                  }).substr(0, 31),
                  "/sts/0/action: is not known her");
        EXPECT_EQ(complaint([&] { parse_faults("", simulator); }), "accepted");
    }
}

class WrittenFaults : public testing::Test {
  protected:
    ~WrittenFaults() override { std::filesystem::remove(path); }
    void write(std::string const& text) const { std::ofstream(path) << text; }

    std::string path = testing::TempDir() + "faults-" + std::to_string(getpid()) + ".yaml";
};

TEST_F(WrittenFaults, meet_their_target_only_and_are_counted) {
    write("sts: [{mode: error, action: AssumeRole, role: acr-a, session: ns-1, count: 1}]");
    FaultFile file(path, "sts");
    file.refresh();
    EXPECT_FALSE(file.take({"GetCallerIdentity", "x:role/acr-a", "demo-ns-1", ""}));
    EXPECT_FALSE(file.take({"AssumeRole", "x:role/acr-b", "demo-ns-1", ""}));
    EXPECT_FALSE(file.take({"AssumeRole", "x:role/acr-a", "demo-ns-2", ""}));
    EXPECT_TRUE(file.take({"AssumeRole", "x:role/acr-a", "demo-ns-1", ""}));
    file.refresh();
    EXPECT_FALSE(file.take({"AssumeRole", "x:role/acr-a", "demo-ns-1", ""})) << "counted out";
    write("sts: [{mode: error, action: AssumeRole, role: acr-a, count: 1}]");
    file.refresh();
    EXPECT_TRUE(file.take({"AssumeRole", "x:role/acr-a", "demo-ns-1", ""})) << "a new rule";
    write(R"(sts: [{mode: slow, role: acr-b},
      {mode: error, action: AssumeRole, role: acr-a, count: 1}])");
    file.refresh();
    EXPECT_FALSE(file.take({"AssumeRole", "x:role/acr-a", "", ""})) << "a rule that stayed";
}

TEST_F(WrittenFaults, of_a_clock_go_by_the_text_and_hide_no_other) {
    write(R"(sts: [{mode: clock, role: acr-a, session: ns-1, offsetSeconds: -60},
      {mode: error, role: acr-a}])");
    FaultFile file(path, "sts");
    file.refresh();
    EXPECT_FALSE(file.clock_for("/?RoleArn=x%3Arole%2Facr-a&RoleSessionName=demo.ns-2"));
    auto const clock = file.clock_for("/?RoleArn=x%3Arole%2Facr-a&RoleSessionName=demo.ns-1");
    ASSERT_TRUE(clock);
    EXPECT_EQ(clock->offset_seconds, -60);
    EXPECT_TRUE(clock->date_header);
    auto const other = file.take({"AssumeRole", "x:role/acr-a", "demo.ns-1", ""});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->mode, FaultMode::Error);
}

TEST_F(WrittenFaults, end_with_the_file) {
    write("sts: [{mode: timeout}]");
    FaultFile file(path, "sts");
    file.refresh();
    EXPECT_TRUE(file.take({"AssumeRole", "", "", ""}));
    std::filesystem::remove(path);
    file.refresh();
    EXPECT_FALSE(file.take({"AssumeRole", "", "", ""}));
}

}  // namespace
}  // namespace sim
