#pragma once

#include <optional>

#include "lib/tenancy/field_error.hpp"
#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

namespace rt::tenancy {

/// Reads `namespace` or `repository` of an object that names a part of a registry: an entry of
/// `allow`, or of an exception's `images`. nullopt where it names nothing that can be allowed
/// (reported).
[[nodiscard]] std::optional<AllowEntry> read_allow_path(FieldReader& reader, FieldErrors& errors);

}  // namespace rt::tenancy
