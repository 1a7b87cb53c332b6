#include "lib/tenancy/registry_exception.hpp"
#include "unit/fuzz/resources.hpp"

/// Any object: a RegistryException that survives being written and read again and ends when it says
/// or earlier, or errors for people.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace rt;
    auto const object = fuzz::object_of(fuzz::text_of(data, size));
    if (!object) {
        return 0;
    }
    auto const exception = tenancy::RegistryException::parse(*object);
    if (!exception) {
        fuzz::require_told(exception.error());
        return 0;
    }
    fuzz::require(!exception->namespaces.empty() && !exception->images.empty());
    fuzz::require(!exception->reason.empty());
    fuzz::require(exception->ends_at(std::chrono::hours(24)) <= exception->expires_at);
    fuzz::require(!exception->active_at(exception->expires_at, std::chrono::hours(24)));
    for (auto const& image : exception->images) {
        fuzz::require(image.registry.empty() != image.host.empty());
        fuzz::require_readable(image.display());
    }
    fuzz::require_round_trip(*object, *exception);
    return 0;
}
