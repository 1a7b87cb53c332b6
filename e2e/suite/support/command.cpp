#include "e2e/suite/support/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

namespace e2e {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t output_bytes_at_most = std::size_t{16} << 20U;  // keeps a runaway bounded

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{-1, -1};
        if (pipe2(ends.data(), O_CLOEXEC) == 0) {
            read_end = ends[0];
            write_end = ends[1];
        }
    }
    ~Pipe() {
        close_end(read_end);
        close_end(write_end);
    }
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;

    static void close_end(int& end) {
        if (end >= 0) {
            close(end);
        }
        end = -1;
    }

    int read_end = -1;
    int write_end = -1;
};

[[noreturn]] void become(std::vector<std::string> const& arguments, int in, int out, int err) {
    setpgid(0, 0);
    std::signal(SIGPIPE, SIG_DFL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string const& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    char const* reason = std::strerror(errno);
    [[maybe_unused]] auto const written = write(STDERR_FILENO, reason, std::strlen(reason));
    _exit(127);
}

/// Reads what is there; closes the end when the other side has.
void drain(int& end, std::string& into) {
    std::array<char, 65536> buffer{};
    auto const count = read(end, buffer.data(), buffer.size());
    if (count > 0 && into.size() < output_bytes_at_most) {
        into.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (count <= 0 && errno != EINTR && errno != EAGAIN) {
        Pipe::close_end(end);
    } else if (count == 0) {
        Pipe::close_end(end);
    }
}

void feed(int& end, std::string_view& input) {
    auto const count = input.empty() ? 0 : write(end, input.data(), input.size());
    if (count > 0) {
        input.remove_prefix(static_cast<std::size_t>(count));
    }
    if (input.empty() || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        Pipe::close_end(end);
    }
}

/// Moves bytes until the program has closed its outputs or time is up; false: time is up.
bool converse(Pipe& in, Pipe& out, Pipe& err, std::string_view input, Clock::time_point deadline,
              CommandResult& result) {
    while (out.read_end >= 0 || err.read_end >= 0) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) {
            return false;
        }
        std::array<pollfd, 3> files{pollfd{out.read_end, POLLIN, 0},
                                    pollfd{err.read_end, POLLIN, 0},
                                    pollfd{in.write_end, POLLOUT, 0}};
        if (poll(files.data(), files.size(), static_cast<int>(left)) < 0 && errno != EINTR) {
            return false;
        }
        if (files[0].revents != 0) {
            drain(out.read_end, result.out);
        }
        if (files[1].revents != 0) {
            drain(err.read_end, result.err);
        }
        if (files[2].revents != 0) {
            feed(in.write_end, input);
        }
    }
    return true;
}

}  // namespace

std::string CommandResult::text() const {
    return (timed_out ? "killed after its time limit" : "exit code " + std::to_string(status)) +
           "\nstdout: " + out + "\nstderr: " + err;
}

CommandResult run(std::vector<std::string> const& arguments, std::string const& input,
                  std::chrono::seconds limit) {
    std::signal(SIGPIPE, SIG_IGN);
    CommandResult result;
    Pipe in;
    Pipe out;
    Pipe err;
    pid_t const child = fork();
    if (child == 0) {
        become(arguments, in.read_end, out.write_end, err.write_end);
    }
    Pipe::close_end(in.read_end);
    Pipe::close_end(out.write_end);
    Pipe::close_end(err.write_end);
    if (child < 0) {
        result.err = std::strerror(errno);
        return result;
    }
    fcntl(in.write_end, F_SETFL, O_NONBLOCK);
    result.timed_out = !converse(in, out, err, input, Clock::now() + limit, result);
    if (result.timed_out) {
        kill(-child, SIGKILL);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

}  // namespace e2e
