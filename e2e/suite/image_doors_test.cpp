#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class ImageDoors : public TenancyTest {};

TEST_F(ImageDoors, of_every_workload_kind_are_watched) {
    std::string const ns = make_governed_namespace();
    for (std::string const kind : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                                   "ReplicationController", "Job", "CronJob"}) {
        SCOPED_TRACE(kind);
        std::string const path = kind == "CronJob"
                                     ? "spec.jobTemplate.spec.template.spec.containers[0]"
                                     : "spec.template.spec.containers[0]";
        EXPECT_TRUE(
            refused(try_apply(workload_manifest(kind, ns, "greedy", std::string(foreign_image))),
                    {"[RT-NotAllowed]", path}));
        EXPECT_TRUE(
            done(try_apply(workload_manifest(kind, ns, "modest", std::string(allowed_image)))));
    }
}

TEST_F(ImageDoors, of_init_containers_and_image_volumes_are_watched) {
    std::string const ns = make_governed_namespace();
    Json const good = pod_manifest(ns, "pod", std::string(allowed_image));
    Json init = good;
    init["spec"]["initContainers"] =
        Json::array({{{"name", "first"}, {"image", std::string(foreign_image)}}});
    EXPECT_TRUE(refused(try_apply(init), {"[RT-NotAllowed]", "initContainers[0]"}));
    Json volume = good;
    volume["spec"]["volumes"] =
        Json::array({{{"name", "model"}, {"image", {{"reference", std::string(foreign_image)}}}}});
    EXPECT_TRUE(refused(try_apply(volume), {"[RT-NotAllowed]", "volumes[0]"}));
    Json sidecar = good;
    sidecar["spec"]["containers"].push_back(
        {{"name", "second"}, {"image", std::string(foreign_image)}});
    EXPECT_TRUE(refused(try_apply(sidecar), {"[RT-NotAllowed]", "containers[1]"}));
    EXPECT_TRUE(done(try_apply(good)));
}

TEST_F(ImageDoors, of_ephemeral_containers_are_watched) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(pod_manifest(ns, "pod", std::string(allowed_image)))));
    auto const debug = [&](std::string_view image) {
        return kubectl({"-n", ns, "debug", "pod", "--image=" + std::string(image), "--attach=false",
                        "--profile=general"});
    };
    EXPECT_TRUE(refused(debug(foreign_image), {"[RT-NotAllowed]", "ephemeralContainers[0]"}));
    EXPECT_TRUE(done(debug(allowed_image)));
}

TEST_F(ImageDoors, open_to_no_way_of_writing_a_foreign_image) {
    std::string const ns = make_governed_namespace();
    std::string const host(vpc_host);
    std::string const hex(64, 'a');
    struct Case {
        std::string image;
        std::vector<std::string> texts;
    };
    std::vector<Case> const cases = {
        {"nginx", {"docker.io/library/nginx"}},
        {"cainiao/a1:v0.1", {"docker.io/cainiao/a1"}},
        {host + "/cainiao-x/a1:v0.1", {}},
        {host + "/cainiaox/a1", {}},
        {host + "/alipay/cainiao/a1", {}},
        {host + "/cainiao", {}},
        {host + ":8443/cainiao/a1:v0.1", {}},
        {host + ":0/cainiao/a1:v0.1", {}},
        {"SHAREACR-registry-vpc.cn-shanghai.cr.aliyuncs.com/cainiao/a1:v0.1", {host}},
        {host + ".evil.example.com/cainiao/a1", {}},
        {"evil.example.com/" + host + "/cainiao/a1", {}},
        {host + "/cainiao/../alipay/a1", {}},
        {host + "//cainiao/a1", {}},
        {host + "/cainiao/a1@sha512:" + hex + hex, {}},
        {"sha256:" + hex, {}},
        {host + "/cainiao/a1:v0.1@sha256:123", {}},
        {"https://" + host + "/cainiao/a1", {}},
    };
    for (Case const& one : cases) {
        SCOPED_TRACE(one.image);
        auto const result = try_apply(pod_manifest(ns, "pod", one.image));
        EXPECT_TRUE(refused(result, {"[RT-"}));
        EXPECT_TRUE(refused(result, one.texts));
    }
    for (std::string const& image :
         {host + "/cainiao/a1", host + "/cainiao/deep/er/a1:v9", host + "/cainiao/a1@sha256:" + hex,
          std::string(public_host) + "/cainiao/a1:v0.1"}) {
        SCOPED_TRACE(image);
        EXPECT_TRUE(done(try_apply(pod_manifest(ns, "pod", image))));
    }
}

}  // namespace
}  // namespace e2e
