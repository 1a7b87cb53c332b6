#include "lib/tenancy/image_reference.hpp"
#include "lib/tenancy/policy.hpp"
#include "lib/tenancy/registry_tenancy.hpp"
#include "unit/fuzz/resources.hpp"

namespace {

/// Nothing of what was read from a broken tenancy may allow more than its readable whole would.
void require_salvage_governs(rt::Json const& object) {
    auto const salvaged = rt::tenancy::RegistryTenancy::salvage(object);
    for (auto const& ns : salvaged.namespaces) {
        rt::fuzz::require(salvaged.governs(ns, {}) || salvaged.baseline);
    }
}

}  // namespace

/// Any object: a RegistryTenancy that survives being written and read again and compiles into a
/// policy, or errors for people; and something that governs, whatever is wrong with it.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace rt;
    auto const object = fuzz::object_of(fuzz::text_of(data, size));
    if (!object) {
        return 0;
    }
    require_salvage_governs(*object);
    auto const tenancy = tenancy::RegistryTenancy::parse(*object);
    if (!tenancy) {
        fuzz::require_told(tenancy.error());
        return 0;
    }
    fuzz::require_round_trip(*object, *tenancy);
    return 0;
}
