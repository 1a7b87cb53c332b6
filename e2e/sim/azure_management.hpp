#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// Azure Resource Manager for tokens of container registries and their scope maps
/// (Microsoft.ContainerRegistry): made, read, listed, changed and deleted by who has a role on the
/// registry. Remembers them while the process lives.
class AzureManagement {
  public:
    /// Whether this is a request to Resource Manager and not to a registry.
    static bool meant(Request const& request);

    Response answer(Request const& request, Scene& scene);

    /// The actions of a token's scope map, for who knows its password: nothing where name or
    /// password are wrong, have ended or were disabled.
    std::optional<std::vector<std::string>> login(AzureRegistry const& registry,
                                                  std::string const& token,
                                                  std::string const& password, TimePoint now);

    /// Whether one of these actions of a scope map is to pull from the repository.
    static bool grants(std::vector<std::string> const& actions, std::string const& repository);

  private:
    struct ScopeMap {
        std::string description;
        std::vector<std::string> actions;
        TimePoint created;
        bool ready = false;  ///< seen once: Azure takes its time
    };
    struct Password {
        std::string value;
        TimePoint created;
        std::optional<TimePoint> expires;
    };
    struct Token {
        std::string scope_map;
        bool enabled = true;
        TimePoint created;
        std::map<std::string, Password> passwords;
        bool ready = false;
    };
    /// Of one registry.
    struct Contents {
        std::map<std::string, ScopeMap> scope_maps;
        std::map<std::string, Token> tokens;
        std::map<std::string, std::pair<std::string, int>> operations;  ///< body, looks to come
    };
    struct Call;

    Response dispatch(Call& call);
    Response scope_map(Call& call);
    Response token(Call& call);
    Response list(Call& call);
    Response generate(Call& call);
    Response operation(Call& call);
    static Response show(Call const& call, std::string const& name, ScopeMap const& scope_map,
                         int status);
    static Response show(Call const& call, std::string const& name, Token const& token, int status);
    /// The description of the scope map that the call is about, for faults and for the log.
    std::string about(Call const& call);

    std::mutex mutex_;
    std::map<std::string, Contents> registries_;  ///< by resource ID; guarded by mutex_
};

}  // namespace sim
