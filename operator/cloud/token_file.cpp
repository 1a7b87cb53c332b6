#include "operator/cloud/token_file.hpp"

#include <string_view>

#include "lib/base/file.hpp"

namespace rt::op {

Result<SecretString> read_token_file(std::string const& path) {
    constexpr std::size_t token_bytes_max = 20'000;
    auto const content = read_file(path, token_bytes_max + 2);
    if (!content) {
        return fail(content.error().with_context(
            "the operator's ServiceAccount token for identity OIDC (its Deployment mounts it)"));
    }
    std::string_view token = *content;
    token = token.substr(0, token.find_last_not_of("\r\n") + 1);
    if (token.empty()) {
        return fail(Error{ErrorKind::Unavailable, path + " is empty: no token there yet"});
    }
    return SecretString(token);
}

}  // namespace rt::op
