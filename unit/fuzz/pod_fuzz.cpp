#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/tenancy/image_doors.hpp"
#include "unit/fuzz/fuzz.hpp"
#include "unit/webhook/reviews.hpp"
#include "unit/webhook/worlds.hpp"
#include "webhook/admission/decide.hpp"
#include "webhook/admission/json_patch.hpp"

namespace {

using rt::Json;
using rt::fuzz::require;
using rt::webhook::ReviewReader;

/// Makes choices out of the fuzzer's bytes; an empty rest chooses 0, so that every input ends.
class Choices {
  public:
    explicit Choices(std::string_view bytes) : bytes_(bytes) {}

    std::size_t below(std::size_t bound) {
        if (bytes_.empty()) {
            return 0;
        }
        auto const byte = static_cast<unsigned char>(bytes_.front());
        bytes_.remove_prefix(1);
        return byte % bound;
    }
    std::string text(std::size_t bytes_max) {
        std::string out(bytes_.substr(0, below(bytes_max + 1)));
        bytes_.remove_prefix(out.size());
        return out;
    }

  private:
    std::string_view bytes_;
};

std::string allowed_prefix() {
    return std::string(rt::test::acr_host) + "/cainiao/";
}

std::string image(Choices& choices) {
    std::string const host = rt::test::acr_host;
    std::array<std::string, 10> const images{allowed_prefix() + "a1:v1",
                                             allowed_prefix(),
                                             host + "/cainiao",
                                             host + "/alipay/a1",
                                             host + "/cainiao-x/a1",
                                             host,
                                             "cainiao/a1",
                                             "",
                                             "sha256:0123abcd",
                                             "nginx"};
    std::size_t const chosen = choices.below(images.size() + 2);
    return chosen < images.size() ? images[chosen] + choices.text(12) : choices.text(80);
}

/// Sets `key`, or null, or leaves it out: the shapes that the API server lets through.
void maybe(Choices& choices, Json& object, char const* key, Json value) {
    switch (choices.below(4)) {
        case 0:
            break;
        case 1:
            object[key] = nullptr;
            break;
        default:
            object[key] = std::move(value);
    }
}

Json containers(Choices& choices) {
    Json list = Json::array();
    for (std::size_t i = choices.below(4); i > 0; --i) {
        Json entry{{"name", "c" + std::to_string(i)}, {"image", image(choices)}};
        maybe(choices, entry, "imagePullPolicy", choices.below(2) == 0 ? "Always" : "Never");
        list.push_back(std::move(entry));
    }
    return list;
}

Json volumes(Choices& choices) {
    Json list = Json::array();
    for (std::size_t i = choices.below(3); i > 0; --i) {
        Json entry{{"name", "v"}};
        Json source = Json::object();
        maybe(choices, source, "reference", image(choices));
        maybe(choices, entry, "image", std::move(source));
        list.push_back(std::move(entry));
    }
    return list;
}

Json pull_secrets(Choices& choices) {
    Json list = Json::array();
    for (std::size_t i = choices.below(3); i > 0; --i) {
        list.push_back(choices.below(2) == 0
                           ? Json::object()
                           : Json{{"name", choices.below(2) == 0 ? "mine" : "registry-tenancy"}});
    }
    return list;
}

/// A Pod or a workload, as strange as the API server may let it be.
Json object(Choices& choices) {
    auto const kinds = rt::tenancy::template_kinds();
    std::size_t const kind = choices.below(2 * kinds.size());
    Json object = kind < kinds.size() ? rt::test::workload(std::string(kinds[kind].kind), "a")
                                      : rt::test::pod("a");
    Json& spec = rt::test::pod_spec(object);
    spec["containers"] = containers(choices);
    maybe(choices, spec, "initContainers", containers(choices));
    maybe(choices, spec, "ephemeralContainers", containers(choices));
    maybe(choices, spec, "volumes", volumes(choices));
    maybe(choices, spec, "imagePullSecrets", pull_secrets(choices));
    if (choices.below(4) == 0) {
        object["metadata"]["annotations"] = {{"kubernetes.io/config.mirror", "x"}};
    }
    if (choices.below(4) == 0) {
        object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    }
    return object;
}

/// The oracle knows nothing of doors or grammar: every text anywhere under a key that names images
/// must begin with the one allowed prefix.
void require_only_allowed_images(Json const& value) {
    if (!value.is_structured()) {
        return;
    }
    for (auto const& [key, member] : value.items()) {
        bool const names_image = value.is_object() && (key == "image" || key == "reference");
        if (names_image && member.is_string() && !member.get_ref<std::string const&>().empty()) {
            require(member.get_ref<std::string const&>().starts_with(allowed_prefix()));
        }
        require_only_allowed_images(member);
    }
}

/// The review of `object` as the API server would send it; null where our rules refuse it.
rt::webhook::Review const* review_of(Json const& object, ReviewReader& reader) {
    // Kept: the Review points into it.
    static std::unique_ptr<rt::test::PaddedBody> body;
    body =
        std::make_unique<rt::test::PaddedBody>(rt::dump_json(rt::test::admission_review(object)));
    return reader.read(body->view()) == rt::webhook::ReadStatus::Readable ? &reader.review()
                                                                          : nullptr;
}

}  // namespace

/// For any Pod and workload: what is allowed names nothing but allowed images, and our patch
/// applies, adds the Secret once, and finds nothing to do afterwards.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace rt;
    static ReviewReader reader;
    static test::World const world;
    static auto const settings = webhook::AdmissionSettings::from(tenancy::Settings{});
    Choices choices(fuzz::text_of(data, size));
    // What is no UTF-8 reaches us as the replacement character.
    Json const made = Json::parse(dump_json(object(choices)));
    auto const* const review = review_of(made, reader);
    if (review == nullptr) {
        return 0;
    }
    auto const decision = webhook::decide(*review, world.view(), settings);
    if (decision.outcome == webhook::Outcome::Allowed) {
        require_only_allowed_images(made);
    }
    auto injection = webhook::decide_injection(*review, world.view(), settings);
    if (review->target != webhook::Target::Pod || !review->object.pod.present) {
        require(injection.nothing());
        return 0;
    }
    injection.pull_always = choices.below(2) == 0;
    std::string const patch = webhook::json_patch(*review, injection);
    Json const patched = patch.empty() ? made : made.patch(Json::parse(patch));
    auto const* const again = review_of(patched, reader);
    require(again != nullptr);
    require(webhook::decide_injection(*again, world.view(), settings).nothing());
    return 0;
}
