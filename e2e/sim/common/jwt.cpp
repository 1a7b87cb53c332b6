#include "e2e/sim/common/jwt.hpp"

#include <cpprest/json.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>

#include "e2e/sim/common/crypto.hpp"

namespace sim {
namespace {

using web::json::value;

/// r and s, 32 bytes each (RFC 7518, 3.4), as OpenSSL wants them.
std::string der_of(std::string const& r_and_s) {
    auto const* bytes = reinterpret_cast<unsigned char const*>(r_and_s.data());
    std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> const signature(ECDSA_SIG_new(),
                                                                          &ECDSA_SIG_free);
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, 32, nullptr),
                   BN_bin2bn(bytes + 32, 32, nullptr));
    unsigned char* der = nullptr;
    int const size = i2d_ECDSA_SIG(signature.get(), &der);
    std::string out(reinterpret_cast<char const*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return out;
}

std::optional<TokenClaims> read_claims(std::string const& json) {
    try {
        value const body = value::parse(json);
        value const& audience = body.at("aud");
        TokenClaims claims;
        claims.issuer = body.at("iss").as_string();
        claims.subject = body.at("sub").as_string();
        claims.audience = audience.is_array() ? audience.at(0).as_string() : audience.as_string();
        claims.expires =
            std::chrono::system_clock::from_time_t(body.at("exp").as_number().to_int64());
        return claims;
    } catch (std::exception const&) {
        return std::nullopt;
    }
}

}  // namespace

TokenVerifier::TokenVerifier(std::string const& public_key_file) {
    std::unique_ptr<BIO, decltype(&BIO_free)> const file(BIO_new_file(public_key_file.c_str(), "r"),
                                                         &BIO_free);
    key_ = file ? PEM_read_bio_PUBKEY(file.get(), nullptr, nullptr, nullptr) : nullptr;
    if (key_ == nullptr) {
        throw std::runtime_error(public_key_file + ": is no public key in PEM");
    }
}

TokenVerifier::~TokenVerifier() {
    EVP_PKEY_free(static_cast<EVP_PKEY*>(key_));
}

std::optional<TokenClaims> TokenVerifier::verify(std::string_view token) const {
    auto const parts = split(token, '.');
    if (parts.size() != 3) {
        return std::nullopt;
    }
    auto const claims = base64url_decode(parts[1]);
    auto const signature = base64url_decode(parts[2]);
    if (!claims || !signature || signature->size() != 64) {
        return std::nullopt;
    }
    std::string const der = der_of(*signature);
    std::string const content = parts[0] + "." + parts[1];
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    bool const good =
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                             static_cast<EVP_PKEY*>(key_)) == 1 &&
        EVP_DigestVerify(context.get(), reinterpret_cast<unsigned char const*>(der.data()),
                         der.size(), reinterpret_cast<unsigned char const*>(content.data()),
                         content.size()) == 1;
    return good ? read_claims(*claims) : std::nullopt;
}

}  // namespace sim
