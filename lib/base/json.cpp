#include "lib/base/json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace rt {
namespace {

std::string escaped(std::string_view key) {
    std::string out;
    for (char const character : key) {
        if (character == '~') {
            out += "~0";
        } else if (character == '/') {
            out += "~1";
        } else {
            out.push_back(character);
        }
    }
    return out;
}

/// Watches nlohmann's parser callbacks for depth and duplicate keys.
class Guard {
  public:
    explicit Guard(int depth_max) : depth_max_(depth_max) {}

    bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
        using Event = Json::parse_event_t;
        if (!problem_.empty()) {
            return false;
        }
        if (event == Event::object_start || event == Event::array_start) {
            if (depth >= depth_max_) {
                problem_ = "nested deeper than " + std::to_string(depth_max_) + " levels";
                return false;
            }
            if (event == Event::object_start) {
                keys_.emplace_back();
            }
        } else if (event == Event::object_end) {
            keys_.pop_back();
        } else if (event == Event::key) {
            auto const& key = parsed.get_ref<std::string const&>();
            if (!keys_.back().insert(key).second) {
                problem_ = "the same key twice in one object";
            }
        }
        return true;
    }

    [[nodiscard]] std::string const& problem() const { return problem_; }

  private:
    int depth_max_;
    std::vector<std::set<std::string, std::less<>>> keys_;
    std::string problem_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
    if (text.size() > limits.bytes_max) {
        return fail(Error{ErrorKind::Corrupt, "JSON of " + std::to_string(text.size()) +
                                                  " bytes is over the limit of " +
                                                  std::to_string(limits.bytes_max)});
    }
    Guard guard(limits.depth_max);
    Json value = Json::parse(
        text.begin(), text.end(),
        [&guard](int depth, Json::parse_event_t event, Json& parsed) {
            return guard(depth, event, parsed);
        },
        /*allow_exceptions=*/false);
    if (!guard.problem().empty()) {
        return fail(Error{ErrorKind::Corrupt, "JSON is " + guard.problem()});
    }
    if (value.is_discarded()) {
        return fail(Error{ErrorKind::Corrupt, "not valid JSON"});
    }
    return value;
}

std::string dump_json(Json const& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_pointer(std::string_view parent, std::string_view key) {
    return std::string(parent) + "/" + escaped(key);
}

std::string json_pointer(std::string_view parent, std::size_t index) {
    return std::string(parent) + "/" + std::to_string(index);
}

Json const* find(Json const& value, std::string_view key) {
    if (!value.is_object()) {
        return nullptr;
    }
    auto const found = value.find(key);
    return found == value.end() || found->is_null() ? nullptr : &*found;
}

std::string string_at(Json const& value, std::string_view key) {
    Json const* const found = find(value, key);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace rt
