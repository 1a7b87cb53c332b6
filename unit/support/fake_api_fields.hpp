#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/json.hpp"
#include "lib/base/result.hpp"

namespace rt::test {

/// "metadata.name=x,metadata.namespace!=y" and alike over an object.
[[nodiscard]] bool matches_fields(Json const& object, std::string const& selector);
/// "a=b,c!=d,e in (f,g),h,!i" over an object's labels.
[[nodiscard]] bool matches_labels(Json const& object, std::string const& selector);

/// PartialObjectMetadata of it.
[[nodiscard]] Json metadata_only(Json const& object);

/// Server-side apply, small: `applied` is what each field manager applied last and is brought up to
/// date. Conflict where a field of another manager would change and `force` is off.
[[nodiscard]] Result<Json> apply_fields(Json current, Json const& wanted,
                                        std::string const& manager, bool force,
                                        std::map<std::string, Json>& applied);

/// What somebody else's write of `after` over `before` (null: created) does to ownership: fields
/// that change are theirs from then on.
void take_over_fields(Json const& before, Json const& after, std::map<std::string, Json>& applied);

/// metadata.managedFields (FieldsV1) for that ownership.
[[nodiscard]] Json managed_fields_of(std::map<std::string, Json> const& applied);

}  // namespace rt::test
