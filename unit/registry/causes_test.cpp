#include "lib/registry/causes.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "lib/base/text.hpp"
#include "lib/registry/network.hpp"

namespace rt::registry {
namespace {

bool holds(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

TEST(Causes, OfCloudsFollowFromTheirCodes) {
    struct Case {
        std::string message;
        std::string part;
    };
    for (auto const& [message, part] : std::vector<Case>{
             {"AssumeRole: NoPermission: You are not authorized (RequestId 1)", "one of three"},
             {"AssumeRole: AccessDenied: User: x is not authorized to perform: sts:AssumeRole",
              "no such role"},
             {"not obtained (ClockSkew)", "NTP"},
             {"AssumeRole: AccessDenied: not authorized to perform: sts:TagSession",
              "sts:TagSession"},
             {"scope map at management.azure.com: AuthorizationFailed: The client",
              "kubectl tenancy policy cainiao prints"},
             {"AssumeRoleWithWebIdentity: AccessDenied: Not authorized", "callerTrust"},
             {"AssumeRole: InvalidTimeStamp.Expired: x", "clocks"},
             {"AssumeRole: SignatureDoesNotMatch: Signature expired: 2026 is now earlier",
              "clocks"},
             {"GetAuthorizationToken: the credential arrived already expired", "clocks"},
             {"AssumeRole: EntityNotExist.Role: x", "create it"},
             {"GetAuthorizationToken: NoPermission: x", "cr:GetAuthorizationToken"},
             {"GetAuthorizationToken: AccessDeniedException: x", "ecr:GetAuthorizationToken"},
             {"AssumeRole: InvalidAccessKeyId.NotFound: x", "AccessKey"},
             {"AssumeRole: Throttling.User: x", "call quota"},
             {"sts.x: resolving the name failed", "resolve"},
             {"AssumeRoleWithOIDC: AuthenticationFail.NoPermission: No such OIDC Provider "
              "registered.",
              "register the cluster"},
             {"AssumeRoleWithOIDC: AuthenticationFail.NoPermission: There is no permission",
              "callerTrust"},
             {"EKS Pod Identity agent: HTTP 400, AccessDeniedException", "pods.eks.amazonaws.com"},
             {"EKS Pod Identity agent: HTTP 400, InvalidTokenException", "without help"},
             {"EKS Pod Identity agent: 169.254.170.23: no complete answer within 5000 ms",
              "add-on"},
             {"generateAccessToken: PERMISSION_DENIED: Permission "
              "'iam.serviceAccounts.getAccessToken' denied on resource",
              "act as the service account"},
             {"token exchange: invalid_grant: The audience in ID Token", "ISSUER"},
             {"Entra ID: AADSTS700213: No matching federated identity record", "federated"},
             {"Entra ID: AADSTS700016: Application not found", "no such application"},
             {"Creating a robot at https://harbor.example.com: 403 DENIED", "itself pull"},
             {"Creating a robot at https://harbor.example.com: 403 FORBIDDEN", "make robots"},
         }) {
        EXPECT_TRUE(holds(cloud_cause(message, "cainiao"), part)) << message << '\n'
                                                                  << cloud_cause(message, "x");
    }
    EXPECT_TRUE(holds(cloud_cause("AssumeRole: NoPermission", "cainiao"), "policy cainiao "));
    EXPECT_EQ(cloud_cause("something else", "cainiao"), "");
    std::string const message = "AssumeRole: NoPermission: x";
    EXPECT_EQ(cloud_cause(message + ": " + cloud_cause(message, "cainiao"), "cainiao"), "")
        << "what an Event says already";
}

/// Every row of "What clouds say": what its first cell names has a cause here.
TEST(Causes, AreThoseThatTheDocumentationTells) {
    std::ifstream page(RT_SOURCE_DIR "/docs/troubleshooting.md");
    bool in_table = false;
    int rows = 0;
    for (std::string line; std::getline(page, line);) {
        in_table = line.starts_with("## ") ? line == "## What clouds say" : in_table;
        std::size_t const end = line.find(" | ");
        if (!in_table || !line.starts_with("| `") || end == std::string::npos) {
            continue;
        }
        // `A` with `B` or `C`: A and one of the others; otherwise each by itself.
        std::string_view const cell = std::string_view(line).substr(0, end);
        auto const parts = split(cell, '`');
        bool const combined = cell.find("` with `") != std::string_view::npos;
        for (std::size_t i = combined ? 3 : 1; i < parts.size(); i += 2) {
            std::string const message =
                (combined ? std::string(parts[1]) + ' ' : "") + std::string(parts[i]);
            EXPECT_NE(cloud_cause(message, "cainiao"), "") << message << " of " << line;
        }
        ++rows;
    }
    EXPECT_GT(rows, 15);
}

TEST(Causes, OfNamesTellVpcFromPublicOnes) {
    std::string const vpc = "a-registry-vpc.cn-shanghai.cr.aliyuncs.com";
    EXPECT_TRUE(holds(dns_cause(vpc), "access list"));
    EXPECT_FALSE(holds(dns_cause("registry.example.com"), "access list"));
    EXPECT_TRUE(holds(odd_addresses(vpc, {"47.1.2.3"}), "public addresses"));
    EXPECT_EQ(odd_addresses(vpc, {"47.1.2.3", "10.0.0.1"}), "");
    EXPECT_EQ(odd_addresses("registry.example.com", {"47.1.2.3"}), "");
    EXPECT_TRUE(holds(tcp_cause(vpc, {ErrorKind::DeadlineExceeded, ""}), "access list"));
    EXPECT_TRUE(holds(tcp_cause("x.example.com", {ErrorKind::DeadlineExceeded, ""}), "firewall"));
    EXPECT_TRUE(holds(tcp_cause(vpc, {ErrorKind::Unavailable, ""}), "nothing listens"));
}

TEST(Causes, OfRefusalsNameTheClockFirst) {
    Error const rejected{ErrorKind::Unauthenticated, "", "TokenRejected"};
    EXPECT_TRUE(holds(token_cause(rejected, std::chrono::seconds(0)), "revoked"));
    EXPECT_TRUE(holds(token_cause(rejected, std::chrono::seconds(-400)), "differ by 400 s"));
    EXPECT_TRUE(holds(token_cause({ErrorKind::Forbidden, "", "RealmNotPinned"}, {}), "spec.realm"));
    EXPECT_TRUE(holds(token_cause({ErrorKind::Unavailable, "", "DNSFailed"}, {}), "resolve"));
    EXPECT_TRUE(holds(token_cause({ErrorKind::Unavailable, "", "TLSUntrusted"}, {}), "authority"));
    EXPECT_TRUE(holds(token_cause({ErrorKind::Unavailable, ""}, {}), "firewalls"));
    EXPECT_TRUE(holds(ping_cause(403), "access list"));
    EXPECT_TRUE(holds(manifest_cause(404), "no such image"));
    EXPECT_TRUE(holds(manifest_cause(403), "policy of the repository"));
}

TEST(Addresses, ArePrivateOrNot) {
    for (char const* one :
         {"10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1", "100.64.0.1", "100.100.100.200",
          "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "fe80::1"}) {
        EXPECT_TRUE(is_private_address(one)) << one;
    }
    for (char const* one :
         {"47.1.2.3", "172.32.0.1", "192.169.1.1", "100.128.0.1", "2001:db8::1", "text", ""}) {
        EXPECT_FALSE(is_private_address(one)) << one;
    }
}

}  // namespace
}  // namespace rt::registry
