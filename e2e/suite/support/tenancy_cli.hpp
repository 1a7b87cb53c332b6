#pragma once

#include <string>
#include <vector>

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// kubectl-tenancy with the cluster's kubeconfig.
CommandResult tenancy_cli(std::vector<std::string> const& arguments, std::string const& input = "",
                          std::chrono::seconds limit = std::chrono::seconds(60));

/// A file that is gone with the test.
class ScratchFile {
  public:
    ScratchFile(std::string const& name, std::string const& content);
    ~ScratchFile();
    ScratchFile(ScratchFile const&) = delete;
    ScratchFile& operator=(ScratchFile const&) = delete;
    [[nodiscard]] std::string const& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace e2e
