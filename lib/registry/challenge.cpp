#include "lib/registry/challenge.hpp"

#include <algorithm>
#include <cctype>

#include "lib/base/text.hpp"

namespace rt::registry {
namespace {

/// No registry offers more ways in; the field itself is bounded by the transport.
constexpr std::size_t challenges_max = 16;

bool is_token_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Walks over one field's value.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    void skip(std::string_view characters) {
        while (at_ < text_.size() && characters.find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    bool take(char wanted) {
        if (at_ < text_.size() && text_[at_] == wanted) {
            ++at_;
            return true;
        }
        return false;
    }
    std::string token() {
        std::size_t const begin = at_;
        while (at_ < text_.size() && is_token_character(text_[at_])) {
            ++at_;
        }
        return std::string(text_.substr(begin, at_ - begin));
    }
    /// A token or a quoted string.
    std::string value() {
        if (!take('"')) {
            return token();
        }
        std::string result;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                ++at_;
            }
            result += text_[at_++];
        }
        take('"');
        return result;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

void parse_field(std::string_view text, std::vector<Challenge>& challenges) {
    Reader reader(text);
    bool in_challenge = false;  // parameters of an earlier field are not continued
    while (true) {
        reader.skip(" \t,");
        std::string const word = reader.token();
        if (word.empty()) {
            return;
        }
        reader.skip(" \t");
        if (!reader.take('=')) {
            if (challenges.size() == challenges_max) {
                return;
            }
            challenges.push_back({to_lower_ascii(word)});
            in_challenge = true;
            continue;
        }
        reader.skip(" \t");
        std::string value = reader.value();
        if (!in_challenge) {
            return;
        }
        challenges.back().parameters.emplace(to_lower_ascii(word), std::move(value));
    }
}

}  // namespace

std::vector<Challenge> parse_challenges(http::Headers const& headers) {
    std::vector<Challenge> challenges;
    for (auto const& [name, value] : headers) {
        if (to_lower_ascii(name) == "www-authenticate") {
            parse_field(value, challenges);
        }
    }
    return challenges;
}

Challenge const* find_scheme(std::vector<Challenge> const& challenges, std::string_view scheme) {
    auto const found = std::find_if(challenges.begin(), challenges.end(),
                                    [&](Challenge const& one) { return one.scheme == scheme; });
    return found == challenges.end() ? nullptr : &*found;
}

}  // namespace rt::registry
