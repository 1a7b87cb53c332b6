#include "e2e/suite/support/clouds.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/manifests.hpp"

namespace e2e {
namespace {

std::string folder() {
    return cluster_directory() + "/sim";
}

std::string content(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Held while the faults file is changed, across processes.
class FileLock {
  public:
    explicit FileLock(std::string const& path)
        : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
        if (file_ < 0 || flock(file_, LOCK_EX) != 0) {
            throw std::runtime_error(path + ": cannot be locked");
        }
    }
    ~FileLock() { close(file_); }
    FileLock(FileLock const&) = delete;
    FileLock& operator=(FileLock const&) = delete;

  private:
    int file_;
};

/// Lets `change` edit the rules, and writes them in one step: simulators never read half a file.
/// The file is kept as JSON, which is YAML as well; what somebody else wrote there is replaced.
void edit_faults(std::function<void(Json&)> const& change) {
    FileLock const lock(folder() + "/faults.lock");
    std::string const path = folder() + "/faults.yaml";
    Json plan = Json::parse(content(path), nullptr, false);
    if (!plan.is_object()) {
        plan = Json::object();
    }
    change(plan);
    std::ofstream(path + ".new") << plan.dump(2) << '\n';
    std::filesystem::rename(path + ".new", path);
}

}  // namespace

Fault::Fault(std::string simulator, Json const& rule)
    : simulator_(std::move(simulator)), rule_(rule.dump()) {
    edit_faults([&](Json& plan) { plan[simulator_].push_back(rule); });
}

Fault::~Fault() {
    try {
        edit_faults([&](Json& plan) {
            Json rest = Json::array();
            for (Json const& rule : plan[simulator_]) {
                if (rule.dump() != rule_) {
                    rest.push_back(rule);
                }
            }
            plan[simulator_] = rest;
        });
    } catch (std::exception const& error) {
        std::cerr << "a fault stays in the faults file: " << error.what() << '\n';
    }
}

namespace {

/// Rewrites world.yaml line by line, in one step: simulators never read half a file.
void edit_world(std::function<std::vector<std::string>(std::string const&)> const& edit) {
    FileLock const lock(folder() + "/world.lock");
    std::string const path = folder() + "/world.yaml";
    std::istringstream before(content(path));
    std::string after;
    for (std::string line; std::getline(before, line);) {
        for (std::string const& one : edit(line)) {
            after += one + '\n';
        }
    }
    std::ofstream(path + ".edited") << after;
    std::filesystem::permissions(
        path + ".edited", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::rename(path + ".edited", path);
}

/// As a single-quoted text of YAML.
std::string quoted(std::string const& text) {
    std::string out = "'";
    for (char const c : text) {
        out += c;
        out += c == '\'' ? "'" : "";
    }
    return out + "'";
}

}  // namespace

void CloudWorld::set(Contents const& contents) {
    std::string const end = "  # " + mark_;
    std::map<std::string, std::vector<std::string>> added;
    auto const document = [&](std::string const& text) {
        std::string name = mark_ + "-" + std::to_string(added["documents:"].size());
        added["documents:"].push_back("  " + name + ": " + quoted(text) + end);
        return name;
    };
    for (Role const& role : contents.roles) {
        std::string const policy = document(role.policy);
        std::string const trust = document(role.trust);
        added["roles:"].push_back("- {arn: " + quoted(role.arn) + ", policy: " + policy +
                                  ", trust: " + trust + "}" + end);
    }
    for (User const& user : contents.users) {
        added["users:"].push_back(
            "- {arn: " + quoted(user.arn) + ", policy: " + document(user.policy) +
            ", accessKeyID: " + quoted(user.access_key_id) +
            ", accessKeySecret: " + quoted(user.access_key_secret) + "}" + end);
    }
    for (Attachment const& attachment : contents.attachments) {
        added["attachments:"].push_back("- {arn: " + quoted(attachment.arn) +
                                        ", policy: " + document(attachment.policy) + "}" + end);
    }
    for (std::string const& command : contents.commands) {
        added["commands:"].push_back("- " + quoted(command) + end);
    }
    edit_world([&](std::string const& line) -> std::vector<std::string> {
        if (line.ends_with(end)) {
            return {};
        }
        std::vector<std::string> lines{line};
        lines.insert(lines.end(), added[line].begin(), added[line].end());
        return lines;
    });
}

CloudWorld::~CloudWorld() {
    try {
        set({});
    } catch (std::exception const& error) {
        std::cerr << "the simulated clouds keep a test's roles: " << error.what() << '\n';
    }
}

WorldChange::WorldChange(std::string const& part, std::string const& from, std::string const& to)
    : mark_("  # instead, for " + random_suffix() + ": ") {
    bool found = false;
    edit_world([&](std::string const& line) -> std::vector<std::string> {
        std::size_t const at = line.find(from);
        if (line.find(part) == std::string::npos || at == std::string::npos) {
            return {line};
        }
        found = true;
        std::string changed = from.empty() ? std::string() : line;
        changed.replace(at, from.size(), to);
        return {changed + mark_ + line};
    });
    if (!found) {
        throw std::runtime_error("world.yaml has no line with '" + part + "' and '" + from + "'");
    }
}

WorldChange::~WorldChange() {
    try {
        edit_world([&](std::string const& line) -> std::vector<std::string> {
            std::size_t const at = line.find(mark_);
            return {at == std::string::npos ? line : line.substr(at + mark_.size())};
        });
    } catch (std::exception const& error) {
        std::cerr << "the simulated clouds stay changed: " << error.what() << '\n';
    }
}

HardenedMetadata::HardenedMetadata() {
    edit_faults([](Json& plan) { plan["hardenedMetadata"] = true; });
}

HardenedMetadata::~HardenedMetadata() {
    try {
        edit_faults([](Json& plan) { plan.erase("hardenedMetadata"); });
    } catch (std::exception const& error) {
        std::cerr << "the metadata service stays hardened: " << error.what() << '\n';
    }
}

CloudRequests::CloudRequests() : offset_(cloud_request_log().size()) {}

std::vector<Json> CloudRequests::matching(std::function<bool(Json const&)> const& wanted) const {
    std::string const all = cloud_request_log();
    std::istringstream lines(all.size() < offset_ ? all : all.substr(offset_));
    std::vector<Json> out;
    for (std::string line; std::getline(lines, line);) {
        Json entry = Json::parse(line, nullptr, false);
        if (entry.is_object() && wanted(entry)) {
            out.push_back(std::move(entry));
        }
    }
    return out;
}

std::vector<Json> CloudRequests::of_role(std::string const& action, std::string const& role) const {
    return matching([&](Json const& entry) {
        return text_at(entry, "/action") == action && text_at(entry, "/role") == role_arn(role);
    });
}

CommandResult cloud_curl(std::vector<std::string> const& arguments) {
    std::vector<std::string> command{repository() + "/e2e/cluster/inside",
                                     "curl",
                                     "--silent",
                                     "--show-error",
                                     "--fail-with-body",
                                     "--max-time",
                                     "20",
                                     "--cacert",
                                     cluster_directory() + "/pki/cloud-ca.crt"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
}

std::string cloud_request_log() {
    return content(folder() + "/requests.jsonl");
}

}  // namespace e2e
