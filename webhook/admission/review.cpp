#include "webhook/admission/review.hpp"

#include <simdjson.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "lib/http/server.hpp"
#include "webhook/admission/review_collector.hpp"

namespace rt::webhook {

static_assert(http::body_padding_bytes >= simdjson::SIMDJSON_PADDING);

namespace {

constexpr char const* not_json = "the body is not one JSON document of at most 64 levels";

/// Recursion is bounded by the depth of ReviewFields: what is not in it is never entered.
void walk(ReviewCollector& collector, simdjson::dom::element value, int node) {
    using Type = simdjson::dom::element_type;
    switch (value.type()) {
        case Type::OBJECT:
            if (collector.open(node, JsonShape::Object)) {
                for (auto const field : simdjson::dom::object(value)) {
                    int const child = collector.member(field.key);
                    if (child != ReviewCollector::skip) {
                        walk(collector, field.value, child);
                    }
                }
                collector.close();
            }
            return;
        case Type::ARRAY:
            if (collector.open(node, JsonShape::Array)) {
                for (auto const item : simdjson::dom::array(value)) {
                    walk(collector, item, collector.element());
                }
                collector.close();
            }
            return;
        case Type::STRING:
            collector.text(node, value.get_string().value_unsafe());
            return;
        case Type::BOOL:
            collector.boolean(node, value.get_bool().value_unsafe());
            return;
        case Type::NULL_VALUE:
            collector.null(node);
            return;
        default:
            collector.number(node);
            return;
    }
}

/// Drives the collector from nlohmann's streaming parser; memory is what is kept, not the body.
class StreamingDriver {
  public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    StreamingDriver(ReviewCollector& collector, std::deque<std::string>& texts)
        : collector_(collector), texts_(texts) {}

    bool null() {
        return value([this](int node) { collector_.null(node); });
    }
    bool boolean(bool flag) {
        return value([this, flag](int node) { collector_.boolean(node, flag); });
    }
    bool number_integer(number_integer_t) { return number(); }
    bool number_unsigned(number_unsigned_t) { return number(); }
    bool number_float(number_float_t, string_t const& written) {
        // An integer beyond 64 bits: simdjson refuses it, so both must.
        return written.find_first_of(".eE") != string_t::npos && number();
    }
    bool string(string_t& text) {
        return value([this, &text](int node) {
            collector_.text(node, texts_.emplace_back(std::move(text)));
        });
    }
    bool binary(binary_t&) { return false; }
    bool start_object(std::size_t) { return start(JsonShape::Object); }
    bool start_array(std::size_t) { return start(JsonShape::Array); }
    bool end_object() { return end(); }
    bool end_array() { return end(); }
    bool key(string_t& name) {
        if (skipping_ == 0) {
            pending_ = collector_.member(name);
        }
        return depth_ <= review_depth_max;
    }
    bool parse_error(std::size_t, std::string const&, nlohmann::json::exception const&) {
        return false;
    }

  private:
    /// The node of the value that begins now.
    int next() {
        if (skipping_ > 0) {
            return ReviewCollector::skip;
        }
        if (!in_array_.empty() && in_array_.back()) {
            return collector_.element();
        }
        return pending_;
    }
    /// Like simdjson, counts a level when there is something in it.
    template <class Act>
    bool value(Act const& act) {
        if (int const node = next(); node != ReviewCollector::skip) {
            act(node);
        }
        return depth_ <= review_depth_max;
    }
    bool number() {
        return value([this](int node) { collector_.number(node); });
    }
    bool start(JsonShape shape) {
        if (depth_++ > review_depth_max) {
            return false;
        }
        int const node = next();
        if (node == ReviewCollector::skip || !collector_.open(node, shape)) {
            ++skipping_;
        } else {
            in_array_.push_back(shape == JsonShape::Array);
        }
        return true;
    }
    bool end() {
        --depth_;
        if (skipping_ > 0) {
            --skipping_;
        } else {
            in_array_.pop_back();
            collector_.close();
        }
        return true;
    }

    ReviewCollector& collector_;
    std::deque<std::string>& texts_;
    std::vector<bool> in_array_{};
    int pending_ = ReviewCollector::root;
    int depth_ = 0;
    int skipping_ = 0;
};

}  // namespace

struct ReviewReader::Impl {
    explicit Impl(ReviewFields const& fields) : collector(fields) {}

    ReviewCollector collector;
    simdjson::dom::parser fast{fast_body_bytes_max};
    bool fast_ready = false;
    std::deque<std::string> texts{};
    std::string problem{};

    bool read_fast(std::string_view body) {
        // simdjson counts the document itself as a level. Memory is reserved, not touched, before
        // use.
        if (!fast_ready) {
            fast_ready =
                fast.allocate(fast_body_bytes_max, review_depth_max + 1) == simdjson::SUCCESS;
        }
        simdjson::dom::element document;
        if (!fast_ready ||
            fast.parse(body.data(), body.size(), false).get(document) != simdjson::SUCCESS) {
            return false;
        }
        walk(collector, document, ReviewCollector::root);
        return true;
    }

    bool read_streaming(std::string_view body) {
        if (body.starts_with("\xEF\xBB\xBF")) {
            return false;  // a byte order mark, which RFC 8259 forbids and only this parser skips
        }
        if (body.find('\0') != std::string_view::npos) {
            return false;  // no JSON holds one, and only this parser takes it for the end
        }
        StreamingDriver driver(collector, texts);
        try {
            return nlohmann::json::sax_parse(body.begin(), body.end(), &driver);
        } catch (nlohmann::json::exception const&) {
            return false;
        }
    }
};

namespace {

std::shared_ptr<ReviewFields const> const& built_in_fields() {
    static auto const fields = std::make_shared<ReviewFields const>();
    return fields;
}

}  // namespace

ReviewReader::ReviewReader() : ReviewReader(built_in_fields()) {}
ReviewReader::ReviewReader(std::shared_ptr<ReviewFields const> fields)
    : fields_(std::move(fields)), impl_(std::make_unique<Impl>(*fields_)) {}
ReviewReader::~ReviewReader() = default;

ReadStatus ReviewReader::read(std::string_view body, Parser parser) {
    bool const fast =
        parser == Parser::Fast || (parser == Parser::BySize && body.size() <= fast_body_bytes_max);
    auto const parse = [&](ReviewFields::Objects const* objects) {
        impl_->collector.reset(objects);
        impl_->texts.clear();
        return fast ? impl_->read_fast(body) : impl_->read_streaming(body);
    };
    impl_->problem.clear();
    bool is_json = parse(nullptr);
    if (auto const* const objects = impl_->collector.other_tree(); is_json && objects) {
        is_json = parse(objects);
    }
    if (!is_json) {
        impl_->problem = not_json;
        return ReadStatus::Unanswerable;
    }
    ReadStatus const status = impl_->collector.finish();
    impl_->problem = impl_->collector.problem();
    return status;
}

Review const& ReviewReader::review() const {
    return impl_->collector.review();
}
std::string const& ReviewReader::problem() const {
    return impl_->problem;
}

}  // namespace rt::webhook
