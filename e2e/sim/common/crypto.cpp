#include "e2e/sim/common/crypto.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

namespace sim {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

unsigned char const* bytes(std::string_view text) {
    return static_cast<unsigned char const*>(static_cast<void const*>(text.data()));
}

unsigned char* bytes(std::string& text) {
    return static_cast<unsigned char*>(static_cast<void*>(text.data()));
}

std::string hex(std::string_view data) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(data.size() * 2);
    for (char const c : data) {
        auto const byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

std::string digest(const EVP_MD* algorithm, std::string_view data) {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
    unsigned int length = 0;
    if (EVP_Digest(data.data(), data.size(), bytes(out), &length, algorithm, nullptr) != 1) {
        throw std::runtime_error("OpenSSL refused a digest");
    }
    return out;
}

std::string hmac(const EVP_MD* algorithm, std::string_view key, std::string_view data) {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
    unsigned int length = 0;
    if (HMAC(algorithm, key.data(), static_cast<int>(key.size()), bytes(data), data.size(),
             bytes(out), &length) == nullptr) {
        throw std::runtime_error("OpenSSL refused an HMAC");
    }
    return out;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    if (RAND_bytes(bytes(out), static_cast<int>(count)) != 1) {
        throw std::runtime_error("no random bytes");
    }
    return out;
}

struct CipherFree {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

struct FileClose {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileClose>;

File open_file(std::string const& path) {
    File file(std::fopen(path.c_str(), "r"));
    if (!file) {
        throw std::runtime_error(path + ": cannot be read");
    }
    return file;
}

}  // namespace

std::string sha256_hex(std::string_view data) {
    return hex(digest(EVP_sha256(), data));
}

std::string hmac_sha256_hex(std::string_view key, std::string_view data) {
    return hex(hmac(EVP_sha256(), key, data));
}

std::string hmac_sha1_hex(std::string_view key, std::string_view data) {
    return hex(hmac(EVP_sha1(), key, data));
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string base64_encode(std::string_view data) {
    std::string out((data.size() + 2) / 3 * 4 + 1, '\0');  // one more: OpenSSL ends it with NUL
    int const length = EVP_EncodeBlock(bytes(out), bytes(data), static_cast<int>(data.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.empty()) {
        return std::string();
    }
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    for (char const c : text) {  // OpenSSL would skip blanks at both ends
        if (c <= ' ') {
            return std::nullopt;
        }
    }
    std::string out(text.size() / 4 * 3, '\0');
    int const length = EVP_DecodeBlock(bytes(out), bytes(text), static_cast<int>(text.size()));
    if (length < 0) {
        return std::nullopt;
    }
    std::size_t padding = 0;
    if (text[text.size() - 1] == '=') {
        ++padding;
    }
    if (text[text.size() - 2] == '=') {
        ++padding;
    }
    out.resize(static_cast<std::size_t>(length) - padding);
    if (base64_encode(out) != text) {  // bits that no byte uses must be zero: one text, one value
        return std::nullopt;
    }
    return out;
}

std::string base64url_encode(std::string_view data) {
    std::string out = base64_encode(data);
    while (!out.empty() && out.back() == '=') {
        out.pop_back();
    }
    for (char& c : out) {
        if (c == '+') {
            c = '-';
        }
        if (c == '/') {
            c = '_';
        }
    }
    return out;
}

std::optional<std::string> base64url_decode(std::string_view text) {
    std::string standard(text);
    for (char& c : standard) {
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    standard.append((4 - standard.size() % 4) % 4, '=');
    return base64_decode(standard);
}

std::string random_name(std::size_t length) {
    constexpr std::string_view letters =
        "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    std::string out = random_bytes(length);
    for (char& c : out) {
        c = letters[static_cast<unsigned char>(c) % letters.size()];
    }
    return out;
}

std::string random_request_id() {
    std::string raw = random_bytes(16);
    raw[6] = static_cast<char>((static_cast<unsigned char>(raw[6]) & 0x0fU) | 0x40U);
    raw[8] = static_cast<char>((static_cast<unsigned char>(raw[8]) & 0x3fU) | 0x80U);
    std::string text = hex(raw);
    for (char& c : text) {
        if (c >= 'a') {
            c = static_cast<char>(c - 'a' + 'A');
        }
    }
    for (std::size_t const at : {8U, 13U, 18U, 23U}) {
        text.insert(at, "-");
    }
    return text;
}

Sealer::Sealer(std::string_view key_text) : key_(digest(EVP_sha256(), key_text)) {}

std::string Sealer::seal(std::string_view purpose, std::string_view plain) const {
    Cipher const cipher(EVP_CIPHER_CTX_new());
    std::string const nonce = random_bytes(nonce_bytes);
    std::string sealed(plain.size(), '\0');
    std::string tag(tag_bytes, '\0');
    int length = 0;
    bool const good =
        cipher &&
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(std::string_view(key_)),
                           bytes(std::string_view(nonce))) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes(purpose),
                          static_cast<int>(purpose.size())) == 1 &&
        EVP_EncryptUpdate(cipher.get(), bytes(sealed), &length, bytes(plain),
                          static_cast<int>(plain.size())) == 1 &&
        EVP_EncryptFinal_ex(cipher.get(), bytes(tag), &length) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag.data()) == 1;
    if (!good) {
        throw std::runtime_error("OpenSSL could not seal a token");
    }
    return base64_encode(nonce + sealed + tag);
}

std::optional<std::string> Sealer::unseal(std::string_view purpose, std::string_view sealed) const {
    auto const raw = base64_decode(sealed);
    if (!raw || raw->size() < nonce_bytes + tag_bytes) {
        return std::nullopt;
    }
    std::string_view const nonce = std::string_view(*raw).substr(0, nonce_bytes);
    std::string_view const body =
        std::string_view(*raw).substr(nonce_bytes, raw->size() - nonce_bytes - tag_bytes);
    std::string tag = raw->substr(raw->size() - tag_bytes);
    std::string plain(body.size(), '\0');
    std::array<unsigned char, tag_bytes> rest{};
    Cipher const cipher(EVP_CIPHER_CTX_new());
    int length = 0;
    bool const good =
        cipher &&
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(std::string_view(key_)),
                           bytes(nonce)) == 1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes(purpose),
                          static_cast<int>(purpose.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), bytes(plain), &length, bytes(body),
                          static_cast<int>(body.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), rest.data(), &length) == 1;
    if (!good) {
        return std::nullopt;
    }
    return plain;
}

std::string Sealer::tag40(std::string_view data) const {
    return hmac_sha1_hex(key_, data);
}

TokenSigner::TokenSigner(std::string const& certificate_file, std::string const& key_file) {
    std::string chain;
    File const certificates = open_file(certificate_file);
    while (X509* certificate = PEM_read_X509(certificates.get(), nullptr, nullptr, nullptr)) {
        std::unique_ptr<X509, decltype(&X509_free)> const owner(certificate, X509_free);
        std::string der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)), '\0');
        unsigned char* out = bytes(der);
        i2d_X509(certificate, &out);
        chain += (chain.empty() ? "\"" : ",\"") + base64_encode(der) + "\"";
    }
    ERR_clear_error();
    if (chain.empty()) {
        throw std::runtime_error(certificate_file + ": no PEM certificate in it");
    }
    header_json_ = R"({"alg":"ES256","typ":"JWT","x5c":[)" + chain + "]}";

    EVP_PKEY* key = PEM_read_PrivateKey(open_file(key_file).get(), nullptr, nullptr, nullptr);
    if (key == nullptr) {
        throw std::runtime_error(key_file + ": no PEM private key in it");
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) != 256) {
        EVP_PKEY_free(key);
        throw std::runtime_error(key_file + ": not a P-256 key, which ES256 needs");
    }
    key_ = key;
}

TokenSigner::~TokenSigner() {
    EVP_PKEY_free(static_cast<EVP_PKEY*>(key_));
}

std::string TokenSigner::sign(std::string_view claims_json) const {
    std::string const input = base64url_encode(header_json_) + "." + base64url_encode(claims_json);
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    std::size_t length = 0;
    std::string der;
    bool good = context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr,
                                              static_cast<EVP_PKEY*>(key_)) == 1;
    good = good && EVP_DigestSign(context.get(), nullptr, &length, bytes(std::string_view(input)),
                                  input.size()) == 1;
    der.resize(length);
    good = good && EVP_DigestSign(context.get(), bytes(der), &length,
                                  bytes(std::string_view(input)), input.size()) == 1;
    unsigned char const* at = bytes(std::string_view(der));
    std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> const parts(
        good ? d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length)) : nullptr, ECDSA_SIG_free);
    std::string raw(64, '\0');  // JOSE wants r and s as 32 bytes each, not DER
    if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), bytes(raw), 32) != 32 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), bytes(raw) + 32, 32) != 32) {
        throw std::runtime_error("OpenSSL could not sign a token");
    }
    return input + "." + base64url_encode(raw);
}

}  // namespace sim
