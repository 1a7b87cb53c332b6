#pragma once

#include <stop_token>
#include <string>

#include "lib/http/transport.hpp"

namespace rt::op {

/// One call that needs no signature: a token in it, or where it is asked from, is the proof. `read`
/// makes a Result of the answer. Errors begin with `step`; where no answer came, `hint` follows
/// that.
template <class Read>
auto plain_call(http::Transport& clouds, std::string const& step, http::Request const& request,
                Read const& read, std::stop_token const& stop, std::string const& hint = {})
    -> decltype(read(http::Response())) {
    auto const response = clouds.send(request, stop);
    if (!response) {
        return fail(response.error().with_context(step + hint));
    }
    auto value = read(*response);
    if (!value) {
        return fail(value.error().with_context(step));
    }
    return value;
}

}  // namespace rt::op
