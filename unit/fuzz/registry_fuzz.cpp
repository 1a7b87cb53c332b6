#include "lib/tenancy/registry.hpp"
#include "unit/fuzz/resources.hpp"

/// Any object: a Registry that survives being written and read again, or errors for people.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace rt;
    auto const object = fuzz::object_of(fuzz::text_of(data, size));
    if (!object) {
        return 0;
    }
    auto const registry = tenancy::Registry::parse(*object);
    if (!registry) {
        fuzz::require_told(registry.error());
        return 0;
    }
    fuzz::require(!registry->hosts.empty());
    fuzz::require_round_trip(*object, *registry);
    return 0;
}
