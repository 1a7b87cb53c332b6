#include "unit/tenancy/distribution_oracle.hpp"

#include <algorithm>
#include <regex>

namespace rt::tenancy::testing {
namespace {

std::string const alphanumeric = "[a-z0-9]+";
std::string const separator = "(?:[._]|__|[-]+)";
std::string const path_component = alphanumeric + "(?:" + separator + alphanumeric + ")*";
std::string const remote_name = path_component + "(?:/" + path_component + ")*";
std::string const domain_component = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
std::string const domain_name = domain_component + "(?:\\." + domain_component + ")*";
std::string const host = "(?:" + domain_name + "|\\[[a-fA-F0-9:]+\\])";
std::string const domain_and_port = host + "(?::[0-9]+)?";
std::string const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
std::string const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

std::regex const reference_regex("((?:" + domain_and_port + "/)?" + remote_name + ")(?::(" + tag +
                                 "))?(?:@(" + digest + "))?");
std::regex const name_regex("(?:(" + domain_and_port + ")/)?(" + remote_name + ")");
std::regex const identifier_regex("[a-f0-9]{64}");
std::regex const registered_digest_regex("sha256:[a-f0-9]{64}");

bool has_upper_case(std::string const& text) {
    return std::any_of(text.begin(), text.end(),
                       [](char character) { return character >= 'A' && character <= 'Z'; });
}

}  // namespace

std::optional<OracleReference> distribution_parse(std::string const& text) {
    if (std::regex_match(text, identifier_regex)) {
        return std::nullopt;
    }
    std::string domain = "docker.io";
    std::string remainder = text;
    auto const slash = text.find('/');
    if (slash == std::string::npos) {
        remainder = "library/" + text;
    } else {
        std::string const first = text.substr(0, slash);
        if (first == "localhost" || first == "index.docker.io" ||
            first.find_first_of(".:") != std::string::npos || has_upper_case(first)) {
            domain = first == "index.docker.io" ? "docker.io" : first;
            remainder = text.substr(slash + 1);
        }
        if (domain == "docker.io" && remainder.find('/') == std::string::npos) {
            remainder.insert(0, "library/");
        }
    }
    if (has_upper_case(remainder.substr(0, remainder.find(':')))) {
        return std::nullopt;
    }
    std::string const whole = domain + '/' + remainder;
    std::smatch parts;
    if (!std::regex_match(whole, parts, reference_regex)) {
        return std::nullopt;
    }
    OracleReference result;
    result.tag = parts[2];
    result.digest = parts[3];
    std::string const name = parts[1];
    std::smatch names;
    if (std::regex_match(name, names, name_regex)) {
        result.domain = names[1];
        result.path = names[2];
    } else {
        result.path = name;
    }
    if (result.path.size() > 255 ||
        (!result.digest.empty() && !std::regex_match(result.digest, registered_digest_regex))) {
        return std::nullopt;
    }
    return result;
}

}  // namespace rt::tenancy::testing
