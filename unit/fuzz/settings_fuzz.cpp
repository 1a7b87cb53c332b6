#include "lib/tenancy/settings.hpp"
#include "unit/fuzz/fuzz.hpp"

/// Any text: settings, or an error that a person can read. kube-system is never governed.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using rt::fuzz::require;
    auto const settings = rt::tenancy::Settings::parse(rt::fuzz::text_of(data, size));
    if (!settings) {
        rt::fuzz::require_readable(settings.error().message);
        return 0;
    }
    require(settings->excluded("kube-system") && settings->excluded(settings->product_namespace));
    require(settings->webhook.port != 0 && settings->webhook.threads > 0);
    require(settings->webhook.timeout.count() > 0);
    return 0;
}
