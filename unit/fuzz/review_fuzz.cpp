#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "unit/webhook/reviews.hpp"
#include "webhook/admission/decide.hpp"
#include "webhook/admission/respond.hpp"
#include "webhook/admission/review.hpp"

/// Any body gives one of the three statuses, both parsers give the same, and what is readable can
/// be decided and answered.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace rt;
    using webhook::ReadStatus;
    using webhook::ReviewReader;
    static ReviewReader fast;
    static ReviewReader streaming;
    static auto const settings = webhook::AdmissionSettings::from(tenancy::Settings{});
    test::PaddedBody const body({reinterpret_cast<char const*>(data), size});
    ReadStatus const status = fast.read(body.view(), ReviewReader::Parser::Fast);
    if (status != streaming.read(body.view(), ReviewReader::Parser::Streaming)) {
        std::abort();
    }
    if (status == ReadStatus::Unanswerable) {
        return 0;
    }
    if (fast.review().uid != streaming.review().uid || fast.problem() != streaming.problem()) {
        std::abort();
    }
    if (status == ReadStatus::Refused) {
        return 0;
    }
    if (test::describe(fast.review()) != test::describe(streaming.review())) {
        std::abort();
    }
    auto const decision = webhook::decide(fast.review(), webhook::PolicyView{}, settings);
    auto const wording = webhook::wording_of(fast.review(), decision);
    (void)webhook::respond_decision(fast.review().uid, decision, wording, {});
    return 0;
}
