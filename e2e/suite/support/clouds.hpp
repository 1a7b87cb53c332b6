#pragma once

#include <functional>
#include <string>
#include <vector>

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// A fault in the simulated clouds while this object lives. Several tests share the file: each adds
/// and removes its own rules under a lock, so rules should name a role that is the test's own.
class Fault {
  public:
    /// `simulator`: the section of the faults file (sts, awsSts, googleIam, ...). `rule`: as
    /// e2e/sim/README.md describes.
    Fault(std::string simulator, Json const& rule);
    ~Fault();
    Fault(Fault const&) = delete;
    Fault& operator=(Fault const&) = delete;

  private:
    std::string simulator_;
    std::string rule_;  // as JSON text
};

/// Roles, users and commands that the simulated clouds have besides those of world.yaml, while
/// this object lives. Several tests share the file: each adds and removes lines of its own under a
/// lock.
class CloudWorld {
  public:
    /// `mark`: a text that is this test's alone.
    explicit CloudWorld(std::string mark) : mark_(std::move(mark)) {}
    ~CloudWorld();
    CloudWorld(CloudWorld const&) = delete;
    CloudWorld& operator=(CloudWorld const&) = delete;

    struct Role {
        std::string arn;
        std::string policy;  ///< as the cloud writes it, JSON
        std::string trust;
    };
    struct User {
        std::string arn;
        std::string policy;
        std::string access_key_id;
        std::string access_key_secret;
    };
    /// A policy of a role that world.yaml has, besides its own.
    struct Attachment {
        std::string arn;
        std::string policy;
    };
    struct Contents {
        std::vector<Role> roles{};
        std::vector<User> users{};
        std::vector<Attachment> attachments{};
        std::vector<std::string> commands{};  ///< as typed at gcloud or az
    };
    /// From now on these, instead of those of the last call.
    void set(Contents const& contents);

  private:
    std::string mark_;
};

/// A change of what exists in the simulated clouds while this object lives: in the lines of
/// world.yaml that contain `part`, `from` becomes `to`; where `from` is empty, the lines go. Throws
/// std::runtime_error where there is no such line.
class WorldChange {
  public:
    WorldChange(std::string const& part, std::string const& from, std::string const& to);
    ~WorldChange();
    WorldChange(WorldChange const&) = delete;
    WorldChange& operator=(WorldChange const&) = delete;

  private:
    std::string mark_;
};

/// The metadata service demands tokens, as hardened instances do, while this object lives.
class HardenedMetadata {
  public:
    HardenedMetadata();
    ~HardenedMetadata();
    HardenedMetadata(HardenedMetadata const&) = delete;
    HardenedMetadata& operator=(HardenedMetadata const&) = delete;
};

/// What the simulated clouds were asked since this object was made.
class CloudRequests {
  public:
    CloudRequests();
    /// The requests that meet `wanted`, oldest first.
    [[nodiscard]] std::vector<Json> matching(std::function<bool(Json const&)> const& wanted) const;
    /// Calls of `action` (AssumeRole, GetAuthorizationToken, Token) with a role of this name.
    [[nodiscard]] std::vector<Json> of_role(std::string const& action,
                                            std::string const& role) const;

  private:
    std::size_t offset_ = 0;
};

/// curl from inside the cluster, where the clouds' names lead to the simulators, trusting their
/// certificates. Fails where the answer is no success; its body is printed either way.
CommandResult cloud_curl(std::vector<std::string> const& arguments);

/// The whole text of the simulators' request log.
std::string cloud_request_log();

}  // namespace e2e
