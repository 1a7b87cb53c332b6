#pragma once

#include <string>
#include <variant>
#include <vector>

#include "e2e/sim/common/simulator.hpp"
#include "e2e/sim/harbor_robots.hpp"

namespace sim {

/// Who asks Harbor for something.
struct HarborCaller {
    std::string name;  ///< empty: nobody logged in
    bool administrator = false;
    std::vector<HarborPermission> permissions{};

    [[nodiscard]] bool may(std::string const& kind, std::string const& space,
                           std::string const& access) const {
        return administrator || allows(permissions, kind, space, access);
    }
};

/// Harbor's API, version 2.0, as far as robots, projects and the state of the system go.
/// Source: goharbor/harbor, api/v2.0/swagger.yaml and src/server/v2.0/handler/robot.go.
class HarborApi {
  public:
    explicit HarborApi(HarborRobots& robots) : robots_(robots) {}

    /// What a request is about: action for the log and for faults, the robot's name or ID.
    struct Subject {
        std::string action;
        std::string robot;
    };
    [[nodiscard]] Subject subject_of(Request const& request) const;
    using Answer = std::variant<Response, CloudError>;
    Answer answer(Request const& request, Subject const& subject, HarborCaller const& caller,
                  std::optional<Fault> const& fault, Scene& scene);

  private:
    Answer create(Request const& request, HarborCaller const& caller,
                  std::optional<Fault> const& fault, Scene& scene);
    [[nodiscard]] Answer list(Request const& request, HarborCaller const& caller,
                              HarborWorld const& harbor) const;
    Answer one(Request const& request, Subject const& subject, HarborCaller const& caller,
               HarborWorld const& harbor);
    Answer update(Request const& request, HarborRobot robot, HarborWorld const& harbor);

    HarborRobots& robots_;
};

}  // namespace sim
