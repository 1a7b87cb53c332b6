#include "lib/tenancy/allow_reader.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace rt::tenancy {
namespace {

constexpr std::size_t path_characters_max = 255;

/// Puts `path` into the entry, reports it where it is none.
void read_path(AllowEntry& entry, FieldReader& reader, std::string_view key,
               std::string const& path) {
    if (auto parsed = RepositoryPath::parse(path)) {
        entry.path = parsed->str();
    } else {
        reader.report(key, parsed.error().message);
    }
}

}  // namespace

std::optional<AllowEntry> read_allow_path(FieldReader& reader, FieldErrors& errors) {
    AllowEntry entry;
    bool const by_namespace = reader.member("namespace") != nullptr;
    bool const by_repository = reader.member("repository") != nullptr;
    std::string const ns = reader.text("namespace", path_characters_max);
    std::string const repository = reader.text("repository", path_characters_max);
    std::size_t const errors_before = errors.size();
    if (by_namespace && by_repository) {
        errors.push_back(
            {reader.pointer(), "has both namespace " + in_quotes(ns) + " and repository " +
                                   in_quotes(repository) +
                                   ": keep one, and write the other as an entry of its own"});
    } else if (!by_namespace && !by_repository) {
        if (reader.present()) {
            errors.push_back(
                {reader.pointer(), "has neither namespace nor repository: set one of them"});
        }
    } else if (ns == "*") {
        entry.kind = AllowEntry::Kind::WholeRegistry;
    } else if (by_namespace) {
        entry.kind = AllowEntry::Kind::Namespace;
        if (!ns.empty()) {
            read_path(entry, reader, "namespace", ns);
        }
    } else {
        entry.kind = AllowEntry::Kind::Repository;
        if (!repository.empty()) {
            read_path(entry, reader, "repository", repository);
        }
    }
    bool const usable = errors.size() == errors_before && (ns == "*" || !entry.path.empty());
    return usable ? std::optional(std::move(entry)) : std::nullopt;
}

}  // namespace rt::tenancy
