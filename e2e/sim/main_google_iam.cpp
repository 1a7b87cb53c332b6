#include "e2e/sim/common/server.hpp"
#include "e2e/sim/google_iam.hpp"

int main(int argc, char** argv) {
    sim::Kind kind;
    kind.name = "googleIam";
    kind.program = "sim-google-iam";
    kind.summary = "a simulated Service Account Credentials API of Google";
    return sim::run_simulator(
        argc, argv, kind, [](sim::Options const&) { return std::make_unique<sim::GoogleIam>(); });
}
