#include "webhook/admission/review.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "lib/tenancy/image_doors.hpp"
#include "unit/webhook/reviews.hpp"

namespace rt::webhook {
namespace {

using test::admission_review;
using test::describe;
using test::PaddedBody;
using Parser = ReviewReader::Parser;

struct Read {
    ReadStatus status;
    std::string review;
    std::string problem;
    bool operator==(Read const&) const = default;
};

Read read(ReviewReader& reader, std::string_view text, Parser parser) {
    PaddedBody const body(text);
    ReadStatus const status = reader.read(body.view(), parser);
    switch (status) {
        case ReadStatus::Readable:
            return {status, describe(reader.review()), reader.problem()};
        case ReadStatus::Refused:
            return {status, std::string(reader.review().uid), reader.problem()};
        case ReadStatus::Unanswerable:
            break;
    }
    return {status, {}, {}};
}

/// Reads with both parsers, which must agree, and returns what they say.
Read read_both(std::string const& text) {
    static ReviewReader reader;
    Read const fast = read(reader, text, Parser::Fast);
    Read const streaming = read(reader, text, Parser::Streaming);
    EXPECT_EQ(fast.status, streaming.status) << text;
    EXPECT_EQ(fast.review, streaming.review) << text;
    EXPECT_EQ(fast.problem, streaming.problem) << text;
    return fast;
}

Json full_pod() {
    Json object = test::pod("docker.io/library/nginx:1");
    object["metadata"]["ownerReferences"] = {{{"apiVersion", "apps/v1"},
                                              {"kind", "ReplicaSet"},
                                              {"name", "web-7"},
                                              {"uid", "u"},
                                              {"controller", true}}};
    object["metadata"]["annotations"] = {{"a", "b"}, {"kubernetes.io/config.mirror", "x"}};
    object["spec"]["containers"].push_back(
        {{"image", "b"}, {"imagePullPolicy", "Always"}, {"name", "second"}});
    object["spec"]["initContainers"] = {{{"name", "init"}, {"image", "c"}}};
    object["spec"]["ephemeralContainers"] = {{{"name", "debug"}, {"image", "d"}}};
    object["spec"]["volumes"] = {
        {{"name", "data"}, {"emptyDir", Json::object()}},
        {{"name", "model"}, {"image", {{"reference", "e"}, {"pullPolicy", "Never"}}}}};
    object["spec"]["imagePullSecrets"] = {{{"name", "mine"}}, Json::object()};
    return object;
}

TEST(Review, SeesEveryDoorOfAPodWithPositionAndName) {
    Read const result = read_both(admission_review(full_pod()).dump());
    EXPECT_EQ(result.status, ReadStatus::Readable) << result.problem;
    for (char const* const expected :
         {"image:0[0]web=docker.io/library/nginx:1()", "image:0[1]second=b(Always)", "]init=c(",
          "]debug=d(", "[1]model=e(Never)", "owner:apps/v1/ReplicaSet/web-7/u!", " mirror",
          "secrets:mine,,"}) {
        EXPECT_NE(result.review.find(expected), std::string::npos)
            << expected << " in " << result.review;
    }
}

TEST(Review, FindsThePodSpecOfEveryTemplateKindAndOnlyThere) {
    for (tenancy::TemplateKind const& kind : tenancy::template_kinds()) {
        Json object = test::workload(std::string(kind.kind), "registry.example/a:1");
        // Where a Pod has its containers, a workload has nothing that anyone runs.
        if (kind.pod_spec != "/spec") {
            object["spec"]["containers"] = {{{"name", "decoy"}, {"image", "decoy"}}};
        }
        Read const result = read_both(admission_review(object).dump());
        EXPECT_EQ(result.status, ReadStatus::Readable) << kind.kind << result.problem;
        EXPECT_NE(result.review.find("web=registry.example/a:1"), std::string::npos) << kind.kind;
        EXPECT_EQ(result.review.find("decoy"), std::string::npos) << kind.kind;
    }
}

TEST(Review, KeepsTheOldObjectApart) {
    Json const now = test::pod("new:1");
    Json const before = test::pod("old:1");
    Read const result = read_both(admission_review(now, "UPDATE", before).dump());
    auto const second_line = result.review.find("\npresent");
    auto const third_line = result.review.find("\npresent", second_line + 1);
    ASSERT_NE(third_line, std::string::npos) << result.review;
    EXPECT_LT(result.review.find("web=new:1"), third_line);
    EXPECT_GT(result.review.find("web=old:1"), third_line);
}

TEST(Review, TargetsOnlyWhatCanBringAnImage) {
    struct Case {
        char const* operation;
        char const* subresource;
        bool judged;
    };
    for (Case const& c : {Case{"CREATE", "", true}, Case{"UPDATE", "", true},
                          Case{"UPDATE", "ephemeralcontainers", true}, Case{"DELETE", "", false},
                          Case{"CONNECT", "exec", false}, Case{"CREATE", "binding", false},
                          Case{"CREATE", "eviction", false}, Case{"UPDATE", "status", false},
                          Case{"UPDATE", "resize", false}}) {
        ReviewReader reader;
        PaddedBody const body(
            admission_review(test::pod("a"), c.operation, nullptr, c.subresource).dump());
        ASSERT_EQ(reader.read(body.view()), ReadStatus::Readable) << reader.problem();
        EXPECT_EQ(reader.review().target != Target::None, c.judged)
            << c.operation << " " << c.subresource;
    }
}

struct Malformed {
    char const* name;
    std::function<void(Json&)> change;
    char const* problem;
};

TEST(Review, RefusesWhatItCannotUnderstandButKeepsTheUid) {
    std::vector<Malformed> const cases{
        {"version of the review", [](Json& r) { r["apiVersion"] = "admission.k8s.io/v1beta1"; },
         "admission.k8s.io/v1"},
        {"kind of the review", [](Json& r) { r.erase("kind"); }, "AdmissionReview"},
        {"operation", [](Json& r) { r["request"]["operation"] = "PATCH"; }, "/request/operation"},
        {"no resource", [](Json& r) { r["request"].erase("resource"); }, "/request/resource"},
        {"unknown version", [](Json& r) { r["request"]["resource"]["version"] = "v2"; },
         "must agree"},
        {"unknown kind", [](Json& r) { r["request"]["kind"]["kind"] = "Deployment"; },
         "must agree"},
        {"no object", [](Json& r) { r["request"]["object"] = nullptr; }, "/request/object"},
        {"object is text", [](Json& r) { r["request"]["object"] = "x"; },
         "/request/object must be an object"},
        {"no namespace", [](Json& r) { r["request"].erase("namespace"); }, "/request/namespace"},
        {"another namespace",
         [](Json& r) { r["request"]["object"]["metadata"]["namespace"] = "other"; },
         "/request/object/metadata/namespace"},
        {"containers is an object",
         [](Json& r) { r["request"]["object"]["spec"]["containers"] = Json::object(); },
         "containers must be an array"},
        {"a container is null",
         [](Json& r) { r["request"]["object"]["spec"]["containers"][0] = nullptr; },
         "containers/* must be an object"},
        {"an image is a number",
         [](Json& r) { r["request"]["object"]["spec"]["containers"][0]["image"] = 1; },
         "image must be a string"},
        {"a pull Secret is text",
         [](Json& r) { r["request"]["object"]["spec"]["imagePullSecrets"] = {"x"}; },
         "imagePullSecrets/* must be an object"},
        {"dryRun is text", [](Json& r) { r["request"]["dryRun"] = "yes"; },
         "/request/dryRun must be a boolean"},
        {"too many entries",
         [](Json& r) {
             Json& list = r["request"]["object"]["spec"]["containers"];
             list = Json::array();
             for (std::size_t i = 0; i <= review_entries_max; ++i) {
                 list.push_back({{"name", "x"}, {"image", "y"}});
             }
         },
         "more than"},
    };
    for (Malformed const& c : cases) {
        Json review = admission_review(test::pod("a"));
        c.change(review);
        Read const result = read_both(review.dump());
        EXPECT_EQ(result.status, ReadStatus::Refused) << c.name;
        EXPECT_EQ(result.review, "review-1") << c.name;
        EXPECT_NE(result.problem.find(c.problem), std::string::npos)
            << c.name << ": " << result.problem;
    }
}

TEST(Review, RefusesDuplicatesOfKeysThatDecide) {
    std::string const good = admission_review(test::pod("a")).dump();
    struct Case {
        char const* before;
        char const* twice;
    };
    for (Case const& c :
         {Case{R"("image":"a")", R"("image":"a","image":"b")"},
          Case{R"("namespace":"cainiao-prod","object")",
               R"("namespace":"cainiao-prod","namespace":"kube-system","object")"},
          Case{R"("containers":)", R"("containers":[],"containers":)"},
          Case{R"("operation":"CREATE")", R"("operation":"DELETE","operation":"CREATE")"},
          Case{R"("spec":)", R"("spec":{},"spec":)"}}) {
        std::string text = good;
        auto const at = text.find(c.before);
        ASSERT_NE(at, std::string::npos) << c.before;
        text.replace(at, std::string_view(c.before).size(), c.twice);
        Read const result = read_both(text);
        EXPECT_EQ(result.status, ReadStatus::Refused) << c.twice;
        EXPECT_NE(result.problem.find("occurs twice"), std::string::npos) << result.problem;
    }
    std::string other = good;
    other.replace(other.find(R"("metadata":{)"), 12, R"("metadata":{"labels":1,"labels":2,)");
    EXPECT_EQ(read_both(other).status, ReadStatus::Readable)
        << "labels decide nothing, so their form is the API server's business";
}

TEST(Review, CannotAnswerWithoutAUid) {
    std::string const good = admission_review(test::pod("a")).dump();
    std::vector<std::string> texts{"",
                                   " ",
                                   "null",
                                   "[]",
                                   "{}",
                                   "\"x\"",
                                   "{",
                                   good + "x",
                                   good.substr(0, good.size() / 2),
                                   "\xEF\xBB\xBF" + good};
    for (Json const& uid : {Json(nullptr), Json(""), Json(7), Json(std::string(300, 'u'))}) {
        Json review = admission_review(test::pod("a"));
        review["request"]["uid"] = uid;
        texts.push_back(review.dump());
    }
    std::string twice = good;
    twice.replace(twice.find(R"("uid":"review-1")"), 16, R"("uid":"review-1","uid":"review-2")");
    texts.push_back(twice);
    std::string requests = good;
    requests.replace(requests.find(R"("request":)"), 10, R"("request":null,"request":)");
    texts.push_back(requests);
    std::string control = good;
    control.replace(control.find("web"), 3, "w\nb");
    texts.push_back(control);
    std::string utf8 = good;
    utf8.replace(utf8.find("web"), 3,
                 "w\xFF"
                 "b");
    texts.push_back(utf8);
    for (std::string const& text : texts) {
        EXPECT_EQ(read_both(text).status, ReadStatus::Unanswerable) << text;
    }
}

TEST(Review, BoundsTheDepthAlikeInBothParsers) {
    for (int const depth : {1, 50, 59, 60, 61, 62, 63, 64, 65, 200, 100'000}) {
        // The document, its request and its object are three levels; an empty one does not count.
        std::string text = admission_review(test::pod("a")).dump();
        std::string nested;
        for (int i = 0; i < depth; ++i) {
            nested += "[";
        }
        nested += "0" + std::string(static_cast<std::size_t>(depth), ']');
        text.replace(text.find(R"("metadata":)"), 0, R"("deep":)" + nested + ",");
        EXPECT_EQ(read_both(text).status == ReadStatus::Readable, depth + 3 <= review_depth_max)
            << depth;
    }
}

TEST(Review, LargeBodiesTakeTheStreamingPathAndGiveTheSame) {
    Json review = admission_review(full_pod());
    review["request"]["object"]["metadata"]["annotations"]["blob"] =
        std::string(2 * fast_body_bytes_max, '<');
    std::string const large = review.dump();
    review["request"]["object"]["metadata"]["annotations"]["blob"] = "";
    ReviewReader reader;
    EXPECT_EQ(read(reader, large, Parser::BySize), read(reader, review.dump(), Parser::BySize));
}

TEST(Review, BothParsersAgreeOnEscapes) {
    for (char const* const escape :
         {R"(\u0041)", R"(\u0000)", R"(\ud83d\ude00)", R"(\ud800)", R"(\udc00)", R"(\ud800\u0041)",
          R"(\udc00\ud800)", R"(\x)", R"(\u12)", R"(\uD8)", R"(\n\t\/)", "\xC3\xA9", "\xC0\x80",
          "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x7F"}) {
        std::string text = admission_review(test::pod("a")).dump();
        text.replace(text.find(R"("image":"a")") + 9, 1, escape);
        (void)read_both(text);
    }
}

/// Random damage: bytes changed, removed, doubled, pieces swapped. The parsers must agree on all of
/// it.
TEST(Review, BothParsersAgreeOnMutatedInput) {
    std::mt19937 random(20261122);
    auto const pick = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    std::vector<std::string> const corpus{
        admission_review(full_pod()).dump(),
        admission_review(full_pod(), "UPDATE", full_pod()).dump(),
        admission_review(test::workload("CronJob", "a/b:c")).dump(),
        admission_review(test::workload("Deployment", "a/b:c"), "UPDATE",
                         test::workload("Deployment", "a/b:d"))
            .dump()};
    std::vector<std::string> const pieces{"null",
                                          "{}",
                                          "[]",
                                          "\"image\":\"z\"",
                                          ",",
                                          ":",
                                          "\"",
                                          "\\u0041",
                                          "\\ud83d\\ude00",
                                          "1e9",
                                          "-0",
                                          "123456789012345678901234567890",
                                          "1e999",
                                          "true",
                                          "\\u0000",
                                          "\x80",
                                          "{\"name\":1}",
                                          "\"spec\":{\"containers\":[]},",
                                          "\\",
                                          "/",
                                          "\\ud800",
                                          "\\udc00",
                                          " ",
                                          "\n",
                                          "\t"};
    int readable = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = corpus[pick(corpus.size())];
        for (std::size_t i = 0; i <= pick(3); ++i) {
            std::size_t const at = pick(text.size());
            switch (pick(5)) {
                case 0:
                    text[at] = static_cast<char>(pick(256));
                    break;
                case 1:
                    text.erase(at, 1 + pick(6));
                    break;
                case 2:
                    text.insert(at, pieces[pick(pieces.size())]);
                    break;
                case 3:
                    text.insert(at, text.substr(pick(text.size()), pick(40)));
                    break;
                default: {
                    // A whole value replaced keeps most documents well-formed.
                    auto const colon = text.find(':', at);
                    if (colon != std::string::npos) {
                        auto const end = text.find_first_of(",}]", colon);
                        text.replace(colon + 1, end - colon - 1, pieces[pick(pieces.size())]);
                    }
                }
            }
            if (text.empty()) {
                text = "{";
            }
        }
        readable += read_both(text).status == ReadStatus::Readable ? 1 : 0;
        if (HasFailure()) {
            break;
        }
    }
    EXPECT_GT(readable, 1'000) << "the damage is too heavy to compare anything";
}

}  // namespace
}  // namespace rt::webhook
