#include "e2e/suite/soak/fleet.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/kubectl.hpp"
#include "e2e/suite/support/manifests.hpp"

namespace e2e::soak {
namespace {

using std::chrono::seconds;

/// A thousand objects, by a client that sends fifty a second, on a machine that is busy.
constexpr seconds bulk_limit{300};
constexpr char registry_name[] = "shared-acr";
constexpr char allowed[] = "cainiao/a1";
/// The role may pull it, the tenancy doesn't allow it: the session must have been narrowed.
constexpr char not_allowed[] = "alipay/a1";

void must(CommandResult const& result, char const* what) {
    if (!result.ok()) {
        throw std::runtime_error(std::string(what) + ": " + result.text());
    }
}

/// Inside quotes of a file for curl -K.
std::string quoted(std::string const& text) {
    std::string out;
    for (char const character : text) {
        out += character == '"' || character == '\\' ? "\\" : "";
        out += character;
    }
    return out;
}

/// Where the shared registry's challenge sends for a token, with scopes for both repositories.
std::string token_url() {
    auto const answer = run({repository() + "/e2e/cluster/inside", "curl", "-sS", "-m", "10",
                             "--cacert", cluster_directory() + "/pki/cloud-ca.crt", "-D", "-", "-o",
                             "/dev/null", "https://" + std::string(vpc_host) + "/v2/"});
    must(answer, "asking the registry");
    auto const value_of = [&](std::string const& key) {
        auto const at = answer.out.find(key + "=\"");
        if (at == std::string::npos) {
            throw std::runtime_error("the registry's challenge has no " + key + ": " + answer.out);
        }
        auto const begin = at + key.size() + 2;
        return answer.out.substr(begin, answer.out.find('"', begin) - begin);
    };
    std::string url = value_of("realm") + "?service=" + value_of("service");
    for (char const* repository : {allowed, not_allowed}) {
        url += std::string("&scope=repository:") + repository + ":pull";
    }
    return url;
}

/// What a token server's answer opens: "cainiao/a1:pull", several separated by one space.
std::string opened_by(std::string const& answer) {
    Json const body = Json::parse(answer, nullptr, false);
    std::string const token = body.is_object() ? text_at(body, "/token") : std::string();
    auto const begin = token.find('.');
    auto const end = token.find('.', begin + 1);
    if (begin == std::string::npos || end == std::string::npos) {
        return "no token: " + answer.substr(0, 100);
    }
    std::string claims = token.substr(begin + 1, end - begin - 1);
    std::replace(claims.begin(), claims.end(), '-', '+');
    std::replace(claims.begin(), claims.end(), '_', '/');
    claims.resize((claims.size() + 3) / 4 * 4, '=');
    std::string out;
    Json const parsed = Json::parse(base64_decoded(claims));
    for (Json const& entry : parsed.at("access")) {
        for (Json const& action : entry.at("actions")) {
            out += (out.empty() ? "" : " ") + text_at(entry, "/name") + ":" +
                   action.get<std::string>();
        }
    }
    return out;
}

bool ready(Json const& tenancy) {
    for (Json const& condition :
         tenancy.value(Json::json_pointer("/status/conditions"), Json::array())) {
        if (text_at(condition, "/type") == "Ready") {
            return text_at(condition, "/status") == "True";
        }
    }
    return false;
}

}  // namespace

std::string end_of(PullSecret const& secret) {
    auto const found = secret.expires_at.find(registry_name);
    return found == secret.expires_at.end() ? std::string() : found->second;
}

double fleet_life_seconds() {
    std::ifstream world(repository() + "/e2e/sim/world.yaml");
    std::string const role = std::string("/") + fleet_role + '"';
    std::string const key = "sessionSecondsOverride: ";
    for (std::string line; std::getline(world, line);) {
        auto const at = line.find(key);
        if (line.find(role) != std::string::npos && at != std::string::npos) {
            return std::stod(line.substr(at + key.size()));
        }
    }
    throw std::runtime_error("e2e/sim/world.yaml doesn't say how long sessions of " +
                             std::string(fleet_role) + " live");
}

Fleet::Fleet(Size size)
    : size_(size), prefix_("soak-" + random_suffix()), token_url_(soak::token_url()) {
    Json namespaces = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
    for (std::size_t i = 0; i < size_.namespaces; ++i) {
        namespaces_.push_back(prefix_ + "-n" + std::to_string(i));
        Json one = namespace_manifest(namespaces_.back(), tenancy(i % size_.tenancies));
        one["metadata"]["labels"]["soak"] = prefix_;
        namespaces["items"].push_back(std::move(one));
    }
    must(kubectl({"create", "-f", "-"}, namespaces.dump(), bulk_limit), "creating the namespaces");
    for (std::size_t i = 0; i < size_.tenancies; ++i) {
        Tenancy made;
        made.name = tenancy(i);
        made.team = tenancy(i);
        made.role = fleet_role;
        must(apply(made.manifest()), "creating a tenancy");
    }
}

Fleet::~Fleet() {
    std::vector<std::string> arguments{"delete", "registrytenancies", "--wait=false"};
    for (std::size_t i = 0; i < size_.tenancies; ++i) {
        arguments.push_back(tenancy(i));
    }
    auto const tenancies = kubectl(arguments, "", bulk_limit);
    auto const namespaces =
        kubectl({"delete", "namespaces", "-l", "soak=" + prefix_, "--wait=false"}, "", bulk_limit);
    if (!tenancies.ok() || !namespaces.ok()) {
        std::cerr << "not all that was made could be deleted: " << tenancies.text()
                  << namespaces.text() << '\n';
    }
}

std::string Fleet::tenancy(std::size_t number) const {
    return prefix_ + "-t" + std::to_string(number);
}

std::string Fleet::keys() {
    return std::string(vpc_host) + "/cainiao/ " + std::string(public_host) + "/cainiao/";
}

std::optional<Fleet::Secrets> Fleet::secrets() const {
    auto const answer =
        kubectl({"get", "--raw",
                 "/api/v1/secrets?fieldSelector=metadata.name%3D" + std::string(pull_secret_name)});
    if (!answer.ok()) {
        return std::nullopt;
    }
    Secrets result;
    Json const all = Json::parse(answer.out);
    for (Json const& secret : all.at("items")) {
        std::string const ns = text_at(secret, "/metadata/namespace");
        if (ns.starts_with(prefix_)) {
            result.emplace(ns, read_pull_secret(secret));
        }
    }
    return result;
}

std::set<std::string> Fleet::wrong(Secrets const& secrets, std::string const& now) const {
    std::set<std::string> result;
    std::map<std::string, std::string> owners;  // of credentials
    for (std::string const& ns : namespaces_) {
        auto const found = secrets.find(ns);
        if (found == secrets.end()) {
            result.insert(ns);
            continue;
        }
        PullSecret const& secret = found->second;
        auto const [owner, mine] = owners.emplace(secret.login(), ns);
        if (secret.type != "kubernetes.io/dockerconfigjson" || secret.keys() != keys() ||
            secret.login().empty() || !mine || end_of(secret) <= now) {
            result.insert(ns);
        }
    }
    return result;
}

std::set<std::string> Fleet::refused(Secrets const& secrets) const {
    std::ostringstream config;
    for (auto const& [ns, secret] : secrets) {
        config << (config.tellp() > 0 ? "next\n" : "") << "url = \"" << token_url_
               << "\"\nuser = \"" << quoted(secret.login()) << "\"\ncacert = \""
               << cluster_directory()
               << "/pki/cloud-ca.crt\"\nmax-time = 20\nsilent\nwrite-out = \" " << ns << "\\n\"\n";
    }
    std::set<std::string> result;
    for (auto const& [ns, ignored] : secrets) {
        result.insert(ns);
    }
    std::istringstream lines(
        run({repository() + "/e2e/cluster/inside", "curl", "-K", "-"}, config.str(), bulk_limit)
            .out);
    for (std::string line; std::getline(lines, line);) {
        auto const space = line.rfind(' ');
        if (space != std::string::npos &&
            opened_by(line.substr(0, space)) == std::string(allowed) + ":pull") {
            result.erase(line.substr(space + 1));
        }
    }
    return result;
}

std::size_t Fleet::unready_tenancies() const {
    std::size_t unready = size_.tenancies;
    for (Json const& one : list("registrytenancies")) {
        unready -= text_at(one, "/metadata/name").starts_with(prefix_) && ready(one) ? 1U : 0U;
    }
    return unready;
}

std::string Fleet::why_not_right() const {
    auto const there = secrets();
    if (!there) {
        return "the API server does not answer";
    }
    if (auto const bad = wrong(*there, now_text()); !bad.empty()) {
        return std::to_string(bad.size()) + " namespaces have no right Secret, first " +
               *bad.begin();
    }
    std::size_t const unready = unready_tenancies();
    return unready == 0 ? "" : std::to_string(unready) + " tenancies are not Ready";
}

}  // namespace e2e::soak
