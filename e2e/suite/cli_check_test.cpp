#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

// kubectl tenancy check says before what the webhook says later.
namespace e2e {
namespace {

class CliCheck : public TenancyTest {
  protected:
    /// Two governed namespaces with rules of their own, and one that nobody governs.
    void make_world() {
        deny_ = make_namespace("deny");
        warn_ = make_namespace("warn");
        free_ = make_namespace("free");
        Tenancy tenancy;
        tenancy.name = name("deny-tenancy");
        tenancy.namespaces = {deny_};
        Json manifest = tenancy.manifest();
        manifest["spec"]["registries"][0]["allow"].push_back(
            {{"repository", "base/jdk"}, {"deprecated", "use cainiao/jdk"}});
        manifest["spec"]["imagePullSecrets"] = {{"policy", "Listed"}, {"allowed", {"mine"}}};
        remember_tenancy(tenancy.name);
        ASSERT_TRUE(done(apply(manifest)));
        ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }));
        tenancy.name = name("warn-tenancy");
        tenancy.namespaces = {warn_};
        tenancy.enforcement = "Warn";
        make_ready_tenancy(tenancy);
    }

    std::string deny_;
    std::string warn_;
    std::string free_;
};

std::string pod_spec_of(std::string const& kind) {
    return kind == "Pod"       ? "/spec"
           : kind == "CronJob" ? "/spec/jobTemplate/spec/template/spec"
                               : "/spec/template/spec";
}

/// Manifests that differ in kind, namespace, images, doors and pull Secrets; the same ones in
/// every run.
class Manifests {
  public:
    explicit Manifests(std::vector<std::string> namespaces) : namespaces_(std::move(namespaces)) {}

    Json next() {
        std::string const kind = pick(kinds_);
        std::string const ns = pick(namespaces_);
        std::string const name = "generated-" + std::to_string(count_++);
        Json object = kind == "Pod" ? pod_manifest(ns, name, image())
                                    : workload_manifest(kind, ns, name, image());
        Json& spec = object[Json::json_pointer(pod_spec_of(kind))];
        if (chance(3)) {
            spec["initContainers"] = Json::array({{{"name", "init"}, {"image", image()}}});
        }
        if (chance(4)) {
            spec["containers"].push_back({{"name", "second"}, {"image", image()}});
        }
        if (chance(3)) {
            spec["imagePullSecrets"] = Json::array(
                {{{"name", "registry-tenancy"}}, {{"name", chance(2) ? "mine" : "theirs"}}});
        }
        return object;
    }

  private:
    bool chance(unsigned one_in) { return random_() % one_in == 0; }
    std::string const& pick(std::vector<std::string> const& from) {
        return from[random_() % from.size()];
    }
    std::string image() {
        std::string const host(chance(2) ? vpc_host : public_host);
        if (!chance(3)) {
            return host + "/cainiao/a1:v0.1";
        }
        std::string const text = pick(hosts_and_paths_);
        std::string const path = text.starts_with('/') ? host + text : text;
        return chance(2) ? path : path + pick(tags_);
    }

    std::mt19937 random_{4711};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in every run
    std::size_t count_ = 0;
    std::vector<std::string> namespaces_;
    std::vector<std::string> const kinds_{"Pod",       "Deployment", "StatefulSet",
                                          "DaemonSet", "ReplicaSet", "ReplicationController",
                                          "Job",       "CronJob"};
    std::vector<std::string> const hosts_and_paths_{"/cainiao/a1",
                                                    "/cainiao/deep/er/a2",
                                                    "/cainiao-x/a1",
                                                    "/cainiao",
                                                    "/alipay/a1",
                                                    "/base/jdk",
                                                    "/base/jdk/more",
                                                    "nginx",
                                                    "library/nginx",
                                                    "quay.io/a/b",
                                                    "docker.io/a",
                                                    "UPPER/case",
                                                    "Host.io/a/b",
                                                    "host.io:0/a/b",
                                                    "a//b",
                                                    "/Cainiao/a1",
                                                    "-bad-/x",
                                                    "sha256",
                                                    "localhost/cainiao/a1"};
    std::vector<std::string> const tags_{":v0.1",
                                         ":latest",
                                         "@sha256:" + std::string(64, 'a'),
                                         "@sha512:" + std::string(128, 'b'),
                                         ":bad/tag",
                                         ":v1@sha256:" + std::string(64, 'c')};
};

/// What check said about each object, by name: the first denial's code, or "" for allowed.
std::map<std::string, std::string> by_object(Json const& entries) {
    std::map<std::string, std::string> verdicts;
    for (Json const& entry : entries) {
        std::string& code = verdicts[text_at(entry, "/object/name")];
        if (code.empty() && text_at(entry, "/verdict") == "deny") {
            code = text_at(entry, "/code");
        }
    }
    return verdicts;
}

/// What the API server said: allowed objects by name on standard output, and the codes of the
/// others, in their order, on standard error.
struct ServerSaid {
    std::set<std::string> allowed;
    std::vector<std::string> codes;
};

ServerSaid server_says(Json const& items) {
    Json const list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}};
    auto const result =
        kubectl({"create", "--dry-run=server", "-f", "-"}, list.dump(), std::chrono::seconds(240));
    EXPECT_FALSE(result.timed_out);
    ServerSaid said;
    std::istringstream out(result.out);
    for (std::string line; std::getline(out, line);) {
        std::size_t const slash = line.find('/');
        said.allowed.insert(line.substr(slash + 1, line.find(' ') - slash - 1));
    }
    std::istringstream err(result.err);
    for (std::string line; std::getline(err, line);) {
        std::size_t const begin = line.find("denied the request: [");
        if (begin != std::string::npos) {
            std::size_t const code = line.find('[', begin) + 1;
            said.codes.push_back(line.substr(code, line.find(']', code) - code));
        } else if (line.starts_with("Error")) {
            ADD_FAILURE() << "not refused by us: " << line;
        }
    }
    return said;
}

TEST_F(CliCheck, agrees_with_the_live_webhook_for_ten_thousand_manifests) {
    make_world();
    constexpr std::size_t manifests_count = 10'000;
    constexpr std::size_t one_in = 25;
    Manifests manifests({deny_, deny_, warn_, free_});
    Json all = Json::array();
    Json sample = Json::array();
    for (std::size_t i = 0; i < manifests_count; ++i) {
        all.push_back(manifests.next());
        if (i % one_in == 0) {
            sample.push_back(all.back());
        }
    }
    Json const list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", all}};
    auto const checked =
        tenancy_cli({"check", "-f", "-", "-o", "json"}, list.dump(), std::chrono::seconds(240));
    ASSERT_EQ(checked.status, 1) << checked.err;
    auto const verdicts = by_object(Json::parse(checked.out));
    ASSERT_EQ(verdicts.size(), manifests_count);
    auto const said = server_says(sample);
    ASSERT_EQ(said.allowed.size() + said.codes.size(), sample.size());
    std::size_t denied = 0;
    std::map<std::string, int> codes;
    for (Json const& object : sample) {
        std::string const object_name = text_at(object, "/metadata/name");
        std::string const& code = verdicts.at(object_name);
        ++codes[code];
        EXPECT_EQ(code.empty(), said.allowed.contains(object_name))
            << object << "\ncheck: " << code;
        if (!said.allowed.contains(object_name)) {
            EXPECT_EQ(code, said.codes.at(denied++)) << object;
        }
    }
    // The sample is worth something: every way to fare is in it.
    for (std::string const code : {"", "RT-NotAllowed", "RT-Unparseable", "RT-ForeignSecret"}) {
        EXPECT_GT(codes[code], 3) << '"' << code << '"';
    }
}

TEST_F(CliCheck, says_offline_what_it_says_live) {
    make_world();
    // What GitOps has in its repository: the same objects, as files.
    Json objects = Json::array();
    for (std::string const tenancy : {"deny-tenancy", "warn-tenancy"}) {
        objects.push_back(*get("registrytenancy", name(tenancy)));
    }
    for (std::string const& ns : {deny_, warn_, free_}) {
        objects.push_back(*get("namespace", ns));
    }
    objects.push_back(*get("registry", "shared-acr"));
    ScratchFile const rules(
        "rules.json", Json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", objects}}.dump());
    Manifests manifests({deny_, warn_, free_});
    Json items = Json::array();
    for (int i = 0; i < 500; ++i) {
        items.push_back(manifests.next());
    }
    ScratchFile const file("manifests.json",
                           Json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}}.dump());
    auto const live = tenancy_cli({"check", "-f", file.path(), "-o", "json"});
    auto const offline = run({repository() + "/build/bin/kubectl-tenancy", "check", "-f",
                              file.path(), "--tenancy", rules.path(), "-o", "json"});
    EXPECT_EQ(offline.status, 1) << offline.err;
    EXPECT_EQ(offline.out, live.out);
}

TEST_F(CliCheck, works_as_a_plugin_of_kubectl_with_kustomizations_and_exit_codes) {
    std::string const ns = make_governed_namespace();
    std::string const folder = std::filesystem::temp_directory_path() / name("kustomization");
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/kustomization.yaml")
        << "namespace: " << ns << "\nresources: [pod.yaml]\nimages: [{name: app, newName: "
        << foreign_image.substr(0, foreign_image.find(":v")) << ", newTag: v0.1}]\n";
    std::ofstream(folder + "/pod.yaml") << "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\n"
                                           "spec: {containers: [{name: main, image: app}]}\n";
    std::string const path = repository() + "/build/bin:" + cluster_directory() + "/bin:" +
                             std::string(std::getenv("PATH"));  // NOLINT(concurrency-mt-unsafe)
    auto const result =
        run({"env", "PATH=" + path, "KUBECONFIG=/nowhere:" + cluster_directory() + "/kubeconfig",
             cluster_directory() + "/bin/kubectl", "tenancy", "check", "-k", folder});
    std::filesystem::remove_all(folder);
    EXPECT_EQ(result.status, 1) << result.text();
    EXPECT_NE(result.out.find("[RT-NotAllowed]"), std::string::npos) << result.text();
    EXPECT_EQ(result.out.find('\x1b'), std::string::npos) << "colours without a terminal";
    auto const allowed =
        tenancy_cli({"check", "-f", "-"}, pod_manifest(ns, "a", std::string(allowed_image)).dump());
    EXPECT_EQ(allowed.status, 0) << allowed.text();
    EXPECT_EQ(tenancy_cli({"check", "-f", "/nowhere.yaml"}).status, 2);
}

TEST_F(CliCheck, serves_a_developer_who_may_only_view_the_namespace) {
    std::string const ns = make_governed_namespace();
    std::string const user = name("developer");
    ASSERT_TRUE(done(kubectl(
        {"-n", ns, "create", "rolebinding", "viewer", "--clusterrole=view", "--user=" + user})));
    auto const check_as = [&](std::string_view image) {
        return tenancy_cli({"check", "-f", "-", "--as", user},
                           pod_manifest(ns, "a", std::string(image)).dump());
    };
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result = check_as(allowed_image);
        return result.status == 0 ? "" : result.text();
    }));
    auto const denied = check_as(foreign_image);
    EXPECT_EQ(denied.status, 1) << denied.text();
    EXPECT_NE(denied.out.find("[RT-NotAllowed]"), std::string::npos) << denied.text();
}

}  // namespace
}  // namespace e2e
