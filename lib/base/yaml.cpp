#include "lib/base/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>
#include <string>

namespace rt {
namespace {

/// Every document begins behind the one before; the first that doesn't would be met for ever.
class Watch final : public YAML::EventHandler {
  public:
    void OnDocumentStart(YAML::Mark const& mark) override {
        stands_still_ = mark.pos == last_;
        last_ = mark.pos;
        line_ = mark.line + 1;
    }
    void OnDocumentEnd() override {}
    void OnNull(YAML::Mark const&, YAML::anchor_t) override {}
    void OnAlias(YAML::Mark const&, YAML::anchor_t) override {}
    void OnScalar(YAML::Mark const&, std::string const&, YAML::anchor_t,
                  std::string const&) override {}
    void OnSequenceStart(YAML::Mark const&, std::string const&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(YAML::Mark const&, std::string const&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

    [[nodiscard]] bool stands_still() const { return stands_still_; }
    [[nodiscard]] int line() const { return line_; }

  private:
    int last_ = -1;
    int line_ = 0;
    bool stands_still_ = false;
};

}  // namespace

std::optional<int> yaml_standstill(std::string_view text) {
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        Watch watch;
        while (parser.HandleNextDocument(watch)) {
            if (watch.stands_still()) {
                return watch.line();
            }
        }
    } catch (YAML::Exception const&) {
        return std::nullopt;  // LoadAll() throws the same
    }
    return std::nullopt;
}

}  // namespace rt
