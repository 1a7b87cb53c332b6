#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/base/text.hpp"

/// What the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput: any bytes in, no
/// crash, and every promise of the code under test kept. libFuzzer drives it (make fuzz); in the
/// other builds replay_test.cpp runs it over the seed corpus.
namespace rt::fuzz {

/// A broken promise ends the process, which is what libFuzzer and the replay report.
inline void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// libFuzzer's own interface hands over bytes; what we read is text.
inline std::string_view text_of(std::uint8_t const* data, std::size_t size) {
    return {reinterpret_cast<char const*>(data), size};
}

/// What people will read: something, and nothing that a terminal would obey.
inline void require_readable(std::string_view message) {
    require(!message.empty() && printable(message, message.size()) == message);
}

}  // namespace rt::fuzz
