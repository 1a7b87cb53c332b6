#include "lib/base/secret.hpp"

#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstring>
#include <utility>

namespace rt {

SecretString::SecretString(std::string_view value) : size_(value.size()) {
    if (size_ > 0) {
        bytes_ = std::make_unique<char[]>(size_);
        std::memcpy(bytes_.get(), value.data(), size_);
    }
}

SecretString::SecretString(SecretString&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

SecretString& SecretString::operator=(SecretString&& other) noexcept {
    if (this != &other) {
        wipe();
        bytes_ = std::move(other.bytes_);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

SecretString::~SecretString() {
    wipe();
}

std::string_view SecretString::reveal() const {
    return size_ == 0 ? std::string_view{} : std::string_view(bytes_.get(), size_);
}

bool SecretString::equals(SecretString const& other) const {
    return size_ == other.size_ &&
           (size_ == 0 || CRYPTO_memcmp(bytes_.get(), other.bytes_.get(), size_) == 0);
}

void SecretString::wipe() noexcept {
    if (bytes_) {
        OPENSSL_cleanse(bytes_.get(), size_);
    }
    size_ = 0;
}

void forbid_memory_dumps() {
    rlimit const none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace rt
