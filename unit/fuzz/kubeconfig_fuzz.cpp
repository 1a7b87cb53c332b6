#include "lib/kube/client/config.hpp"
#include "unit/fuzz/fuzz.hpp"

/// Any text: a configuration that reaches an API server by TLS alone, or an error for people.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const path = "/home/jane/.kube/config";
    auto const config =
        rt::kube::parse_kubeconfig({{path, std::string(rt::fuzz::text_of(data, size))}}, {{path}});
    if (!config) {
        rt::fuzz::require_readable(config.error().message);
        return 0;
    }
    rt::fuzz::require(config->server.starts_with("https://"));
    return 0;
}
