#include "cli/yaml_documents.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "lib/base/yaml.hpp"

namespace rt::cli {
namespace {

constexpr int depth_max = 64;
/// Of one document; aliases are copied out. A List of ten thousand Deployments has some 600,000
/// nodes; "billion laughs" has more.
constexpr std::size_t nodes_max = 2'000'000;

struct Refused {
    std::string message;
    int line;
};

int line_of(YAML::Node const& node) {
    return node.Mark().is_null() ? 1 : node.Mark().line + 1;
}

template <std::size_t Count>
bool is_one_of(std::string const& text, std::array<std::string_view, Count> const& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

/// The YAML 1.1 types that kubectl's reader knows (gopkg.in/yaml.v2, resolve.go).
Json plain_scalar(std::string const& text) {
    static constexpr std::array<std::string_view, 5> nulls{"", "~", "null", "Null", "NULL"};
    static constexpr std::array<std::string_view, 9> trues{"true", "True", "TRUE", "yes", "Yes",
                                                           "YES",  "on",   "On",   "ON"};
    static constexpr std::array<std::string_view, 9> falses{"false", "False", "FALSE", "no", "No",
                                                            "NO",    "off",   "Off",   "OFF"};
    if (is_one_of(text, nulls)) {
        return nullptr;
    }
    if (is_one_of(text, trues)) {
        return true;
    }
    if (is_one_of(text, falses)) {
        return false;
    }
    char const* const begin = text.data() + (text.front() == '+' ? 1 : 0);
    char const* const end = text.data() + text.size();
    std::int64_t integer = 0;
    if (auto const [rest, error] = std::from_chars(begin, end, integer);
        error == std::errc() && rest == end) {
        return integer;
    }
    bool const may_be_number =
        std::isdigit(static_cast<unsigned char>(*begin)) != 0 || *begin == '.' || *begin == '-';
    double number = 0;
    if (auto const [rest, error] = std::from_chars(begin, end, number);
        may_be_number && begin != end && error == std::errc() && rest == end) {
        return number;
    }
    return text;
}

class Converter {
  public:
    explicit Converter(YamlDocument& document) : document_(document) {}

    Json convert(YAML::Node const& node, std::string const& pointer, int depth) {
        if (depth > depth_max) {
            throw Refused{"is nested over 64 levels deep", line_of(node)};
        }
        if (++nodes_ > nodes_max) {
            throw Refused{"its aliases unfold to over 2 million values", line_of(node)};
        }
        switch (node.Type()) {
            case YAML::NodeType::Map:
                return convert_map(node, pointer, depth);
            case YAML::NodeType::Sequence: {
                Json array = Json::array();
                for (auto const& item : node) {
                    array.push_back(convert(item, json_pointer(pointer, array.size()), depth + 1));
                }
                return array;
            }
            case YAML::NodeType::Scalar:
                // Quoted and block scalars carry the tag "!", explicit types their own.
                return node.Tag() == "?" || node.Tag().empty() ? plain_scalar(node.Scalar())
                                                               : Json(node.Scalar());
            case YAML::NodeType::Null:
            case YAML::NodeType::Undefined:
                break;
        }
        return nullptr;
    }

  private:
    Json convert_map(YAML::Node const& node, std::string const& pointer, int depth) {
        Json object = Json::object();
        std::vector<YAML::Node> merged;
        for (auto const& entry : node) {
            if (!entry.first.IsScalar()) {
                throw Refused{
                    "has a key that is no text: correct it (templates must be rendered first, for "
                    "example with helm template)",
                    line_of(entry.first)};
            }
            std::string const& key = entry.first.Scalar();
            if (key == "<<" && entry.first.Tag() != "!") {
                merged.push_back(entry.second);
                continue;
            }
            if (object.contains(key)) {
                throw Refused{"has a key twice in one mapping: remove one", line_of(entry.first)};
            }
            std::string const at = json_pointer(pointer, key);
            if (key == "image" || key == "reference" || key == "name") {
                document_.lines.emplace(at, line_of(entry.second));
            }
            object[key] = convert(entry.second, at, depth + 1);
        }
        for (YAML::Node const& one : merged) {
            merge(object, one, pointer, depth);
        }
        return object;
    }

    /// "<<": the mapping, or each of the list, in order; what is there already stays.
    void merge(Json& object, YAML::Node const& source, std::string const& pointer, int depth) {
        if (source.IsSequence()) {
            for (auto const& one : source) {
                merge_map(object, one, pointer, depth);
            }
            return;
        }
        merge_map(object, source, pointer, depth);
    }

    void merge_map(Json& object, YAML::Node const& source, std::string const& pointer, int depth) {
        if (!source.IsMap()) {
            throw Refused{"merges (<<) something that is no mapping", line_of(source)};
        }
        Json const other = convert(source, pointer, depth + 1);
        for (auto const& [key, value] : other.items()) {
            if (!object.contains(key)) {
                object[key] = value;
            }
        }
    }

    YamlDocument& document_;
    std::size_t nodes_ = 0;
};

void emit(YAML::Emitter& out, Json const& value) {
    if (value.is_object()) {
        out << YAML::BeginMap;
        for (auto const& [key, member] : value.items()) {
            out << YAML::Key << key << YAML::Value;
            emit(out, member);
        }
        out << YAML::EndMap;
    } else if (value.is_array()) {
        out << YAML::BeginSeq;
        for (Json const& item : value) {
            emit(out, item);
        }
        out << YAML::EndSeq;
    } else if (value.is_string()) {
        auto const& text = value.get_ref<std::string const&>();
        // Whatever a reader would take for another type, a comment or syntax stands in quotes.
        bool const bare = !text.empty() && plain_scalar(text).is_string() &&
                          text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-_./:") == std::string::npos &&
                          std::isalpha(static_cast<unsigned char>(text.front())) != 0 &&
                          text.back() != ':' && text != "y" && text != "n" && text != "Y" &&
                          text != "N";
        out << (bare ? YAML::Auto : YAML::DoubleQuoted) << text;
    } else if (value.is_null()) {
        out << YAML::Null;
    } else {
        out << dump_json(value);
    }
}

std::string const no_yaml =
    "is no valid YAML: correct it (templates must be rendered first, for example with helm "
    "template)";

}  // namespace

Result<std::vector<YamlDocument>> read_yaml(std::string_view text) {
    std::vector<YamlDocument> documents;
    if (auto const line = yaml_standstill(text)) {
        return fail(invalid_argument("line " + std::to_string(*line) + ": " + no_yaml));
    }
    try {
        for (YAML::Node const& node : YAML::LoadAll(std::string(text))) {
            if (!node.IsDefined() || node.IsNull()) {
                continue;
            }
            YamlDocument document;
            document.line = line_of(node);
            document.value = std::make_shared<Json>(Converter(document).convert(node, "", 1));
            documents.push_back(std::move(document));
        }
    } catch (Refused const& refused) {
        return fail(
            invalid_argument("line " + std::to_string(refused.line) + ": " + refused.message));
    } catch (YAML::Exception const& exception) {
        // The exception's own text may quote the line, which may hold a secret.
        return fail(
            invalid_argument("line " + std::to_string(exception.mark.line + 1) + ": " + no_yaml));
    }
    return documents;
}

std::string write_yaml(Json const& value) {
    YAML::Emitter out;
    emit(out, value);
    return std::string(out.c_str()) + '\n';
}

}  // namespace rt::cli
