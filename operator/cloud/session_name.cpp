#include "operator/cloud/session_name.hpp"

#include "lib/base/digest.hpp"

namespace rt::op {
namespace {

bool is_letter_or_digit(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
}

}  // namespace

std::string session_name(std::string const& cluster, std::string const& ns,
                         SessionNameRules const& rules) {
    std::string name = cluster + "." + ns;
    for (char& character : name) {
        if (!is_letter_or_digit(character) &&
            rules.punctuation.find(character) == std::string_view::npos) {
            character = '-';
        }
    }
    if (name.size() <= rules.bytes_max) {
        return name;
    }
    constexpr std::size_t hash_digits = 12;
    std::string const hash = sha256_hex(cluster + "/" + ns).substr(0, hash_digits);
    return ns.substr(0, rules.bytes_max - hash_digits - 1) + "-" + hash;
}

}  // namespace rt::op
