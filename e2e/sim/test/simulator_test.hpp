#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "e2e/sim/common/answer.hpp"

namespace sim {

/// Simulators over the repository's world, without sockets. A test's files lie in `folder`, which
/// goes with it.
class SimulatorTest : public testing::Test {
  protected:
    SimulatorTest();
    ~SimulatorTest() override;

    Response ask(Simulator& simulator, std::string const& name, Request const& request);
    /// From now on these faults, and no others.
    void write_faults(std::string const& text) const;
    [[nodiscard]] std::string log_text() const;
    /// One image in `folder`, as docker-registry keeps it: tag v0.1, whose manifest names the
    /// repository.
    void store(std::string const& repository) const;
    /// A ServiceAccount's token, as the cluster's API server signs it.
    [[nodiscard]] std::string cluster_token(
        std::string const& subject, std::string const& audience, long life_seconds = 600,
        std::string const& issuer = "https://kubernetes.default.svc.cluster.local") const;

    std::string const folder;
    /// The key of these tokens; any other server may have it, too.
    std::string const certificate_file = folder + "/issuer.crt";
    std::string const key_file = folder + "/issuer.key";
    std::string const public_key_file = folder + "/issuer.pub";
    TimePoint now = *parse_time("2026-01-02T03:04:05Z");
    WorldFile world{SIM_WORLD_FILE};

  private:
    /// By simulator: each counts what its faults met.
    std::map<std::string, std::unique_ptr<FaultFile>> fault_files_;
};

}  // namespace sim
