#include <nlohmann/json.hpp>

#include "cli/yaml_documents.hpp"
#include "unit/fuzz/fuzz.hpp"

/// Any text: documents that survive being written and read again, or an error for people.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace rt;
    auto const documents = cli::read_yaml(fuzz::text_of(data, size));
    if (!documents) {
        fuzz::require_readable(documents.error().message);
        return 0;
    }
    for (auto const& document : *documents) {
        fuzz::require(document.value != nullptr && document.line > 0);
        auto const again = cli::read_yaml(cli::write_yaml(*document.value));
        fuzz::require(again.has_value());
    }
    return 0;
}
