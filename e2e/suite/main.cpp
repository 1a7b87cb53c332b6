#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>

#include "e2e/suite/support/command.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/runner.hpp"

namespace {

constexpr char const* usage = R"(registry-tenancy-e2e: end-to-end tests over the installed product

  registry-tenancy-e2e [--jobs N] [--second-cluster DIR]
      all tests, N at a time (default 6), one closing summary; those that disturb others run at the
      end, or from the start in the second cluster
  registry-tenancy-e2e --gtest_filter=…
      chosen tests, in this process

Needs a running cluster with the product (make cluster-up deploy). RT_CLUSTER_DIR names its folder,
by default build/cluster.
)";

/// The Registry that all tests share, and the webhooks; says what to do where they are missing.
bool prepared(std::string const& cluster) {
    auto const kubectl = [&](std::vector<std::string> const& arguments) {
        std::vector<std::string> command = {cluster + "/bin/kubectl", "--kubeconfig",
                                            cluster + "/kubeconfig"};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return e2e::run(command);
    };
    if (!kubectl({"get", "--raw=/readyz"}).ok()) {
        std::cerr << "no API server answers (" << cluster
                  << "/kubeconfig): start one with `make cluster-up`\n";
        return false;
    }
    if (!kubectl({"get", "validatingwebhookconfiguration", "registry-tenancy"}).ok()) {
        std::cerr << "the product is not installed (" << cluster << "): `make deploy`\n";
        return false;
    }
    auto const registry =
        kubectl({"apply", "-f", e2e::repository() + "/config/samples/reference/registry.yaml"});
    if (!registry.ok()) {
        std::cerr << "the shared Registry can't be applied: " << registry.text() << '\n';
    }
    return registry.ok();
}

}  // namespace

int main(int argc, char** argv) {
    bool chosen = false;
    unsigned jobs = 6;
    std::string second_cluster;
    for (int i = 1; i < argc; ++i) {
        chosen = chosen || std::strncmp(argv[i], "--gtest_", 8) == 0;
        if (std::strcmp(argv[i], "--jobs") == 0 && i + 1 < argc) {
            jobs = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
        }
        if (std::strcmp(argv[i], "--second-cluster") == 0 && i + 1 < argc) {
            second_cluster = argv[i + 1];
        }
        if (std::strcmp(argv[i], "--help") == 0) {
            std::cout << usage;
            return 0;
        }
    }
    testing::InitGoogleTest(&argc, argv);
    if (chosen) {
        return RUN_ALL_TESTS();
    }
    if (!prepared(e2e::cluster_directory()) ||
        (!second_cluster.empty() && !prepared(second_cluster))) {
        return 1;
    }
    // The first look at what all tests left. The others restart, kill, stop the webhook, reinstall,
    // and remove the product.
    return e2e::run_all(
        std::filesystem::read_symlink("/proc/self/exe"), jobs == 0 ? 1 : jobs, {"Canary"},
        {"HardenedMetadataService", "Baseline", "ImagePullBackOffEviction", "Restart", "HardKill",
         "NoLockOut", "StaleView", "ClockSkew", "Reach.*", "BreakGlassOfTheWebhook", "SafetyNet",
         "SafetyNetAgreement", "InventoryReports", "MutualTls", "LoadAndDeadline",
         "UninstallBeforeSafetyNet", "InstallAndUninstall"},
        second_cluster);
}
