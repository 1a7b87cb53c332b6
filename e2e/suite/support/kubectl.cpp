#include "e2e/suite/support/kubectl.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "e2e/suite/support/environment.hpp"

namespace e2e {

CommandResult kubectl(std::vector<std::string> const& arguments, std::string const& input,
                      std::chrono::seconds limit) {
    std::vector<std::string> all = {cluster_directory() + "/bin/kubectl", "--kubeconfig",
                                    cluster_directory() + "/kubeconfig"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all, input, limit);
}

CommandResult apply(Json const& object, std::vector<std::string> const& options) {
    std::vector<std::string> arguments = {"apply", "-f", "-"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    if (!object.is_array()) {
        return kubectl(arguments, object.dump());
    }
    Json const list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", object}};
    return kubectl(arguments, list.dump());
}

CommandResult try_apply(Json const& object) {
    return apply(object, {"--dry-run=server"});
}

CommandResult apply_as_operator(Json const& object) {
    return apply(object, {"--server-side", "--force-conflicts", "--field-manager=a-careless-admin",
                          "--as", std::string(operator_user), "--as-group", "system:masters"});
}

std::optional<Json> get(std::string const& kind, std::string const& name, std::string const& ns) {
    std::vector<std::string> arguments = {"get", kind, name, "-o", "json", "--ignore-not-found"};
    if (!ns.empty()) {
        arguments.insert(arguments.end(), {"-n", ns});
    }
    CommandResult const result = kubectl(arguments);
    if (!result.ok()) {
        throw std::runtime_error("kubectl get " + kind + " " + name + ": " + result.text());
    }
    if (result.out.empty()) {
        return std::nullopt;
    }
    return Json::parse(result.out);
}

std::vector<Json> list(std::string const& kind, std::string const& ns,
                       std::string const& selector) {
    std::vector<std::string> arguments = {"get", kind, "-o", "json"};
    if (ns.empty()) {
        arguments.emplace_back("--all-namespaces");
    } else {
        arguments.insert(arguments.end(), {"-n", ns});
    }
    if (!selector.empty()) {
        arguments.insert(arguments.end(), {"-l", selector});
    }
    CommandResult const result = kubectl(arguments);
    if (!result.ok()) {
        throw std::runtime_error("kubectl get " + kind + ": " + result.text());
    }
    std::vector<Json> out;
    Json const list = Json::parse(result.out);
    for (Json const& item : list.at("items")) {
        out.push_back(item);
    }
    return out;
}

std::string text_at(Json const& object, std::string const& pointer) {
    Json::json_pointer const at(pointer);
    if (!object.contains(at)) {
        return {};
    }
    Json const& value = object.at(at);
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace e2e
