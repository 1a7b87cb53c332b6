#include "lib/kube/core/request.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

TEST(Request, Paths) {
    EXPECT_EQ(resource_path(types::pods, ""), "/api/v1/pods");
    EXPECT_EQ(resource_path(types::pods, "n", "p", "ephemeralcontainers"),
              "/api/v1/namespaces/n/pods/p/ephemeralcontainers");
    EXPECT_EQ(resource_path(types::namespaces, "ignored", "n"), "/api/v1/namespaces/n");
    EXPECT_EQ(resource_path(types::registries, "", "r", "status"),
              "/apis/registrytenancy.dev/v1alpha1/registries/r/status");
    // A name from anywhere cannot leave its segment.
    EXPECT_EQ(resource_path(types::secrets, "../x", "a/b?c"),
              "/api/v1/namespaces/..%2Fx/secrets/a%2Fb%3Fc");
}

TEST(Request, ListsAskForExactlyWhatIsSet) {
    EXPECT_EQ(list_request(types::secrets, {}, "").target, "/api/v1/secrets");
    ListOptions options;
    options.field_selector = "metadata.name=registry-tenancy";
    options.label_selector = "a in (b,c)";
    options.resource_version = "0";
    options.resource_version_match = "NotOlderThan";
    options.limit = 500;
    options.ns = "n";
    EXPECT_EQ(list_request(types::secrets, options, "").target,
              "/api/v1/namespaces/n/secrets?fieldSelector=metadata.name%3Dregistry-tenancy"
              "&labelSelector=a%20in%20%28b%2Cc%29&limit=500&resourceVersion=0"
              "&resourceVersionMatch=NotOlderThan");
    EXPECT_EQ(list_request(types::secrets, {}, "").accept, "application/json");
}

TEST(Request, AContinuedListNamesNoVersion) {
    ListOptions options;
    options.resource_version = "12";
    options.limit = 5;
    EXPECT_EQ(list_request(types::pods, options, "to+ken").target,
              "/api/v1/pods?limit=5&continue=to%2Bken");
}

TEST(Request, MetadataOnlyIsNegotiated) {
    ListOptions list;
    list.metadata_only = true;
    EXPECT_EQ(list_request(types::secrets, list, "").accept,
              "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    WatchOptions watch;
    watch.metadata_only = true;
    EXPECT_EQ(watch_request(types::secrets, watch).accept,
              "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
}

TEST(Request, Watches) {
    WatchOptions options;
    options.resource_version = "77";
    options.timeout = 301s;
    EXPECT_EQ(watch_request(types::pods, options).target,
              "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=77"
              "&timeoutSeconds=301");
    options.resource_version.clear();
    options.send_initial_events = true;
    EXPECT_EQ(watch_request(types::pods, options).target,
              "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=301"
              "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
}

TEST(Request, Writes) {
    Json const object = {{"metadata", {{"name", "s"}, {"namespace", "n"}}}};
    ApiRequest const create = create_request(types::secrets, "n", object);
    EXPECT_EQ(create.method + " " + create.target, "POST /api/v1/namespaces/n/secrets");
    EXPECT_EQ(create.content_type, "application/json");
    EXPECT_EQ(create.body, object.dump());

    ApiRequest const update = update_request(types::secrets, object, "");
    EXPECT_EQ(update.method + " " + update.target, "PUT /api/v1/namespaces/n/secrets/s");

    ApiRequest const apply =
        apply_request(types::secrets, object, {"registry-tenancy-operator", true, true, ""});
    EXPECT_EQ(apply.method + " " + apply.target,
              "PATCH /api/v1/namespaces/n/secrets/s?fieldManager=registry-tenancy-operator"
              "&force=true&dryRun=All");
    EXPECT_EQ(apply.content_type, "application/apply-patch+yaml");
    EXPECT_EQ(apply_request(types::secrets, object, {"m", false, false, "status"}).target,
              "/api/v1/namespaces/n/secrets/s/status?fieldManager=m");

    ApiRequest const patch = merge_patch_request(types::secrets, {"n", "s"}, {{"a", 1}}, "");
    EXPECT_EQ(patch.method + " " + patch.target, "PATCH /api/v1/namespaces/n/secrets/s");
    EXPECT_EQ(patch.content_type, "application/merge-patch+json");

    ApiRequest const token =
        create_subresource_request(types::service_accounts, {"n", "sa"}, "token", Json::object());
    EXPECT_EQ(token.method + " " + token.target,
              "POST /api/v1/namespaces/n/serviceaccounts/sa/token");
}

TEST(Request, DeletesCarryTheirPreconditionsInTheBody) {
    EXPECT_EQ(delete_request(types::secrets, {"n", "s"}, {}).body, "");
    ApiRequest const guarded = delete_request(types::secrets, {"n", "s"}, {"u", "5"});
    EXPECT_EQ(guarded.method + " " + guarded.target, "DELETE /api/v1/namespaces/n/secrets/s");
    EXPECT_EQ(Json::parse(guarded.body), Json::parse(R"({"apiVersion":"v1","kind":"DeleteOptions",
                              "preconditions":{"uid":"u","resourceVersion":"5"}})"));
    EXPECT_EQ(
        Json::parse(delete_request(types::secrets, {"n", "s"}, {"u", ""}).body)["preconditions"],
        (Json{{"uid", "u"}}));
}

}  // namespace
}  // namespace rt::kube
