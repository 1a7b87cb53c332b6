#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/sim/common/azure_world.hpp"
#include "e2e/sim/common/google_world.hpp"
#include "e2e/sim/common/harbor_world.hpp"
#include "e2e/sim/common/iam.hpp"
#include "e2e/sim/common/policy.hpp"

namespace sim {

/// A RAM or IAM role: what it may do and who may become it.
struct Role {
    std::string arn;
    Policy policy;
    TrustPolicy trust;   ///< of a RAM role
    IamTrust iam_trust;  ///< of an IAM role
    long max_session_seconds = 3600;
    long session_seconds_override = 0;  ///< 0: as asked for
};

/// A RAM or IAM user with a permanent AccessKey and, optionally, a fixed registry password.
struct User {
    std::string arn;
    std::string access_key_id;
    std::string access_key_secret;
    bool active = true;
    Policy policy;
    std::string registry_username;
    std::string registry_password;
};

/// An ACR Enterprise instance, or the registry that an account has in the Personal Edition.
struct Instance {
    std::string id;
    std::string account;
    std::string region;
    std::string service;  ///< what its registry names as `service` in the challenge
    std::vector<std::string> public_namespaces;
    bool personal = false;  ///< no API and no resource names it by its ID
};

/// What the ECS metadata service of the (one) node says.
struct Metadata {
    std::string account;
    std::string region;
    std::string role_arn;
    bool hardened = false;
    long credential_seconds = 21600;
};

/// What the EC2 metadata service of the same node says; the region of all of AWS here.
struct Ec2 {
    std::string region;
    std::string role_arn;
    long credential_seconds = 21600;
};

/// Whose tokens EKS trades for which role's keys.
struct PodIdentityAssociation {
    std::string service_account;  ///< NAMESPACE:NAME
    std::string role_arn;
};

/// What EKS knows of the (one) cluster.
struct Eks {
    std::string cluster;
    std::vector<PodIdentityAssociation> associations;
    long credential_seconds = 21600;
};

/// An OIDC provider of an account: whose tokens its roles may trust.
struct OidcProvider {
    std::string arn;
    std::string issuer;
    std::vector<std::string> client_ids;  ///< audiences that RAM takes; IAM leaves it to the trust
};

/// Everything that exists in the simulated clouds.
struct World {
    std::string sealing_key;
    std::string token_issuer;
    long token_seconds = 300;
    Metadata metadata;
    Ec2 ec2;
    Eks eks;
    std::vector<Role> roles;
    std::vector<User> users;
    std::vector<Instance> instances;
    std::vector<OidcProvider> oidc_providers;
    GoogleWorld google;
    AzureWorld azure;
    HarborWorld harbor;

    [[nodiscard]] Role const* find_role(std::string_view arn) const;
    [[nodiscard]] User const* find_access_key(std::string_view access_key_id) const;
    [[nodiscard]] User const* find_registry_user(std::string_view username) const;
    [[nodiscard]] Instance const* find_instance(std::string_view id) const;
    [[nodiscard]] Instance const* find_personal(std::string_view account) const;
    [[nodiscard]] Instance const* find_service(std::string_view service) const;
    /// Of AWS: an account has one provider for an issuer.
    [[nodiscard]] OidcProvider const* find_oidc_provider(std::string_view issuer,
                                                         std::string_view account) const;
    [[nodiscard]] OidcProvider const* find_oidc_provider_arn(std::string_view arn) const;
};

/// Reads a world from YAML text. Throws std::runtime_error naming the key that is wrong.
World parse_world(std::string const& yaml);

/// The whole file. Throws std::runtime_error where it cannot be read or is over 1 MiB.
std::string read_file(std::string const& path);

/// The world file, read again whenever it has changed.
class WorldFile {
  public:
    /// Reads it once; throws as parse_world does.
    explicit WorldFile(std::string path);
    /// Today's world. Throws as parse_world does; the next call tries again.
    std::shared_ptr<World const> current();

  private:
    std::string path_;
    std::mutex mutex_;
    std::string text_;
    std::shared_ptr<World const> world_;
};

}  // namespace sim
