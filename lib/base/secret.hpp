#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace rt {

/// Bytes that must not be seen: no operator<<, no JSON, no formatter, no implicit conversion.
/// Moves hand over the one buffer, copies are explicit, the destructor wipes. Wiping is best
/// effort: what a library copied meanwhile is out of reach, so keep lives short.
class SecretString {
  public:
    SecretString() = default;
    explicit SecretString(std::string_view value);
    SecretString(SecretString const&) = delete;
    SecretString& operator=(SecretString const&) = delete;
    SecretString(SecretString&& other) noexcept;
    SecretString& operator=(SecretString&& other) noexcept;
    ~SecretString();

    /// The only way to read it. The view is valid as long as this object lives unmoved.
    [[nodiscard]] std::string_view reveal() const;
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] SecretString clone() const { return SecretString(reveal()); }

    /// Equality in time that does not depend on the content.
    [[nodiscard]] bool equals(SecretString const& other) const;

  private:
    void wipe() noexcept;

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

/// Makes core dumps and ptrace of this process impossible where the kernel allows it; call first in
/// main.
void forbid_memory_dumps();

}  // namespace rt
