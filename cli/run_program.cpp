#include "cli/run_program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{64} * 1024 * 1024;

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

/// False where there was more than we keep; the rest is not read.
bool read_all(int descriptor, std::string& out) {
    std::array<char, 65536> chunk{};
    while (true) {
        ssize_t const count = ::read(descriptor, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return true;
        }
        out.append(chunk.data(), static_cast<std::size_t>(count));
        if (out.size() > output_bytes_max) {
            return false;
        }
    }
}

}  // namespace

Result<std::string> run_program(std::vector<std::string> const& arguments) {
    Pipe pipe;
    if (!pipe.open()) {
        return fail(internal_error("no pipe can be made for " + arguments.front()));
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe.ends[1], STDOUT_FILENO);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (auto const& argument : arguments) {
        // posix_spawn takes them without const and leaves them as they are.
        argv.push_back(const_cast<char*>(argument.c_str()));  // NOLINT
    }
    argv.push_back(nullptr);
    pid_t child = 0;
    int const error = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        return fail(
            Error{ErrorKind::NotFound, printable(arguments.front(), 256) + " cannot be run (" +
                                           std::strerror(error) +  // NOLINT(concurrency-mt-unsafe)
                                           "): install it, or put its folder on PATH"});
    }
    pipe.close_end(1);
    std::string output;
    bool const complete = read_all(pipe.ends[0], output);
    pipe.close_end(0);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!complete) {
        return fail(Error{ErrorKind::Corrupt,
                          printable(arguments.front(), 256) + " wrote over 64 MiB: give less"});
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fail(Error{ErrorKind::Unavailable,
                          printable(arguments.front(), 256) +
                              " failed: see its message above and correct what it names"});
    }
    return output;
}

}  // namespace rt::cli
