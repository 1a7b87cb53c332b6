#include "e2e/sim/common/faults.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "e2e/sim/common/world.hpp"
#include "e2e/sim/common/yaml_reader.hpp"

namespace sim {
namespace {

constexpr std::pair<std::string_view, FaultMode> modes[] = {
    {"error", FaultMode::Error},     {"throttle", FaultMode::Throttle},
    {"garbage", FaultMode::Garbage}, {"timeout", FaultMode::Timeout},
    {"empty", FaultMode::Empty},     {"expired", FaultMode::Expired},
    {"slow", FaultMode::Slow},       {"short", FaultMode::Short},
    {"clock", FaultMode::Clock},
};

/// The sections of a faults file, one for each simulator.
std::vector<std::string> const simulators = {
    "ecs",
    "sts",
    "acr",
    "auth",
    "ec2",
    "awsSts",
    "ecr",
    "ecrRegistry",
    "gce",
    "googleSts",
    "googleIam",
    "googleRegistry",
    "azureMetadata",
    "azureAd",
    "azureRegistry",
    "harbor",
    "eksPodIdentity",
};

FaultMode read_mode(YamlMapping const& map) {
    std::string const written = map.required_text("mode");
    for (auto const& [name, mode] : modes) {
        if (name == written) {
            return mode;
        }
    }
    throw std::runtime_error(
        map.where("mode") + ": \"" + written +
        "\" is none of error, throttle, garbage, timeout, empty, expired, slow, short, clock");
}

constexpr long offset_most = 10L * 366 * 86400;

/// A clock goes wrong before anything of the request is understood: there is no action or scope to
/// compare yet, and no answer to change.
Fault read_clock(const YAML::Node& node, std::string const& where) {
    YamlMapping const map(node, where, {"mode", "role", "session", "offsetSeconds", "dateHeader"});
    Fault fault;
    fault.mode = FaultMode::Clock;
    fault.role = map.text("role", "");
    fault.session = map.text("session", "");
    fault.offset_seconds = map.number("offsetSeconds", 0, -offset_most, offset_most);
    fault.date_header = map.boolean("dateHeader", true);
    if (fault.offset_seconds == 0) {
        throw std::runtime_error(map.where("offsetSeconds") + ": is missing");
    }
    return fault;
}

Fault read_fault(const YAML::Node& node, std::string const& where) {
    if (node.IsMap() && node["mode"] && node["mode"].IsScalar() &&
        node["mode"].Scalar() == "clock") {
        return read_clock(node, where);
    }
    YamlMapping const map(node, where,
                          {"mode", "action", "role", "session", "scope", "code", "message", "http",
                           "count", "seconds"});
    Fault fault;
    fault.mode = read_mode(map);
    fault.action = map.text("action", "");
    fault.role = map.text("role", "");
    fault.session = map.text("session", "");
    fault.scope = map.text("scope", "");
    fault.code = map.text("code", "");
    fault.message = map.text("message", "");
    fault.http = static_cast<int>(map.number("http", 0, 200, 599));
    fault.count = map.number("count", -1, 1, 1000000);
    fault.seconds = static_cast<int>(map.number("seconds", 0, 0, 600));
    return fault;
}

bool contains(std::string_view text, std::string_view part) {
    return part.empty() || text.find(part) != std::string_view::npos;
}

bool meets(Fault const& fault, FaultTarget const& target) {
    return (fault.action.empty() || fault.action == target.action) &&
           contains(target.role, fault.role) && contains(target.session, fault.session) &&
           contains(target.scope, fault.scope);
}

}  // namespace

FaultPlan parse_faults(std::string const& yaml, std::string const& simulator) {
    FaultPlan plan;
    const YAML::Node root = YAML::Load(yaml);
    if (!root || root.IsNull()) {
        return plan;
    }
    std::vector<std::string_view> known(simulators.begin(), simulators.end());
    known.insert(known.end(), {"sessionSeconds", "hardenedMetadata"});
    YamlMapping const file(root, "", known);
    if (file.has("sessionSeconds")) {
        plan.session_seconds = file.number("sessionSeconds", 0, 1, 43200);
    }
    if (file.has("hardenedMetadata")) {
        plan.hardened_metadata = file.boolean("hardenedMetadata", false);
    }
    for (std::string const& name : simulators) {
        std::size_t index = 0;
        for (const YAML::Node& entry : file.entries(name)) {
            // Every simulator reads all sections, so that each refuses a broken file.
            Fault fault = read_fault(entry, "/" + name + "/" + std::to_string(index++));
            if (name == simulator) {
                plan.faults.push_back(std::move(fault));
            }
        }
    }
    return plan;
}

FaultFile::FaultFile(std::string path, std::string simulator)
    : path_(std::move(path)), simulator_(std::move(simulator)) {}

void FaultFile::refresh() {
    bool const present = !path_.empty() && std::filesystem::exists(path_);
    std::string const text = present ? read_file(path_) : std::string();
    std::lock_guard const lock(mutex_);
    if (text == text_) {
        return;
    }
    FaultPlan plan;
    try {
        plan = parse_faults(text, simulator_);
    } catch (std::exception const& error) {
        throw std::runtime_error(path_ + ": " + error.what());
    }
    std::vector<long> used;
    for (Fault const& fault : plan.faults) {
        auto const at = std::find(plan_.faults.begin(), plan_.faults.end(), fault);
        used.push_back(at == plan_.faults.end()
                           ? 0
                           : used_[static_cast<std::size_t>(at - plan_.faults.begin())]);
    }
    plan_ = std::move(plan);
    used_ = std::move(used);
    text_ = text;
}

std::optional<long> FaultFile::session_seconds() {
    std::lock_guard const lock(mutex_);
    return plan_.session_seconds;
}

std::optional<bool> FaultFile::hardened_metadata() {
    std::lock_guard const lock(mutex_);
    return plan_.hardened_metadata;
}

std::optional<Fault> FaultFile::clock_for(std::string_view text) {
    std::lock_guard const lock(mutex_);
    for (Fault const& fault : plan_.faults) {
        if (fault.mode == FaultMode::Clock && contains(text, fault.role) &&
            contains(text, fault.session)) {
            return fault;
        }
    }
    return std::nullopt;
}

std::optional<Fault> FaultFile::take(FaultTarget const& target) {
    std::lock_guard const lock(mutex_);
    for (std::size_t i = 0; i < plan_.faults.size(); ++i) {
        Fault const& fault = plan_.faults[i];
        if (fault.mode == FaultMode::Clock || !meets(fault, target)) {
            continue;
        }
        if (fault.count >= 0 && used_[i] >= fault.count) {
            continue;
        }
        ++used_[i];
        return fault;
    }
    return std::nullopt;
}

std::optional<Response> answer_of_fault(Fault const& fault, CloudError const& throttled,
                                        RenderError const& render) {
    auto const error = [&](CloudError const& usual) {
        return render({fault.http != 0 ? fault.http : usual.http,
                       fault.code.empty() ? usual.code : fault.code,
                       fault.message.empty() ? usual.message : fault.message});
    };
    Response response;
    if (fault.http != 0) {
        response.status = fault.http;
    }
    switch (fault.mode) {
        case FaultMode::Error:
            return error({500, "InternalError",
                          "The request processing has failed due to some unknown error."});
        case FaultMode::Throttle:
            response = error(throttled);
            response.headers.emplace_back(
                "x-ratelimit-user-api",
                "Limit:1,Remain:0,TimeLeft:" +
                    std::to_string((fault.seconds != 0 ? fault.seconds : 2) * 1000) +
                    ",Reset:1234");
            return response;
        case FaultMode::Garbage:
            response.body = "<html><body>\x01 this is not what you asked for {\"Code\":";
            return response;
        case FaultMode::Empty:
            return response;
        case FaultMode::Timeout:
            response.hang = true;
            return response;
        case FaultMode::Expired:
        case FaultMode::Slow:
        case FaultMode::Short:
        case FaultMode::Clock:
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace sim
