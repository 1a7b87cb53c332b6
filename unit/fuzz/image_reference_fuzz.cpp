#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/base/text.hpp"
#include "lib/tenancy/image_reference.hpp"

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

/// Any bytes: an answer, and what is accepted reads as itself once it is written in full.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using rt::tenancy::ImageReference;
    // libFuzzer's own interface hands over bytes; a reference is text.
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const image = ImageReference::parse(text);
    if (!image) {
        auto const message = rt::tenancy::explain(image.error(), text);
        require(!message.empty() && rt::printable(message, 1024) == message);
        return 0;
    }
    require(image->repository().size() <= 255);
    auto const canonical = image->canonical();
    auto const again = ImageReference::parse(canonical);
    require(again && again->canonical() == canonical && again->registry() == image->registry() &&
            again->repository() == image->repository());
    return 0;
}
