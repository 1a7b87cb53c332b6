#include "lib/tenancy/image_reference.hpp"
#include "unit/fuzz/fuzz.hpp"
#include "unit/tenancy/distribution_oracle.hpp"

namespace {

using rt::fuzz::require;
using rt::tenancy::ImageError;
using rt::tenancy::ImageReference;

/// std::regex recurses; longer texts have nothing that these have not.
constexpr std::size_t oracle_bytes_max = 200;

/// The closed list of what is refused beyond the grammar.
bool strictly_refused(ImageError error) {
    using enum ImageError;
    return error == ForbiddenByte || error == UpperCaseRegistry || error == BadPort ||
           error == ImageId || error == TooLong || error == UnsupportedDigest;
}

void compare_with_the_grammar(std::string_view text,
                              tl::expected<ImageReference, ImageError> const& ours) {
    if (text.size() > oracle_bytes_max || text.find('\0') != std::string_view::npos) {
        return;
    }
    auto const theirs = rt::tenancy::testing::distribution_parse(std::string(text));
    if (!ours) {
        require(!theirs || strictly_refused(ours.error()));
        return;
    }
    require(theirs && theirs->domain == ours->registry() && theirs->path == ours->repository() &&
            theirs->tag == ours->tag().value_or("") &&
            theirs->digest == ours->digest().value_or(""));
}

}  // namespace

/// Any bytes: an answer that the grammar agrees with, and what is accepted reads as itself once it
/// is written in full.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text = rt::fuzz::text_of(data, size);
    auto const image = ImageReference::parse(text);
    compare_with_the_grammar(text, image);
    if (!image) {
        rt::fuzz::require_readable(rt::tenancy::explain(image.error(), text));
        return 0;
    }
    require(image->repository().size() <= 255);
    auto const canonical = image->canonical();
    auto const again = ImageReference::parse(canonical);
    require(again && again->canonical() == canonical && again->registry() == image->registry() &&
            again->repository() == image->repository());
    return 0;
}
