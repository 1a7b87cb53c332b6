#include "e2e/suite/support/processes.hpp"

#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

std::vector<std::string> containers_of(std::string const& deployment) {
    std::vector<std::string> out;
    for (Json const& pod :
         list("pods", std::string(product_namespace), "app.kubernetes.io/name=" + deployment)) {
        std::string const id = text_at(pod, "/status/containerStatuses/0/containerID");
        bool const running =
            pod.contains(Json::json_pointer("/status/containerStatuses/0/state/running"));
        bool const leaving = pod.contains(Json::json_pointer("/metadata/deletionTimestamp"));
        if (auto const at = id.find("://"); running && !leaving && at != std::string::npos) {
            out.push_back(id.substr(at + 3));
        }
    }
    return out;
}

CommandResult kill_container(std::string const& container) {
    return run({repository() + "/e2e/cluster/inside", "ctr", "-n", "k8s.io", "tasks", "kill", "-s",
                "SIGKILL", container});
}

std::string why_not_available(std::string const& deployment) {
    auto const object = get("deployment", deployment, std::string(product_namespace));
    if (!object) {
        return "there is no Deployment " + deployment;
    }
    std::string const wanted = text_at(*object, "/spec/replicas");
    std::string const ready = text_at(*object, "/status/readyReplicas");
    return wanted == ready ? "" : deployment + ": " + ready + " of " + wanted + " are ready";
}

}  // namespace e2e
