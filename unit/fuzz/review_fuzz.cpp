#include <nlohmann/json.hpp>

#include "unit/fuzz/fuzz.hpp"
#include "unit/webhook/reviews.hpp"
#include "unit/webhook/worlds.hpp"
#include "webhook/admission/decide.hpp"
#include "webhook/admission/json_patch.hpp"
#include "webhook/admission/respond.hpp"
#include "webhook/admission/review.hpp"

namespace {

using rt::Json;
using rt::fuzz::require;
using rt::webhook::ReadStatus;
using rt::webhook::Review;
using rt::webhook::ReviewReader;

/// What we answer must be one JSON document, whatever was asked.
void require_answer(std::string const& answer) {
    require(rt::parse_json(answer).has_value());
}

/// Our patch applies to whatever object we took for a Pod; nlohmann's patch() throws where a path
/// does not exist, as the API server's does, and that would end this process.
void require_patch_applies(std::string_view body, Review const& review) {
    if (review.target != rt::webhook::Target::Pod || !review.object.pod.present) {
        return;
    }
    auto const document = rt::parse_json(body);
    if (!document) {
        return;  // duplicate keys where we don't look, or deeper than nlohmann may go
    }
    std::string const patch =
        rt::webhook::json_patch(review, {.pull_secret = true, .pull_always = true});
    Json const patched = (*document)["request"]["object"].patch(Json::parse(patch));
    require(patched["spec"]["imagePullSecrets"].back()["name"] == "registry-tenancy");
}

}  // namespace

/// Any body gives one of the three statuses, both parsers give the same, and what is readable can
/// be decided, answered and patched.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace rt;
    static ReviewReader fast;
    static ReviewReader streaming;
    static test::World const world;
    static auto const settings = webhook::AdmissionSettings::from(tenancy::Settings{});
    test::PaddedBody const body(fuzz::text_of(data, size));
    ReadStatus const status = fast.read(body.view(), ReviewReader::Parser::Fast);
    require(status == streaming.read(body.view(), ReviewReader::Parser::Streaming));
    if (status == ReadStatus::Unanswerable) {
        return 0;
    }
    require(fast.review().uid == streaming.review().uid);
    require(fast.problem() == streaming.problem());
    if (status == ReadStatus::Refused) {
        return 0;
    }
    Review const& review = fast.review();
    require(test::describe(review) == test::describe(streaming.review()));
    for (auto const& view : {world.view(), webhook::PolicyView{}}) {
        auto const decision = webhook::decide(review, view, settings);
        auto const wording = webhook::wording_of(review, decision);
        require_answer(webhook::respond_decision(review.uid, decision, wording, {}));
        auto const injection = webhook::decide_injection(review, view, settings);
        require_answer(webhook::respond_patch(review.uid, webhook::json_patch(review, injection)));
    }
    require_patch_applies(body.view(), review);
    return 0;
}
