#include "e2e/suite/support/tenancy_cli.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "e2e/suite/support/environment.hpp"

namespace e2e {

CommandResult tenancy_cli(std::vector<std::string> const& arguments, std::string const& input,
                          std::chrono::seconds limit) {
    std::vector<std::string> all = {repository() + "/build/bin/kubectl-tenancy"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    bool const parses = !arguments.empty() && arguments.front() == "completion";
    if (!parses) {
        all.insert(all.end(), {"--kubeconfig", cluster_directory() + "/kubeconfig"});
    }
    return run(all, input, limit);
}

ScratchFile::ScratchFile(std::string const& name, std::string const& content)
    : path_(std::filesystem::temp_directory_path() /
            ("registry-tenancy-e2e-" + std::to_string(::getpid()) + "-" + name)) {
    std::ofstream(path_) << content;
}

ScratchFile::~ScratchFile() {
    std::filesystem::remove(path_);
}

}  // namespace e2e
