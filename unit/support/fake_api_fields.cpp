#include "unit/support/fake_api_fields.hpp"

#include <algorithm>
#include <vector>

#include "lib/base/text.hpp"

namespace rt::test {
namespace {

using Pointer = Json::json_pointer;

std::string trimmed(std::string_view text) {
    auto const begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

/// Splits at commas outside parentheses.
std::vector<std::string> terms_of(std::string const& selector) {
    std::vector<std::string> terms(1);
    int depth = 0;
    for (char const character : selector) {
        depth += character == '(' ? 1 : (character == ')' ? -1 : 0);
        if (character == ',' && depth == 0) {
            terms.emplace_back();
        } else {
            terms.back() += character;
        }
    }
    std::erase_if(terms, [](std::string const& term) { return trimmed(term).empty(); });
    return terms;
}

bool compares(std::string const& term, auto const& value_of) {
    bool const negated = term.find("!=") != std::string::npos;
    auto const at = term.find(negated ? "!=" : "=");
    std::string const key = trimmed(term.substr(0, at));
    bool const doubled = !negated && term.compare(at, 2, "==") == 0;
    std::size_t const value_at = at + (negated || doubled ? 2U : 1U);
    return (value_of(key) == trimmed(term.substr(value_at))) != negated;
}

/// Every leaf as a pointer: scalars, lists and empty objects.
void leaves_of(Json const& value, std::string const& at, std::vector<std::string>& out) {
    if (!value.is_object() || value.empty()) {
        out.push_back(at);
        return;
    }
    for (auto const& [key, child] : value.items()) {
        leaves_of(child, json_pointer(at, key), out);
    }
}

std::vector<std::string> leaves_of(Json const& value) {
    std::vector<std::string> out;
    if (!value.empty()) {
        leaves_of(value, "", out);
    }
    return out;
}

bool has(Json const& value, std::string const& leaf) {
    return !value.is_null() && value.contains(Pointer(leaf));
}

void remove_leaf(Json& value, std::string const& leaf) {
    Pointer pointer(leaf);
    if (!value.contains(pointer)) {
        return;
    }
    std::string const key = pointer.back();
    pointer.pop_back();
    value.at(pointer).erase(key);
}

/// Objects that lost their last field go with it.
void prune_empty(Json& value, Json const& keep) {
    for (auto item = value.begin(); item != value.end();) {
        bool const kept = keep.is_object() && keep.contains(item.key());
        if (item->is_object()) {
            prune_empty(*item, kept ? keep.at(item.key()) : Json());
        }
        bool const gone = item->is_object() && item->empty() && !kept;
        item = gone ? value.erase(item) : std::next(item);
    }
}

}  // namespace

bool matches_fields(Json const& object, std::string const& selector) {
    auto const value_of = [&](std::string const& path) {
        std::string pointer = "/" + path;
        std::ranges::replace(pointer, '.', '/');
        Pointer const at(pointer);
        return object.contains(at) && object.at(at).is_string() ? object.at(at).get<std::string>()
                                                                : std::string();
    };
    return std::ranges::all_of(terms_of(selector),
                               [&](std::string const& term) { return compares(term, value_of); });
}

bool matches_labels(Json const& object, std::string const& selector) {
    Json const labels = object.value(Pointer("/metadata/labels"), Json::object());
    auto const value_of = [&](std::string const& key) { return string_at(labels, key); };
    return std::ranges::all_of(terms_of(selector), [&](std::string const& term) {
        if (auto const in = term.find(" in "); in != std::string::npos) {
            std::string list = trimmed(term.substr(in + 4));
            list = list.substr(1, list.size() - 2);
            std::string const value = value_of(trimmed(term.substr(0, in)));
            return std::ranges::any_of(split(list, ','),
                                       [&](std::string_view one) { return trimmed(one) == value; });
        }
        if (term.find('=') != std::string::npos) {
            return compares(term, value_of);
        }
        std::string const key = trimmed(term);
        return key.starts_with('!') ? !labels.contains(key.substr(1)) : labels.contains(key);
    });
}

Json metadata_only(Json const& object) {
    return {{"apiVersion", "meta.k8s.io/v1"},
            {"kind", "PartialObjectMetadata"},
            {"metadata", object.at("metadata")}};
}

Result<Json> apply_fields(Json current, Json const& wanted, std::string const& manager, bool force,
                          std::map<std::string, Json>& applied) {
    std::vector<std::string> const leaves = leaves_of(wanted);
    for (auto& [other, fields] : applied) {
        for (std::string const& leaf : leaves) {
            if (other == manager || !has(fields, leaf) || !has(current, leaf) ||
                current.at(Pointer(leaf)) == wanted.at(Pointer(leaf))) {
                continue;
            }
            if (!force) {
                Error error{ErrorKind::Conflict, "Apply failed with 1 conflict: conflict with \"" +
                                                     other + "\": " + leaf};
                error.code = "Conflict";
                error.http_status = 409;
                return fail(std::move(error));
            }
            remove_leaf(fields, leaf);
        }
    }
    Json& mine = applied[manager];
    for (std::string const& leaf : leaves_of(mine)) {
        bool const others = std::ranges::any_of(applied, [&](auto const& entry) {
            return entry.first != manager && has(entry.second, leaf);
        });
        if (!has(wanted, leaf) && !others) {
            remove_leaf(current, leaf);
        }
    }
    for (std::string const& leaf : leaves) {
        current[Pointer(leaf)] = wanted.at(Pointer(leaf));
    }
    prune_empty(current, wanted);
    mine = wanted;
    return current;
}

namespace {

constexpr char somebody[] = "somebody/";

Json own_fields_of(Json object) {
    for (char const* const name : {"apiVersion", "kind"}) {
        object.erase(name);
    }
    if (object.contains("metadata")) {
        for (char const* const name : {"name", "namespace", "uid", "resourceVersion", "generation",
                                       "creationTimestamp", "managedFields"}) {
            object["metadata"].erase(name);
        }
    }
    return object;
}

Json fields_v1(Json const& value) {
    Json out = Json::object();
    if (value.is_object()) {
        for (auto const& [key, child] : value.items()) {
            out["f:" + key] = fields_v1(child);
        }
    }
    return out;
}

}  // namespace

void take_over_fields(Json const& before, Json const& after, std::map<std::string, Json>& applied) {
    Json const old_fields = before.is_null() ? Json::object() : own_fields_of(before);
    Json const new_fields = own_fields_of(after);
    for (std::string const& leaf : leaves_of(old_fields)) {
        if (has(new_fields, leaf) && new_fields.at(Pointer(leaf)) == old_fields.at(Pointer(leaf))) {
            continue;
        }
        for (auto& [manager, fields] : applied) {
            remove_leaf(fields, leaf);
        }
    }
    for (std::string const& leaf : leaves_of(new_fields)) {
        if (!has(old_fields, leaf) ||
            new_fields.at(Pointer(leaf)) != old_fields.at(Pointer(leaf))) {
            applied[somebody][Pointer(leaf)] = new_fields.at(Pointer(leaf));
        }
    }
}

Json managed_fields_of(std::map<std::string, Json> const& applied) {
    Json out = Json::array();
    for (auto const& [manager, fields] : applied) {
        if (leaves_of(fields).empty()) {
            continue;
        }
        out.push_back({{"manager", manager.substr(0, manager.find('/'))},
                       {"operation", manager == somebody ? "Update" : "Apply"},
                       {"fieldsType", "FieldsV1"},
                       {"fieldsV1", fields_v1(fields)}});
    }
    return out;
}

}  // namespace rt::test
