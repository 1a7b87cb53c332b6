#include "cli/completion.hpp"

#include <algorithm>
#include <array>

namespace rt::cli {
namespace {

// cobra's ShellCompDirective.
constexpr char files_follow[] = ":0\n";
constexpr char no_files[] = ":4\n";

constexpr std::array<std::string_view, 7> file_flags{
    "-f", "--filename", "-k", "--kustomize", "--tenancy", "--kubeconfig", "--config"};

constexpr char for_kubectl[] =
    "# kubectl tenancy <Tab> asks the program kubectl_complete-tenancy. Put it on your PATH:\n"
    "#   printf '#!/bin/sh\\nexec kubectl-tenancy __complete \"$@\"\\n' "
    ">~/.local/bin/kubectl_complete-tenancy\n"
    "#   chmod +x ~/.local/bin/kubectl_complete-tenancy\n";

constexpr char bash[] = R"script(_kubectl_tenancy() {
    local answer
    answer=$(kubectl-tenancy __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
    COMPREPLY=()
    [ "${answer##*:}" = 0 ] && return
    mapfile -t COMPREPLY < <(compgen -W "${answer%:*}" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _kubectl_tenancy kubectl-tenancy
)script";

constexpr char zsh[] = R"script(#compdef kubectl-tenancy
_kubectl_tenancy() {
    local -a answer
    answer=("${(@f)$(kubectl-tenancy __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ ${answer[-1]} == :0 ]]; then
        _files
    else
        compadd -- "${(@)answer[1,-2]}"
    fi
}
compdef _kubectl_tenancy kubectl-tenancy
)script";

constexpr char fish[] = R"script(function __kubectl_tenancy_complete
    set -l words (commandline -opc)
    set -l answer (kubectl-tenancy __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    if test "$answer[-1]" = ":0"
        __fish_complete_path (commandline -ct)
    else
        string match -v ":*" -- $answer
    end
end
complete -c kubectl-tenancy -f -a "(__kubectl_tenancy_complete)"
)script";

}  // namespace

std::string complete(CommandTree const& root, std::span<std::string const> words) {
    CommandTree const* at = &root;
    std::string const last = words.empty() ? std::string() : words.back();
    std::string before;
    for (std::string const& word : words.first(words.empty() ? 0 : words.size() - 1)) {
        auto const named =
            std::find_if(at->commands.begin(), at->commands.end(),
                         [&](CommandTree const& command) { return command.name == word; });
        at = named == at->commands.end() ? at : &*named;
        before = word;
    }
    if (std::find(file_flags.begin(), file_flags.end(), before) != file_flags.end()) {
        return files_follow;
    }
    std::vector<std::string> candidates;
    if (last.starts_with('-')) {
        candidates = at->flags;
    } else if (before == "--cloud-format") {
        candidates = {"json", "terraform"};
    } else if (before == "--document") {
        candidates = {"role", "trust", "caller", "callerTrust", "session"};
    } else if (before == "-o" || before == "--output") {
        candidates = at->name == "check"
                         ? std::vector<std::string>{"text", "json", "sarif", "junit", "github"}
                         : std::vector<std::string>{"text", "json"};
    } else if (at->name == "completion") {
        candidates = {"bash", "zsh", "fish"};
    } else {
        for (CommandTree const& command : at->commands) {
            candidates.push_back(command.name);
        }
    }
    std::string out;
    for (std::string const& candidate : candidates) {
        if (candidate.starts_with(last)) {
            out += candidate + '\n';
        }
    }
    return out + no_files;
}

std::optional<std::string> completion_script(std::string_view shell) {
    if (shell == "bash") {
        return std::string("# source <(kubectl tenancy completion bash)\n") + for_kubectl + bash;
    }
    if (shell == "zsh") {
        // #compdef must be the first line.
        return std::string(zsh) + for_kubectl;
    }
    if (shell == "fish") {
        return std::string("# kubectl tenancy completion fish | source\n") + for_kubectl + fish;
    }
    return std::nullopt;
}

}  // namespace rt::cli
