#include "lib/kube/core/lease.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

TEST(Lease, SurvivesAWriteAndARead) {
    LeaseRecord record;
    record.holder = "host_1";
    record.duration = 15s;
    record.acquire_time = *parse_rfc3339("2026-01-02T03:04:05.123456Z");
    record.renew_time = *parse_rfc3339("2026-01-02T03:04:07.000001Z");
    record.transitions = 4;
    Json const lease = make_lease({"ns", "name"}, record);
    EXPECT_EQ(lease_record_of(lease), record);
    EXPECT_EQ(lease["apiVersion"], "coordination.k8s.io/v1");
    EXPECT_EQ(lease["spec"]["renewTime"], "2026-01-02T03:04:07.000001Z");
    EXPECT_EQ(key_of(lease), (ObjectKey{"ns", "name"}));
}

TEST(Lease, AnUpdateKeepsWhatItDoesNotKnow) {
    Json const stored = Json::parse(R"({"metadata":{"name":"l","resourceVersion":"7"},
        "spec":{"holderIdentity":"a","strategy":"OldestEmulationVersion"}})");
    LeaseRecord record;
    record.holder = "b";
    Json const next = with_record(stored, record);
    EXPECT_EQ(next["metadata"], stored["metadata"]);
    EXPECT_EQ(next["spec"]["strategy"], "OldestEmulationVersion");
    EXPECT_EQ(next["spec"]["holderIdentity"], "b");
}

TEST(Lease, ReadsWhateverIsThere) {
    for (char const* const text :
         {"null", "{}", R"({"spec":null})", R"({"spec":{"holderIdentity":null}})",
          R"({"spec":{"renewTime":"yesterday","leaseDurationSeconds":"15"}})"}) {
        EXPECT_EQ(lease_record_of(Json::parse(text)), LeaseRecord{}) << text;
    }
}

}  // namespace
}  // namespace rt::kube
