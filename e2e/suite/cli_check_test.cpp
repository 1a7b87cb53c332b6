#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "e2e/suite/support/custom_kinds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/exceptions.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

// kubectl tenancy check says before what the webhook says later.
namespace e2e {
namespace {

class CliCheck : public CustomKindTest {
  protected:
    void TearDown() override {
        kubectl({"delete", "rx", name("exception"), "--ignore-not-found", "--wait=false"});
        CustomKindTest::TearDown();
    }

    /// Three governed namespaces with rules of their own, and one that nobody governs.
    void make_world() {
        deny_ = make_namespace("deny");
        warn_ = make_namespace("warn");
        audit_ = make_namespace("audit");
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
        tenancy.name = name("audit-tenancy");
        tenancy.namespaces = {audit_};
        tenancy.enforcement = "Audit";
        make_ready_tenancy(tenancy);
        ASSERT_TRUE(done(apply(exception_manifest(
            name("exception"), {deny_, warn_},
            Json::array({{{"registry", "shared-acr"}, {"repository", "alipay/borrowed"}},
                         {{"host", "quay.io"}, {"namespace", "a"}}}),
            std::chrono::hours(1)))));
        ASSERT_TRUE(eventually(soon, [&]() -> std::string {
            auto const result = try_apply(pod_manifest(deny_, "probe", "quay.io/a/b"));
            return result.ok() ? "" : result.text();
        }));
    }

    std::string deny_;
    std::string warn_;
    std::string audit_;
    std::string free_;
};

std::string pod_spec_of(std::string const& kind) {
    return kind == "Pod"       ? "/spec"
           : kind == "CronJob" ? "/spec/jobTemplate/spec/template/spec"
           : kind == "JobSet"  ? "/spec/replicatedJobs/0/template/spec/template/spec"
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
        Json object = kind == "Pod"      ? pod_manifest(ns, name, image())
                      : kind == "JobSet" ? job_set(ns, name, image())
                                         : workload_manifest(kind, ns, name, image());
        Json& spec = object[Json::json_pointer(pod_spec_of(kind))];
        if (chance(3)) {
            spec["initContainers"] = Json::array({{{"name", "init"}, {"image", image()}}});
        }
        if (chance(4)) {
            spec["containers"].push_back({{"name", "second"}, {"image", image()}});
        }
        if (chance(6)) {
            spec["volumes"] =
                Json::array({{{"name", "model"}, {"image", {{"reference", image()}}}}});
        }
        if (chance(3)) {
            spec["imagePullSecrets"] = Json::array(
                {{{"name", "registry-tenancy"}}, {{"name", chance(2) ? "mine" : "theirs"}}});
        }
        return object;
    }

  private:
    static Json job_set(std::string const& ns, std::string const& name, std::string const& image) {
        Json const job = {{"name", "one"},
                          {"template", {{"spec", {{"template", template_with(image)}}}}}};
        return custom_manifest("jobset.x-k8s.io", "JobSet", ns, name,
                               {{"replicatedJobs", Json::array({job})}});
    }
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
                                          "Job",       "CronJob",    "JobSet"};
    std::vector<std::string> const hosts_and_paths_{
        "/cainiao/a1",   "/cainiao/deep/er/a2", "/cainiao-x/a1",
        "/cainiao",      "/alipay/a1",          "/alipay/borrowed",
        "/base/jdk",     "/base/jdk/more",      "nginx",
        "library/nginx", "quay.io/a/b",         "docker.io/a",
        "UPPER/case",    "Host.io/a/b",         "host.io:0/a/b",
        "a//b",          "/Cainiao/a1",         "-bad-/x",
        "sha256",        "localhost/cainiao/a1"};
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

/// What check warned of, as it is told to people, for objects that it allows in these namespaces.
std::set<std::string> warnings_of(Json const& entries, std::set<std::string> const& namespaces,
                                  std::set<std::string> const& objects) {
    std::set<std::string> warnings;
    for (Json const& entry : entries) {
        if (!text_at(entry, "/code").empty() && text_at(entry, "/verdict") == "allow" &&
            namespaces.contains(text_at(entry, "/object/namespace")) &&
            objects.contains(text_at(entry, "/object/name"))) {
            warnings.insert(text_at(entry, "/message"));
        }
    }
    return warnings;
}

/// What the API server said: allowed objects by name on standard output; on standard error the
/// codes of the others, in their order, and warnings (kubectl shows equal ones once).
struct ServerSaid {
    std::set<std::string> allowed;
    std::vector<std::string> codes;
    std::set<std::string> warnings;
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
        if (line.starts_with("Warning: RT-")) {
            said.warnings.insert(line.substr(std::string("Warning: ").size()));
            continue;
        }
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

std::set<std::string> names_of(Json const& objects) {
    std::set<std::string> names;
    for (Json const& object : objects) {
        names.insert(text_at(object, "/metadata/name"));
    }
    return names;
}

TEST_F(CliCheck, agrees_with_the_live_webhook_for_ten_thousand_manifests) {
    make_world();
    install_kind("jobset.x-k8s.io", "jobsets", "JobSet");
    Json const probe = custom_manifest(
        "jobset.x-k8s.io", "JobSet", deny_, "probe",
        {{"replicatedJobs",
          Json::array({{{"template", {{"spec", {{"template", template_with("nginx")}}}}}}})}});
    ASSERT_TRUE(eventually(soon, [&] { return try_apply(probe).ok() ? "not judged yet" : ""; }));
    constexpr std::size_t manifests_count = 10'000;
    constexpr std::size_t one_in = 25;
    Manifests manifests({deny_, deny_, warn_, audit_, free_});
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
    Json const entries = Json::parse(checked.out);
    auto const verdicts = by_object(entries);
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
    // The same warnings, word for word: deprecated, by an exception, a Secret that is not ours.
    auto const warned = warnings_of(entries, {deny_, warn_}, said.allowed);
    for (std::string const& warning : warned) {
        EXPECT_TRUE(said.warnings.contains(warning)) << "the webhook says nothing of: " << warning;
    }
    auto const known = warnings_of(entries, {deny_, warn_, audit_, free_}, names_of(sample));
    for (std::string const& warning : said.warnings) {
        EXPECT_TRUE(known.contains(warning)) << "check says nothing of: " << warning;
    }
    for (std::string const code : {"RT-Deprecated", "RT-Exception", "RT-ForeignSecret"}) {
        EXPECT_TRUE(std::ranges::any_of(warned, [&](std::string const& warning) {
            return warning.starts_with(code);
        })) << code;
    }
}

TEST_F(CliCheck, says_offline_what_it_says_live) {
    make_world();
    // What GitOps has in its repository: the same objects, as files.
    Json objects = Json::array();
    for (std::string const tenancy : {"deny-tenancy", "warn-tenancy", "audit-tenancy"}) {
        objects.push_back(*get("registrytenancy", name(tenancy)));
    }
    objects.push_back(*get("registryexception", name("exception")));
    for (std::string const& ns : {deny_, warn_, audit_, free_}) {
        objects.push_back(*get("namespace", ns));
    }
    objects.push_back(*get("registry", "shared-acr"));
    ScratchFile const rules(
        "rules.json", Json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", objects}}.dump());
    Manifests manifests({deny_, warn_, audit_, free_});
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

TEST_F(CliCheck, speaks_to_machines) {
    std::string const ns = make_governed_namespace();
    ScratchFile const file("pods.json",
                           Json{{"apiVersion", "v1"},
                                {"kind", "List"},
                                {"items",
                                 {pod_manifest(ns, "good", std::string(allowed_image)),
                                  pod_manifest(ns, "bad", std::string(foreign_image))}}}
                               .dump());
    auto const said = [&](std::string const& format) {
        auto const result = tenancy_cli({"check", "-f", file.path(), "-o", format});
        EXPECT_EQ(result.status, 1) << result.text();
        EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
        return result.out;
    };
    Json const sarif = Json::parse(said("sarif"));
    EXPECT_EQ(text_at(sarif, "/version"), "2.1.0");
    ASSERT_EQ(sarif["runs"][0]["results"].size(), 1U);
    EXPECT_EQ(text_at(sarif, "/runs/0/results/0/ruleId"), "RT-NotAllowed");
    std::string const junit = said("junit");
    EXPECT_NE(junit.find("tests=\"2\" failures=\"1\" errors=\"0\""), std::string::npos) << junit;
    std::string const github = said("github");
    EXPECT_TRUE(github.starts_with("::error file=")) << github;
    EXPECT_NE(github.find("RT-NotAllowed"), std::string::npos) << github;
    Json const json = Json::parse(said("json"));
    ASSERT_EQ(json.size(), 2U);
    for (std::string const key :
         {"file", "object", "path", "image", "verdict", "code", "tenancies", "message"}) {
        EXPECT_TRUE(json[1].contains(key)) << key;
    }
    EXPECT_EQ(text_at(json, "/0/verdict") + " " + text_at(json, "/1/verdict"), "allow deny");
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
