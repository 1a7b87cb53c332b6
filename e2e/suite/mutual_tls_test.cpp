#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// config/overlays/mutual-tls, which is what hack/deploy installs on the local cluster. Runs alone:
/// it takes the webhook configuration away.
class MutualTls : public TenancyTest {
  protected:
    /// The address of a webhook Pod that is not on its way out.
    static std::string pod_ip() {
        for (Json const& pod : list("pods", std::string(product_namespace),
                                    "app.kubernetes.io/name=registry-tenancy-webhook")) {
            if (text_at(pod, "/metadata/deletionTimestamp").empty()) {
                return text_at(pod, "/status/podIP");
            }
        }
        return {};
    }

    /// What a webhook Pod answers to somebody inside the cluster, who shows the certificate of that
    /// name (build/cluster/pki) or, without one, none. "000": nothing, the connection was refused.
    static std::string status_for(std::string const& ip, std::string const& who) {
        std::vector<std::string> command = {repository() + "/e2e/cluster/inside",
                                            "curl",
                                            "-sk",
                                            "-m",
                                            "5",
                                            "-o",
                                            "/dev/null",
                                            "-w",
                                            "%{http_code}",
                                            "https://" + ip + ":8443/validate"};
        if (!who.empty()) {
            std::string const pair = cluster_directory() + "/pki/" + who;
            command.insert(command.end(), {"--cert", pair + ".crt", "--key", pair + ".key"});
        }
        return run(command).out;
    }
};

TEST_F(MutualTls, lets_the_api_server_in_and_nobody_else) {
    std::string const ns = make_governed_namespace();
    auto const judged = [&] {
        EXPECT_TRUE(done(try_apply(pod_manifest(ns, "good", std::string(allowed_image)))));
        EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "bad", std::string(foreign_image))),
                            {"[RT-NotAllowed]"}));
    };
    judged();

    std::string const ip = pod_ip();
    ASSERT_NE(ip, "");
    EXPECT_EQ(status_for(ip, "apiserver-webhook-client"), "405") << "the control: GET, not POST";
    EXPECT_EQ(status_for(ip, ""), "000");
    EXPECT_EQ(status_for(ip, "front-proxy-client"), "000") << "another authority's";
    EXPECT_EQ(status_for(ip, "admin"), "403") << "the right authority's, another name";

    // The publisher has no such certificate either, and must still find out that a webhook answers.
    ASSERT_TRUE(done(kubectl({"delete", "validatingwebhookconfiguration", "registry-tenancy"})));
    EXPECT_TRUE(eventually(std::chrono::seconds(45), [] {
        return get("validatingwebhookconfiguration", "registry-tenancy") ? ""
                                                                         : "not published again";
    }));
    EXPECT_TRUE(eventually(soon, [&] {
        return try_apply(pod_manifest(ns, "bad", std::string(foreign_image))).ok()
                   ? "the API server has not noticed the configuration yet"
                   : "";
    }));
    judged();
}

}  // namespace
}  // namespace e2e
