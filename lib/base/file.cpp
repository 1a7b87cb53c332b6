#include "lib/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace rt {
namespace {

Error file_error(std::string const& path, int code) {
    ErrorKind const kind = code == ENOENT ? ErrorKind::NotFound : ErrorKind::Unavailable;
    return Error{kind, "reading " + path + ": " + std::generic_category().message(code)};
}

}  // namespace

Result<std::string> read_file(std::string const& path, std::size_t bytes_max) {
    int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return fail(file_error(path, errno));
    }
    std::string content;
    char buffer[16384];
    while (true) {
        ssize_t const count = ::read(descriptor, buffer, sizeof buffer);
        if (count == 0) {
            break;
        }
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            Error error = file_error(path, errno);
            ::close(descriptor);
            return fail(std::move(error));
        }
        content.append(buffer, static_cast<std::size_t>(count));
        if (content.size() > bytes_max) {
            ::close(descriptor);
            return fail(invalid_argument(path + " is larger than the " + std::to_string(bytes_max) +
                                         " bytes read from it"));
        }
    }
    ::close(descriptor);
    return content;
}

}  // namespace rt
