#include "lib/tenancy/docker_config.hpp"
#include "unit/fuzz/fuzz.hpp"

/// Any text: credentials, each under a key, that survive being written and read again; or an error
/// that quotes nothing of what may be secret.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace rt;
    auto const entries = tenancy::parse_docker_config(fuzz::text_of(data, size));
    if (!entries) {
        fuzz::require_readable(entries.error().message);
        return 0;
    }
    auto const written = tenancy::render_docker_config(*entries);
    auto const again = tenancy::parse_docker_config(written.reveal());
    fuzz::require(again.has_value() && again->size() <= entries->size());
    return 0;
}
