#include "e2e/sim/common/server.hpp"
#include "e2e/sim/google_sts.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "googleSts";
    kind.program = "sim-google-sts";
    kind.summary = "a simulated Security Token Service of Google";
    kind.file_flag = "oidc-key";
    return sim::run_simulator(argc, argv, kind, [](sim::Options const& options) {
        return std::make_unique<sim::GoogleSts>(options.file);
    });
}
