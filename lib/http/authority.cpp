#include "lib/http/authority.hpp"

namespace rt::http {

std::pair<std::string, std::string> host_and_port(std::string_view authority,
                                                  std::string_view default_port) {
    auto const colon = authority.rfind(':');
    if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos) {
        return {std::string(authority), std::string(default_port)};
    }
    return {std::string(authority.substr(0, colon)), std::string(authority.substr(colon + 1))};
}

}  // namespace rt::http
