#include "lib/http/ca_bundles.hpp"

#include "lib/base/text.hpp"

namespace rt::http {

void CaBundles::add(std::string_view file_name, std::string_view pem) {
    constexpr std::string_view of_one_host = ".ca";
    if (file_name.ends_with(of_one_host)) {
        file_name.remove_suffix(of_one_host.size());
        of_host[to_lower_ascii(file_name)] += std::string(pem) + '\n';
    } else if (file_name.ends_with(".crt") || file_name.ends_with(".pem")) {
        everywhere += std::string(pem) + '\n';
    }
}

}  // namespace rt::http
