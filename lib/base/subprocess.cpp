#include "lib/base/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>

#include "lib/base/text.hpp"

namespace rt {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A pipe whose ends close themselves.
struct Pipe {
    std::array<int, 2> ends{-1, -1};
    Pipe() = default;
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    bool open() { return pipe2(ends.data(), O_CLOEXEC) == 0; }
    void close_end(std::size_t end) {
        if (ends.at(end) >= 0) {
            ::close(ends.at(end));
            ends.at(end) = -1;
        }
    }
};

/// posix_spawn's actions, given back.
class Actions {
  public:
    Actions() { posix_spawn_file_actions_init(&actions_); }
    ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
    Actions(Actions const&) = delete;
    Actions& operator=(Actions const&) = delete;
    posix_spawn_file_actions_t* get() { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

/// C's lists of strings; valid as long as `texts`.
std::vector<char*> pointers(std::vector<std::string> const& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (auto const& text : texts) {
        // posix_spawn takes them without const and leaves them as they are.
        result.push_back(const_cast<char*>(text.c_str()));  // NOLINT
    }
    result.push_back(nullptr);
    return result;
}

std::vector<std::string> environment_of(Subprocess const& program) {
    std::vector<std::string> all;
    for (char** one = environ; one != nullptr && *one != nullptr; ++one) {
        std::string_view const ours(*one);
        bool const replaced =
            std::any_of(program.environment.begin(), program.environment.end(),
                        [&](auto const& given) { return ours.starts_with(given.first + '='); });
        if (!replaced) {
            all.emplace_back(ours);
        }
    }
    for (auto const& [name, value] : program.environment) {
        all.push_back(name + '=' + value);
    }
    return all;
}

Result<pid_t> start(Subprocess const& program, Pipe const& output) {
    std::string const name = printable(program.arguments.front(), 256);
    Actions actions;
    posix_spawn_file_actions_adddup2(actions.get(), output.ends[1], STDOUT_FILENO);
    if (!program.may_ask) {
        posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    auto const environment = environment_of(program);
    auto const argv = pointers(program.arguments);
    auto const envp = pointers(environment);
    pid_t child = 0;
    int const error =
        posix_spawnp(&child, argv[0], actions.get(), nullptr, argv.data(), envp.data());
    if (error != 0) {
        return fail(Error{ErrorKind::NotFound,
                          name + " cannot be run (" +
                              std::strerror(error) +  // NOLINT(concurrency-mt-unsafe)
                              "): install it, or put its folder on PATH"});
    }
    return child;
}

enum class Ended { Closed, Late, TooMuch };

/// Until it closes its output, or goes too far.
Ended read_output(int descriptor, Subprocess const& program, steady_clock::time_point deadline,
                  std::string& out) {
    std::array<char, 65536> chunk{};
    while (true) {
        auto const left =
            std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0) {
            return Ended::Late;
        }
        pollfd waiting{descriptor, POLLIN, 0};
        int const ready = ::poll(&waiting, 1, static_cast<int>(std::min<long>(left, 60'000)));
        if (ready <= 0) {
            continue;
        }
        ssize_t const count = ::read(descriptor, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return Ended::Closed;
        }
        out.append(chunk.data(), static_cast<std::size_t>(count));
        if (out.size() > program.output_bytes_max) {
            return Ended::TooMuch;
        }
    }
}

/// Its end, or nullopt where it does not come in time.
std::optional<int> status_by(pid_t child, steady_clock::time_point deadline) {
    // A program that has closed its output mostly ends at once.
    constexpr timespec interval{0, 2'000'000};
    while (true) {
        int status = 0;
        pid_t const ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        if (steady_clock::now() >= deadline) {
            return std::nullopt;
        }
        ::nanosleep(&interval, nullptr);
    }
}

void kill_and_forget(pid_t child) {
    ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

Result<SubprocessResult> run_subprocess(Subprocess const& program) {
    std::string const name = printable(program.arguments.front(), 256);
    Pipe pipe;
    if (!pipe.open()) {
        return fail(internal_error("no pipe can be made for " + name));
    }
    auto const deadline = steady_clock::now() + program.time_max;
    RT_TRY(pid_t const child, start(program, pipe));
    pipe.close_end(1);
    SubprocessResult result;
    Ended const ended = read_output(pipe.ends[0], program, deadline, result.output);
    pipe.close_end(0);
    auto const status = ended == Ended::Closed ? status_by(child, deadline) : std::nullopt;
    if (status) {
        result.status = *status;
        return result;
    }
    kill_and_forget(child);
    if (ended == Ended::TooMuch) {
        return fail(Error{ErrorKind::Corrupt, name + " wrote over " +
                                                  std::to_string(program.output_bytes_max) +
                                                  " bytes: give it less to say"});
    }
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(program.time_max).count();
    return fail(Error{ErrorKind::DeadlineExceeded,
                      name + " did not end within " + std::to_string(seconds) + " s"});
}

}  // namespace rt
