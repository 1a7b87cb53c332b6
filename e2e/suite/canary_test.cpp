// No token, key or docker config in logs, Events, status, metrics, environments of processes; and
// no core dumps, in which it could be. Runs alone, after the tests that run side by side, so that
// it reads what they left behind.
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/google.hpp"
#include "e2e/suite/support/processes.hpp"
#include "e2e/suite/support/secret_shapes.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Fails, without repeating it, where the text holds something of a secret's shape.
void expect_clean(std::string const& where, std::string const& text) {
    EXPECT_EQ(describe_secrets_in(text), "") << where;
}

bool sings_of(std::string const& shape, std::string const& text) {
    auto const found = secrets_in(text);
    return std::find(found.begin(), found.end(), shape) != found.end();
}

/// All logs of the Pod's containers, those of earlier ones as well.
std::string logs_of(std::string const& ns, std::string const& pod) {
    auto const logs = kubectl({"-n", ns, "logs", pod, "--all-containers"});
    EXPECT_TRUE(done(logs));
    return logs.out + kubectl({"-n", ns, "logs", pod, "--previous"}).out;
}

std::string content_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path << " can't be read";
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The process that a container began with, on this machine.
std::string process_of(std::string const& container) {
    CommandResult const tasks =
        run({repository() + "/e2e/cluster/inside", "ctr", "-n", "k8s.io", "tasks", "ls"});
    std::istringstream lines(tasks.out);
    std::string id;
    std::string process;
    for (std::string rest; lines >> id >> process && std::getline(lines, rest);) {
        if (id == container) {
            return process;
        }
    }
    throw std::runtime_error("no task " + container + ": " + tasks.text());
}

/// Where the kernel may dump a process, its files in /proc belong to its own user; where it may
/// not (PR_SET_DUMPABLE), to root, so that other processes of the user can't read them, either.
bool may_be_dumped(std::string const& process) {
    struct stat environment{};
    EXPECT_EQ(stat(("/proc/" + process + "/environ").c_str(), &environment), 0);
    return environment.st_uid != 0;
}

/// One registry of each type, as the other tests have it.
struct Song {
    std::string name;
    Json registry;  ///< null: it is there
    Json entry;     ///< of the tenancy
    Json login;     ///< data of the Secret that the Registry names; null: none
    std::string shape;
    std::string auth_shape;
};

Json registry_of(std::string const& name, std::string const& host, Json spec) {
    spec["hosts"] = Json::array({host});
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", name}}},
            {"spec", spec}};
}

Json entry_of(std::string const& registry, std::string const& role, std::string const& path) {
    Json entry = {{"name", registry}, {"allow", Json::array({{{"namespace", path}}})}};
    if (!role.empty()) {
        entry["role"] = role;
    }
    return entry;
}

std::vector<Song> songs() {
    std::string const robot = "e2e-harbor-robot";
    Json const azure = {
        {"type", "AzureACR"},
        {"azureACR",
         {{"tenantID", "11111111-aaaa-4bbb-8ccc-000000000001"},
          {"cloud", "Public"},
          {"identity",
           {{"type", "OIDC"}, {"oidc", {{"clientID", "a0000000-0000-4000-8000-000000000003"}}}}}}},
        {"allowUnnarrowed", true}};
    Json const ecr = {{"type", "AmazonECR"},
                      {"amazonECR",
                       {{"registryID", "111122223333"},
                        {"region", "eu-central-1"},
                        {"sessionTags", true},
                        {"identity", {{"type", "InstanceRole"}}}}},
                      {"allowedRoles", {"arn:aws:iam::111122223333:role/ecr-*"}}};
    Json const harbor = {
        {"type", "Harbor"},
        {"harbor",
         {{"url", "https://harbor.example.com"},
          {"identity", {{"type", "AccessKey"}, {"accessKey", {{"secretName", robot}}}}}}}};
    Json acr_entry = entry_of("shared-acr", role_arn("acr-cainiao"), "cainiao");
    acr_entry["externalID"] = "{cluster}";
    Json ecr_entry =
        entry_of("ecr-111122223333", "arn:aws:iam::111122223333:role/ecr-payments", "payments");
    ecr_entry["externalID"] = "{cluster}";
    return {
        {"alibaba", {}, acr_entry, {}, "user and password", "auth of a docker config for Alibaba"},
        {"amazon",
         registry_of("ecr-111122223333", "111122223333.dkr.ecr.eu-central-1.amazonaws.com", ecr),
         ecr_entry,
         {},
         "password of ECR",
         "auth of a docker config for ECR"},
        {"google",
         {},
         entry_of("gar-" + std::string(google_oidc_location), google_account("pull-payments"),
                  "acme-images/payments"),
         {},
         "Google access token",
         "auth of a docker config for Google"},
        {"azure",
         registry_of("azure-oidc", "demooidc.azurecr.io", azure),
         entry_of("azure-oidc", "", "payments"),
         {},
         "login with an Azure token",
         "auth of a docker config for Azure"},
        {"harbor",
         registry_of("e2e-harbor", "harbor.example.com", harbor),
         entry_of("e2e-harbor", "", "cainiao"),
         {{"username", "robot$registry-tenancy"},
          {"password", "simulated-secret-of-registry-tenancys-robot"}},
         "robot's secret",
         "auth of a robot"},
    };
}

class Canary : public TenancyTest {
  protected:
    /// A Ready tenancy with that entry, and that its Secret is found in every form.
    void expect_to_sing(Json const& entry, std::string const& shape,
                        std::string const& auth_shape) {
        std::string const ns = govern_with(entry);
        auto const secret = pull_secret(ns);
        ASSERT_TRUE(secret);
        EXPECT_TRUE(sings_of(shape, secret->login()));
        EXPECT_TRUE(sings_of(auth_shape, base64_encoded(secret->login())));
        EXPECT_TRUE(sings_of("docker config", base64_decoded(secret->data)));
        EXPECT_TRUE(sings_of("docker config in base64", secret->data));
    }
};

class CanaryOfEach : public Canary, public testing::WithParamInterface<std::size_t> {};

TEST_P(CanaryOfEach, would_sing) {
    Song const song = songs()[GetParam()];
    if (!song.login.is_null()) {
        // Shared with the tests of its type: it stays.
        ASSERT_TRUE(done(
            apply({{"apiVersion", "v1"},
                   {"kind", "Secret"},
                   {"metadata", {{"name", "e2e-harbor-robot"}, {"namespace", product_namespace}}},
                   {"stringData", song.login}})));
        for (auto const& [key, value] : song.login.items()) {
            EXPECT_TRUE(key == "username" ||
                        sings_of("fixed secret or password", value.get<std::string>()));
        }
    }
    if (song.name == "google") {
        ASSERT_TRUE(apply_google_registry(google_oidc_location));
    } else if (!song.registry.is_null()) {
        ASSERT_TRUE(done(apply(song.registry)));
    }
    expect_to_sing(song.entry, song.shape, song.auth_shape);
}

INSTANTIATE_TEST_SUITE_P(Type, CanaryOfEach, testing::Range(std::size_t{0}, songs().size()),
                         [](auto const& each) { return songs()[each.param].name; });

TEST_F(Canary, would_sing_about_a_static_credential) {
    std::string const login = "puller@1146716667364888:simulated-password-of-the-puller";
    Json const config = {{"auths", {{own_host(), {{"auth", base64_encoded(login)}}}}}};
    make_product_secret(name("login"), "kubernetes.io/dockerconfigjson",
                        {{".dockerconfigjson", config.dump()}});
    make_registry({{"type", "DockerConfigSecret"},
                   {"dockerConfigSecret", {{"secretName", name("login")}}},
                   {"allowUnnarrowed", true}});
    expect_to_sing(entry_of(name("registry"), "", "cainiao"), "fixed secret or password",
                   "auth of a docker config with a fixed password");
}

/// What every identity begins with: the node's (from the metadata services), tokens of
/// ServiceAccounts (identities OIDC and ServiceAccount), fixed keys (AccessKey).
TEST_F(Canary, would_sing_about_what_identities_begin_with) {
    auto const node = [](std::string const& script) {
        CommandResult const got = run({repository() + "/e2e/cluster/inside", "sh", "-ec", script});
        EXPECT_TRUE(done(got));
        return got.out;
    };
    std::string const curl = "curl --silent --show-error --fail --max-time 20 ";
    EXPECT_TRUE(
        sings_of("security token of Alibaba",
                 node(curl + "http://100.100.100.200/latest/meta-data/ram/security-credentials/"
                             "kubernetesworkerrole-b")));
    EXPECT_TRUE(sings_of(
        "session token of AWS",
        node("t=$(" + curl +
             "-X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "
             "http://169.254.169.254/latest/api/token); " +
             curl +
             "-H \"X-aws-ec2-metadata-token: $t\" http://169.254.169.254/latest/meta-data/iam/"
             "security-credentials/eks-node")));
    EXPECT_TRUE(
        sings_of("Google access token",
                 node(curl + "-H 'Metadata-Flavor: Google' http://metadata.google.internal/"
                             "computeMetadata/v1/instance/service-accounts/default/token")));
    EXPECT_TRUE(
        sings_of("bearer token",
                 node(curl + "-H 'Metadata: true' 'http://169.254.169.254/metadata/identity/"
                             "oauth2/token?api-version=2018-02-01&client_id=a0000000-0000-4000-"
                             "8000-000000000002&resource=https://management.azure.com/'")));
    auto const token = kubectl(
        {"-n", std::string(product_namespace), "create", "token", "registry-tenancy-operator"});
    ASSERT_TRUE(done(token));
    EXPECT_TRUE(sings_of("bearer token", token.out));
    for (std::string const key :
         {"simulated-secret-of-registry-tenancy", "simulated-aws-secret-of-registry-tenancy",
          "simulated-secret-of-azure-puller"}) {
        EXPECT_TRUE(sings_of("fixed secret or password", key));
    }
}

/// The control: what looks for secrets finds one that was put there on purpose, where it looks.
TEST_F(Canary, finds_what_is_planted_in_a_log_and_in_an_environment) {
    std::string const planted = "cr_temp_user:planted-by-the-canary";
    std::string const ns = make_namespace("planted");
    Json pod = pod_manifest(ns, "careless", "platform.registry.local/busybox:v0.1");
    pod["spec"]["containers"][0]["command"] = {"sh", "-c", "echo \"$LOGIN\"; sleep 3600"};
    pod["spec"]["containers"][0]["env"] = Json::array({{{"name", "LOGIN"}, {"value", planted}}});
    ASSERT_TRUE(done(apply(pod)));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_running(ns, "careless"); }));
    EXPECT_TRUE(eventually(soon, [&] {
        return sings_of("user and password", logs_of(ns, "careless")) ? "" : "not in the log";
    }));
    auto const object = get("pod", "careless", ns);
    ASSERT_TRUE(object);
    std::string const id = text_at(*object, "/status/containerStatuses/0/containerID");
    std::string const process = process_of(id.substr(id.find("://") + 3));
    EXPECT_TRUE(sings_of("user and password", content_of("/proc/" + process + "/environ")));
    EXPECT_TRUE(may_be_dumped(process)) << "as every program that does nothing against it";
    auto const pods = kubectl({"get", "pods", "-n", ns, "-o", "json"});
    EXPECT_TRUE(sings_of("user and password", pods.out)) << "an object that is no Secret";
    // The tests after this one look everywhere.
    EXPECT_TRUE(done(kubectl({"-n", ns, "delete", "pod", "careless", "--timeout=55s"})));
}

TEST_F(Canary, finds_no_secret_in_logs) {
    std::string const product(product_namespace);
    auto const pods = list("pods", product);
    ASSERT_GE(pods.size(), 3U);
    std::size_t total = 0;
    for (Json const& pod : pods) {
        std::string const pod_name = text_at(pod, "/metadata/name");
        std::string const logs = logs_of(product, pod_name);
        expect_clean("the log of " + pod_name, logs);
        total += logs.size();
    }
    EXPECT_GT(total, 0U) << "nothing was logged at all: this proves nothing";
    expect_clean("the simulators' request log", cloud_request_log());
}

TEST_F(Canary, finds_no_secret_in_processes_and_none_can_leave_a_core_dump) {
    for (std::string const program :
         {"registry-tenancy-operator", "registry-tenancy-webhook", "registry-tenancy-publisher"}) {
        auto const containers = containers_of(program);
        ASSERT_FALSE(containers.empty()) << program;
        for (std::string const& container : containers) {
            std::string const folder = "/proc/" + process_of(container) + "/";
            for (char const* file : {"environ", "cmdline"}) {
                std::string const text = content_of(folder + file);
                EXPECT_FALSE(text.empty()) << program << " " << file;
                expect_clean(program + " " + file, text);
            }
            std::istringstream limits(content_of(folder + "limits"));
            std::string core;
            for (std::string line; std::getline(limits, line);) {
                core = line.rfind("Max core file size", 0) == 0 ? line : core;
            }
            std::istringstream words(core);
            std::vector<std::string> const word{std::istream_iterator<std::string>(words), {}};
            ASSERT_GE(word.size(), 6U) << core;
            EXPECT_EQ(word[4] + " " + word[5], "0 0") << program << ": " << core;
            EXPECT_FALSE(may_be_dumped(process_of(container))) << program;
        }
    }
}

TEST_F(Canary, finds_no_secret_in_objects_that_are_no_secrets) {
    for (std::string const kind :
         {"events", "events.events.k8s.io", "registries", "registrytenancies", "registrygrants",
          "configmaps", "pods", "deployments", "leases", "serviceaccounts",
          "mutatingwebhookconfigurations", "validatingwebhookconfigurations"}) {
        auto const all = kubectl({"get", kind, "-A", "-o", "json", "--show-managed-fields"});
        ASSERT_TRUE(done(all)) << kind;
        expect_clean(kind, all.out);
    }
}

TEST_F(Canary, finds_no_secret_in_secret_metadata) {
    for (Json const& secret : list("secrets")) {
        if (text_at(secret, "/metadata/name") != pull_secret_name) {
            continue;
        }
        expect_clean("metadata of the Secret in " + text_at(secret, "/metadata/namespace"),
                     secret["metadata"].dump());
    }
}

TEST_F(Canary, finds_no_secret_in_metrics) {
    std::string const product(product_namespace);
    std::size_t answered = 0;
    for (Json const& pod : list("pods", product)) {
        std::string const pod_name = text_at(pod, "/metadata/name");
        auto const metrics = kubectl(
            {"get", "--raw",
             "/api/v1/namespaces/" + product + "/pods/" + pod_name + ":8080/proxy/metrics"});
        if (metrics.ok() && metrics.out.find("# TYPE") != std::string::npos) {
            ++answered;
        }
        expect_clean("metrics of " + pod_name, metrics.out + metrics.err);
    }
    EXPECT_GE(answered, 3U) << "webhook, operator and publisher have metrics";
}

}  // namespace
}  // namespace e2e
