#include "lib/base/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace rt {
namespace {

unsigned char const* bytes_of(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}

int base64_value(char character) {
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    if (character == '+') {
        return 62;
    }
    return character == '/' ? 63 : -1;
}

}  // namespace

Sha256 sha256(std::string_view data) {
    Sha256 digest{};
    SHA256(bytes_of(data), data.size(), digest.data());
    return digest;
}

std::string sha256_hex(std::string_view data) {
    return hex(sha256(data));
}

Sha256 hmac_sha256(std::string_view key, std::string_view data) {
    Sha256 digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(),
         digest.data(), &size);
    return digest;
}

std::string hex(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (char const byte : bytes) {
        auto const value = static_cast<unsigned char>(byte);
        text.push_back(digits[value >> 4U]);
        text.push_back(digits[value & 0xfU]);
    }
    return text;
}

std::string hex(Sha256 const& digest) {
    return hex(std::string_view(reinterpret_cast<char const*>(digest.data()), digest.size()));
}

std::string base64_encode(std::string_view data) {
    std::string text(4 * ((data.size() + 2) / 3) + 1, '\0');
    int const size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(data),
                                     static_cast<int>(data.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

Result<std::string> base64_decode(std::string_view text) {
    auto const malformed = [] { return fail(invalid_argument("not base64 (RFC 4648, padded)")); };
    if (text.size() % 4 != 0) {
        return malformed();
    }
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
        ++padding;
    }
    std::string data;
    data.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int count = 0;
    for (char const character : text.substr(0, text.size() - padding)) {
        int const value = base64_value(character);
        if (value < 0) {
            return malformed();
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            data.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xffU));
        }
    }
    return data;
}

}  // namespace rt
