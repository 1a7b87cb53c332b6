#include "e2e/suite/soak/fleet.hpp"

#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/kubectl.hpp"
#include "e2e/suite/support/manifests.hpp"

namespace e2e::soak {
namespace {

using std::chrono::seconds;

/// A thousand objects, by a client that sends fifty a second, on a machine that is busy.
constexpr seconds bulk_limit{300};
constexpr std::size_t keys_expected = 2;  // one path under both names of the registry

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

/// The realm and service that the shared registry names in its challenge.
std::pair<std::string, std::string> challenge() {
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
    return {value_of("realm"), value_of("service")};
}

}  // namespace

Fleet::Fleet(Size size) : size_(size), prefix_("soak-" + random_suffix()) {
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

std::optional<std::map<std::string, PullSecret>> Fleet::secrets() const {
    auto const answer = kubectl({"get", "secrets", "-A", "-o", "json", "--field-selector",
                                 "metadata.name=" + std::string(pull_secret_name)});
    if (!answer.ok()) {
        return std::nullopt;
    }
    std::map<std::string, PullSecret> result;
    Json const all = Json::parse(answer.out);
    for (Json const& secret : all.at("items")) {
        std::string const ns = text_at(secret, "/metadata/namespace");
        if (ns.starts_with(prefix_)) {
            result.emplace(ns, read_pull_secret(secret));
        }
    }
    return result;
}

std::string Fleet::why_not_right() const {
    auto const there = secrets();
    if (!there) {
        return "the API server does not answer";
    }
    std::string const now = now_text();
    std::size_t wrong = 0;
    std::string first;
    for (std::string const& ns : namespaces_) {
        auto const found = there->find(ns);
        if (found == there->end() || found->second.logins.size() != keys_expected ||
            found->second.expires_at.at("shared-acr") <= now) {
            first = wrong++ == 0 ? ns : first;
        }
    }
    if (wrong > 0) {
        return std::to_string(wrong) + " namespaces have no live credential, first " + first;
    }
    std::size_t unready = 0;
    for (Json const& one : list("registrytenancies")) {
        if (text_at(one, "/metadata/name").starts_with(prefix_)) {
            bool const ready = [&] {
                for (Json const& condition :
                     one.value(Json::json_pointer("/status/conditions"), Json::array())) {
                    if (text_at(condition, "/type") == "Ready") {
                        return text_at(condition, "/status") == "True";
                    }
                }
                return false;
            }();
            unready += ready ? 0U : 1U;
        }
    }
    return unready == 0 ? "" : std::to_string(unready) + " tenancies are not Ready";
}

std::string Fleet::why_not_pulling() const {
    auto const there = secrets();
    if (!there) {
        return "the API server does not answer";
    }
    auto const [realm, service] = challenge();
    std::ostringstream config;
    for (auto const& [ns, secret] : *there) {
        config << "url = \"" << realm << "?service=" << service
               << "&scope=repository:cainiao/a1:pull\"\nuser = \"" << quoted(secret.login())
               << "\"\ncacert = \"" << cluster_directory()
               << "/pki/cloud-ca.crt\"\noutput = /dev/null\nsilent\nnext\n";
    }
    CloudRequests const requests;
    auto const asked =
        run({repository() + "/e2e/cluster/inside", "curl", "-K", "-"}, config.str(), bulk_limit);
    std::set<std::string> granted;
    for (Json const& entry : requests.matching([&](Json const& one) {
             return text_at(one, "/action") == "Token" &&
                    text_at(one, "/session").find(prefix_) != std::string::npos &&
                    text_at(one, "/granted") == "repository:cainiao/a1:pull";
         })) {
        granted.insert(text_at(entry, "/session"));
    }
    return granted.size() == namespaces_.size()
               ? ""
               : std::to_string(granted.size()) + " of " + std::to_string(namespaces_.size()) +
                     " namespaces may pull (curl: " + std::to_string(asked.status) + " " +
                     asked.err.substr(0, 200) + ")";
}

}  // namespace e2e::soak
