#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// The flags of one simulator process.
struct Options {
    std::string world_file;
    std::string faults_file;
    std::string log_file;
    std::string listen;  ///< ADDR:PORT
    std::string tls_certificate;
    std::string tls_key;
    std::string token_certificate;
    std::string token_key;
    std::string file;  ///< what the simulator's own flag names
};

/// Which flags a simulator knows beyond --world, --faults, --log and --listen.
struct Kind {
    std::string name;     ///< its section of the faults file, such as "sts"
    std::string program;  ///< for --help
    std::string summary;
    bool tls = true;
    bool signs_tokens = false;
    std::string file_flag{};  ///< a needed flag of its own, without "--"; empty: none
};

using MakeSimulator = std::function<std::unique_ptr<Simulator>(Options const&)>;

/// One of several services that share an address, with faults and log entries of its own.
struct Service {
    std::string name;         ///< its section of the faults file
    std::string path_prefix;  ///< of the requests it gets; empty: all that are left
    MakeSimulator make;
};

/// The whole life of a simulator process: flags, files, listening, SIGTERM. Returns its exit code:
/// 0 after SIGTERM or SIGINT, 2 for bad flags or files, 1 where it cannot listen.
int run_simulator(int argc, char** argv, Kind const& kind, MakeSimulator const& make);

/// The same for several services behind one address, of which the first whose prefix a path has
/// answers; the last one's prefix is empty.
int run_simulators(int argc, char** argv, Kind const& kind, std::vector<Service> const& services);

}  // namespace sim
