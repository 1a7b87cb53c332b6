#include "lib/kube/core/object.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"

namespace rt::kube {
namespace {

TEST(Object, ReadsItsMetadata) {
    ObjectMeta const meta = meta_of(Json::parse(R"({"metadata":{
        "name":"p","namespace":"n","uid":"u","resourceVersion":"12","generation":3,
        "labels":{"a":"b","odd":3},"annotations":{"c":"d"},
        "creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T03:04:06Z",
        "ownerReferences":[{"kind":"X","name":"x"},
          {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"rs","uid":"ru",
           "controller":true}]}})"));
    EXPECT_EQ(meta.key(), (ObjectKey{"n", "p"}));
    EXPECT_EQ(meta.uid, "u");
    EXPECT_EQ(meta.resource_version, "12");
    EXPECT_EQ(meta.generation, 3);
    EXPECT_EQ(meta.labels, (std::map<std::string, std::string>{{"a", "b"}}));
    EXPECT_EQ(meta.annotations.at("c"), "d");
    EXPECT_EQ(meta.creation_timestamp, *parse_rfc3339("2026-01-02T03:04:05Z"));
    EXPECT_TRUE(meta.being_deleted());
    ASSERT_TRUE(meta.controller.has_value());
    EXPECT_EQ(meta.controller->kind, "ReplicaSet");
    EXPECT_EQ(meta.controller->uid, "ru");
}

TEST(Object, MetadataIsTotal) {
    for (char const* const text :
         {"null", "[]", "3", "{}", R"({"metadata":null})", R"({"metadata":[]})",
          R"({"metadata":{"name":3,"labels":[],"ownerReferences":{},"generation":"x",
              "creationTimestamp":null,"deletionTimestamp":"soon"}})"}) {
        ObjectMeta const meta = meta_of(Json::parse(text));
        EXPECT_EQ(meta.name, "") << text;
        EXPECT_FALSE(meta.being_deleted()) << text;
        EXPECT_FALSE(meta.controller.has_value()) << text;
        EXPECT_EQ(key_of(Json::parse(text)), ObjectKey{}) << text;
    }
}

TEST(Object, KeysAndVersionsHaveTheirUsualText) {
    EXPECT_EQ((ObjectKey{"", "node"}).str(), "node");
    EXPECT_EQ((ObjectKey{"ns", "pod"}).str(), "ns/pod");
    EXPECT_EQ(types::pods.api_version(), "v1");
    EXPECT_EQ(types::leases.api_version(), "coordination.k8s.io/v1");
}

TEST(Object, KeysHashBothParts) {
    std::hash<ObjectKey> const hash;
    EXPECT_NE(hash({"a", "b"}), hash({"b", "a"}));
    EXPECT_EQ(hash({"a", "b"}), hash({"a", "b"}));
}

}  // namespace
}  // namespace rt::kube
