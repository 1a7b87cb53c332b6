#include "e2e/suite/support/reach_test.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "e2e/suite/support/ecr.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/processes.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"

namespace e2e {
namespace {

constexpr std::chrono::seconds deploy_at_most{150};

constexpr char const* operators_pod = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: registry-tenancy-operator, namespace: registry-tenancy-system}
spec:
  template:
    spec:
      containers:
      - name: operator
        env:
        - {name: HTTPS_PROXY, value: "http://proxy.company.example:3128"}
        - {name: NO_PROXY, value: ".amazonaws.com,.company.example,.example.org"}
      volumes:
      - name: eks-pod-identity-token
        projected: null
        emptyDir: {}
)";

constexpr char const* private_endpoint = R"(webhook:
  clientCAFile: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
  clientSubjects: [kube-apiserver-webhook-client]
operator:
  connectTo:
    api.ecr.eu-central-1.amazonaws.com: vpce-0123-abcd.api.ecr.eu-central-1.vpce.amazonaws.com
)";

std::string proxy_log() {
    std::ifstream file(cluster_directory() + "/logs/proxy.log");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t proxy_log_before = 0;

/// The folder of certificates: the clouds' for everything, the company's for two hosts alone, of
/// which one (harbor.example.org) has a certificate from the clouds' authority.
class CertificateFolder {
  public:
    CertificateFolder()
        : path_(std::filesystem::temp_directory_path() /
                ("registry-tenancy-e2e-" + random_suffix())) {
        std::filesystem::create_directory(path_);
        std::filesystem::path const pki = cluster_directory() + "/pki";
        std::filesystem::copy_file(pki / "cloud-ca.crt", path_ / "ca.crt");
        for (char const* name : {"harbor.company.example.ca", "harbor.example.org.ca"}) {
            std::filesystem::copy_file(pki / "company-ca.crt", path_ / name);
        }
    }
    ~CertificateFolder() { std::filesystem::remove_all(path_); }
    CertificateFolder(CertificateFolder const&) = delete;
    CertificateFolder& operator=(CertificateFolder const&) = delete;
    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

std::vector<std::string> inside(std::vector<std::string> command) {
    command.insert(command.begin(), repository() + "/e2e/cluster/inside");
    return command;
}

/// The process of a running container; empty where it has ended.
std::string process_of(std::string const& container) {
    std::istringstream lines(run(inside({"ctr", "-n", "k8s.io", "tasks", "ls"})).out);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream columns(line);
        std::string id;
        std::string pid;
        if (columns >> id >> pid && id == container) {
            return pid;
        }
    }
    return {};
}

}  // namespace

void Reach::SetUpTestSuite() {
    proxy_log_before = proxy_log().size();
    ScratchFile const patch("operator.yaml", operators_pod);
    ScratchFile const settings("private-endpoint.yaml", private_endpoint);
    CertificateFolder const certificates;
    ASSERT_TRUE(done(run({"env", "PATCH=" + patch.path(), "SETTINGS=" + settings.path(),
                          "CA_BUNDLE=" + certificates.path(), repository() + "/hack/deploy"},
                         "", deploy_at_most)));
}

void Reach::TearDownTestSuite() {
    EXPECT_TRUE(done(run({repository() + "/hack/deploy"}, "", deploy_at_most)));
}

std::string Reach::make_ecr_namespace(std::string const& ns, std::string const& role) {
    EXPECT_TRUE(done(apply(ecr_registry_manifest())));
    Tenancy tenancy;
    tenancy.name = name("tenancy-" + ns);
    tenancy.namespaces = {make_namespace(ns)};
    tenancy.registry = "ecr-111122223333";
    tenancy.role = "arn:aws:iam::111122223333:role/" + role;
    tenancy.allow = {{"namespace", "payments"}};
    make_ready_tenancy(tenancy);
    return tenancy.namespaces.front();
}

void Reach::put_pod_identity_token(std::string const& token) {
    for (Json const& pod : list("pods", std::string(product_namespace),
                                "app.kubernetes.io/name=registry-tenancy-operator")) {
        if (!text_at(pod, "/metadata/deletionTimestamp").empty()) {
            continue;
        }
        std::string const folder = "/var/lib/kubelet/pods/" + text_at(pod, "/metadata/uid") +
                                   "/volumes/kubernetes.io~empty-dir/eks-pod-identity-token/";
        // In one step, so that no half of it is read.
        CommandResult const result =
            run(inside({"sh", "-c",
                        "cat >" + folder + "new && chmod 644 " + folder + "new && mv " + folder +
                            "new " + folder + "eks-pod-identity-token"}),
                token);
        if (!result.ok()) {
            throw std::runtime_error("the token's volume: " + result.text());
        }
    }
}

std::string Reach::asked_of_proxy() {
    std::istringstream lines(proxy_log().substr(proxy_log_before));
    std::string asked;
    for (std::string line; std::getline(lines, line);) {
        // Request (file descriptor 4): CONNECT sts.cn-shanghai.aliyuncs.com:443 HTTP/1.1
        auto const at = line.find("): CONNECT ");
        if (at != std::string::npos) {
            std::istringstream words(line.substr(at + 11));
            std::string target;
            words >> target;
            asked += target + '\n';
        }
    }
    return asked;
}

BlockedForPods::BlockedForPods(std::vector<std::string> const& addresses) {
    std::string list;
    for (std::string const& address : addresses) {
        list += (list.empty() ? "" : ", ") + address;
    }
    CommandResult const result = run(inside({"nft", "-f", "-"}),
                                     "table ip e2e_blocked {\n chain input {\n"
                                     "  type filter hook input priority -10; policy accept;\n"
                                     "  ip saddr 10.244.0.0/16 ip daddr { " +
                                         list + " } tcp dport 443 reject with tcp reset\n }\n}\n");
    if (!result.ok()) {
        throw std::runtime_error("nft: " + result.text());
    }
}

BlockedForPods::~BlockedForPods() {
    CommandResult const result = run(inside({"nft", "delete", "table", "ip", "e2e_blocked"}));
    if (!result.ok()) {
        std::cerr << "addresses stay blocked: " << result.text() << '\n';
    }
}

bool operator_reaches(std::string const& address) {
    auto const containers = containers_of("registry-tenancy-operator");
    std::string const process = containers.empty() ? "" : process_of(containers.front());
    if (process.empty()) {
        throw std::runtime_error("no container of the operator runs");
    }
    return run(inside({"nsenter", "--net", "--target", process, "--", "curl", "-sk", "-m", "5",
                       "-o", "/dev/null", "https://" + address + "/"}))
        .ok();
}

}  // namespace e2e
