// Runs a fuzz target over its seeds and over what once broke it, in every build: what libFuzzer
// found stays found where there is no libFuzzer.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

TEST(FuzzCorpus, IsReplayed) {
    int seeds = 0;
    for (auto const& entry : std::filesystem::directory_iterator(RT_FUZZ_CORPUS)) {
        SCOPED_TRACE(entry.path().string());
        std::ifstream stream(entry.path(), std::ios::binary);
        // Exactly sized, so that the address sanitizer sees any step beyond.
        std::vector<std::uint8_t> const bytes{std::istreambuf_iterator<char>(stream), {}};
        EXPECT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0);
        ++seeds;
    }
    EXPECT_GT(seeds, 2) << "seeds of this target belong into " RT_FUZZ_CORPUS;
}

}  // namespace
