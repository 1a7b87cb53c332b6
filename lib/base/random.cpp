#include "lib/base/random.hpp"

#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace rt {
namespace {

class SystemRandom final : public Random {
  public:
    double uniform() override {
        std::array<unsigned char, 8> bytes{};
        fill(bytes.data(), bytes.size());
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data(), bytes.size());
        return static_cast<double>(value >> 11U) * 0x1.0p-53;
    }

    std::string hex(std::size_t count) override {
        std::vector<unsigned char> bytes(count);
        fill(bytes.data(), bytes.size());
        static constexpr char digits[] = "0123456789abcdef";
        std::string text;
        text.reserve(count * 2);
        for (unsigned char const byte : bytes) {
            text.push_back(digits[byte >> 4U]);
            text.push_back(digits[byte & 0xfU]);
        }
        return text;
    }

  private:
    static void fill(unsigned char* out, std::size_t size) {
        // Without randomness no nonce is safe; carrying on would be worse than ending.
        if (RAND_bytes(out, static_cast<int>(size)) != 1) {
            std::abort();
        }
    }
};

}  // namespace

Random& system_random() {
    static SystemRandom random;
    return random;
}

}  // namespace rt
