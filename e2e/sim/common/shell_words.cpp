#include "e2e/sim/common/shell_words.hpp"

#include <stdexcept>

namespace sim {
namespace {

class Splitter {
  public:
    Splitter(std::string_view line, RunNested const& run_nested)
        : rest_(line), run_nested_(run_nested) {}

    std::vector<std::string> words() {
        std::vector<std::string> out;
        for (;;) {
            rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
            if (rest_.empty()) {
                return out;
            }
            out.push_back(word());
        }
    }

  private:
    std::string word() {
        std::string out;
        while (!rest_.empty() && rest_.front() != ' ') {
            char const c = take();
            if (c == '\'') {
                out += until('\'');
            } else if (c == '"') {
                double_quoted(out);
            } else if (special.find(c) != std::string_view::npos) {
                throw std::runtime_error(std::string("an unquoted ") + c +
                                         " means something to a shell");
            } else {
                out += c;
            }
        }
        return out;
    }
    void double_quoted(std::string& out) {
        for (char c = take(); c != '"'; c = take()) {
            if (c == '$' && !rest_.empty() && rest_.front() == '(') {
                rest_.remove_prefix(1);
                out += run_nested_(Splitter(until(')'), run_nested_).words());
            } else if (c == '$' || c == '`' || c == '\\') {
                throw std::runtime_error(std::string("a ") + c +
                                         " in double quotes means something to a shell");
            } else {
                out += c;
            }
        }
    }
    char take() {
        if (rest_.empty()) {
            throw std::runtime_error("a quote is not closed");
        }
        char const c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    std::string_view until(char end) {
        std::size_t const at = rest_.find(end);
        if (at == std::string_view::npos) {
            throw std::runtime_error(std::string("there is no closing ") + end);
        }
        std::string_view const inside = rest_.substr(0, at);
        rest_.remove_prefix(at + 1);
        return inside;
    }

    static constexpr std::string_view special = "\\`$;&|<>(){}[]*?~#!\t\r\n";
    std::string_view rest_;
    RunNested const& run_nested_;
};

}  // namespace

std::vector<std::string> shell_words(std::string_view line, RunNested const& run_nested) {
    return Splitter(line, run_nested).words();
}

}  // namespace sim
