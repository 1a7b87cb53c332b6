#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rt::cli {

/// Commands and flags, as completion needs them.
struct CommandTree {
    std::string name{};
    std::vector<std::string> flags{};  ///< "--output", "-o"
    std::vector<CommandTree> commands{};
};

/// What could stand where the last of `words` does (it may be empty), in the form that kubectl asks
/// of plugins (cobra's "__complete"): a candidate a line, then ":4", or ":0" where a file name is
/// wanted.
[[nodiscard]] std::string complete(CommandTree const& root, std::span<std::string const> words);

/// The script for "bash", "zsh" or "fish"; nullopt for another shell.
[[nodiscard]] std::optional<std::string> completion_script(std::string_view shell);

}  // namespace rt::cli
