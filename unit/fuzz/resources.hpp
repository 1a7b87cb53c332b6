#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "lib/base/json.hpp"
#include "lib/tenancy/field_error.hpp"
#include "unit/fuzz/fuzz.hpp"

/// What the targets of our own resources share.
namespace rt::fuzz {

/// The bytes as the API server would deliver an object: JSON, and at least an object.
inline std::optional<Json> object_of(std::string_view text) {
    auto object = parse_json(text);
    return object && object->is_object() ? std::optional(*std::move(object)) : std::nullopt;
}

/// Every error names a field of the object, or its place, in words that a terminal may show.
inline void require_told(tenancy::FieldErrors const& errors) {
    require(!errors.empty());
    for (auto const& error : errors) {
        require(error.pointer.empty() || error.pointer.front() == '/');
        require_readable(error.message);
    }
}

/// What was understood, written out and read again, is the same.
template <class Resource>
void require_round_trip(Json object, Resource const& resource) {
    object["spec"] = resource.spec_json();
    auto const again = Resource::parse(object);
    require(again && again->spec_json() == object["spec"]);
}

}  // namespace rt::fuzz
