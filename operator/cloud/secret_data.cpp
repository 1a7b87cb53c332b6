#include "operator/cloud/secret_data.hpp"

#include <openssl/crypto.h>

#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/kube/core/object.hpp"

namespace rt::op {

Result<SecretString> secret_data(Json const& secret, std::string_view key) {
    auto const name = [&] {
        return "Secret " + kube::meta_of(secret).key().str() + ", key " + std::string(key);
    };
    Json const* const data = find(secret, "data");
    Json const* const value = data == nullptr ? nullptr : find(*data, key);
    if (value == nullptr || !value->is_string()) {
        return fail(Error{ErrorKind::NotFound, name() + ": missing"});
    }
    Result<std::string> decoded = base64_decode(value->get_ref<std::string const&>());
    if (!decoded || decoded->empty()) {
        return fail(Error{ErrorKind::Corrupt, name() + ": empty or not base64"});
    }
    SecretString content(*decoded);
    OPENSSL_cleanse(decoded->data(), decoded->size());
    return content;
}

}  // namespace rt::op
