#include <gtest/gtest.h>

#include <sstream>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/kubectl.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// The YAML documents of a text.
std::vector<std::string> documents(std::string const& text) {
    std::vector<std::string> out(1);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line == "---") {
            out.emplace_back();
        } else {
            out.back() += line + '\n';
        }
    }
    return out;
}

class Overlay : public testing::TestWithParam<std::string> {};

TEST_P(Overlay, is_accepted_whole_by_the_api_server) {
    CommandResult const rendered =
        kubectl({"kustomize", repository() + "/config/overlays/" + GetParam()});
    ASSERT_TRUE(done(rendered));
    // cert-manager is not installed here, so its own kinds can't be tried; what they are to write
    // can be read.
    std::string ours;
    std::string of_cert_manager;
    for (std::string const& document : documents(rendered.out)) {
        bool const foreign = document.find("apiVersion: cert-manager.io/") != std::string::npos;
        (foreign ? of_cert_manager : ours) += "---\n" + document;
    }
    CommandResult const tried = kubectl(
        {"apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"}, ours);
    EXPECT_TRUE(done(tried));
    for (std::string const program : {"webhook", "operator", "publisher"}) {
        EXPECT_NE(tried.out.find("deployment.apps/registry-tenancy-" + program), std::string::npos)
            << tried.out;
    }
    EXPECT_EQ(of_cert_manager.empty(), GetParam() != "cert-manager");
    if (!of_cert_manager.empty()) {
        for (std::string const line : {"secretName: registry-tenancy-webhook-cert",
                                       "- registry-tenancy-webhook.registry-tenancy-system.svc"}) {
            EXPECT_NE(of_cert_manager.find(line), std::string::npos) << of_cert_manager;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(, Overlay,
                         testing::Values("hardened", "cert-manager", "mutual-tls",
                                         "evict-waiting-pods"),
                         [](auto const& instance) {
                             std::string name = instance.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace e2e
