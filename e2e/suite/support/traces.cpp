#include "e2e/suite/support/traces.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

std::string why_no_event(std::string const& ns, std::string const& reason) {
    std::string seen;
    for (Json const& event : list("events", ns)) {
        if (text_at(event, "/reason") == reason) {
            return {};
        }
        seen += " " + text_at(event, "/reason");
    }
    return "no Event " + reason + " in " + ns + ", only:" + seen;
}

std::string why_no_annotation(std::string const& ns, std::string const& key,
                              std::string const& value) {
    std::ifstream log(cluster_directory() + "/logs/audit.log");
    std::string const annotation = "\"validate.registrytenancy.dev/" + key + "\":\"" + value + "\"";
    for (std::string line; std::getline(log, line);) {
        if (line.find(annotation) != std::string::npos &&
            line.find("\"namespace\":\"" + ns + "\"") != std::string::npos) {
            return {};
        }
    }
    return "no " + annotation + " for " + ns + " in the audit log";
}

}  // namespace e2e
