#include "cli/run_program.hpp"

#include "lib/base/subprocess.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{64} * 1024 * 1024;
/// A kustomization may have remote bases.
constexpr std::chrono::minutes time_max{10};

}  // namespace

Result<std::string> run_program(std::vector<std::string> const& arguments) {
    Subprocess program;
    program.arguments = arguments;
    program.may_ask = true;
    program.time_max = time_max;
    program.output_bytes_max = output_bytes_max;
    RT_TRY(auto result, run_subprocess(program));
    if (result.status != 0) {
        return fail(Error{ErrorKind::Unavailable,
                          printable(arguments.front(), 256) +
                              " failed: see its message above and correct what it names"});
    }
    return std::move(result.output);
}

}  // namespace rt::cli
