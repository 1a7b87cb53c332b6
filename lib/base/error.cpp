#include "lib/base/error.hpp"

#include <utility>

namespace rt {

std::string_view name_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::InvalidArgument:
            return "InvalidArgument";
        case ErrorKind::NotFound:
            return "NotFound";
        case ErrorKind::AlreadyExists:
            return "AlreadyExists";
        case ErrorKind::Conflict:
            return "Conflict";
        case ErrorKind::Unauthenticated:
            return "Unauthenticated";
        case ErrorKind::Forbidden:
            return "Forbidden";
        case ErrorKind::Throttled:
            return "Throttled";
        case ErrorKind::Unavailable:
            return "Unavailable";
        case ErrorKind::DeadlineExceeded:
            return "DeadlineExceeded";
        case ErrorKind::Cancelled:
            return "Cancelled";
        case ErrorKind::Expired:
            return "Expired";
        case ErrorKind::Corrupt:
            return "Corrupt";
        case ErrorKind::Internal:
            break;
    }
    return "Internal";
}

bool Error::retryable() const {
    switch (kind) {
        case ErrorKind::Conflict:
        case ErrorKind::Throttled:
        case ErrorKind::Unavailable:
        case ErrorKind::DeadlineExceeded:
        case ErrorKind::Expired:
        case ErrorKind::Corrupt:
            return true;
        default:
            return false;
    }
}

Error Error::with_context(std::string_view context) const {
    Error copy = *this;
    copy.message = std::string(context) + ": " + message;
    return copy;
}

Error invalid_argument(std::string message) {
    return Error{ErrorKind::InvalidArgument, std::move(message)};
}

Error internal_error(std::string message) {
    return Error{ErrorKind::Internal, std::move(message)};
}

}  // namespace rt
