#include "lib/tenancy/field_error.hpp"

#include <algorithm>

namespace rt::tenancy {

std::string to_string(FieldErrors const& errors) {
    // A condition or a denial shows a handful; more would push the first ones out of sight.
    constexpr std::size_t shown_max = 8;
    std::string out;
    for (std::size_t i = 0; i < std::min(errors.size(), shown_max); ++i) {
        if (i != 0) {
            out += "; ";
        }
        out += errors[i].pointer + ": " + errors[i].message;
    }
    if (errors.size() > shown_max) {
        out += "; and " + std::to_string(errors.size() - shown_max) + " more";
    }
    return out;
}

}  // namespace rt::tenancy
