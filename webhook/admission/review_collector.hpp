#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/admission/review.hpp"
#include "webhook/admission/review_fields.hpp"

namespace rt::webhook {

/// The state machine that both parsers drive: it walks review_fields(), holds the rules about
/// duplicates and types, and fills a Review. Texts must outlive the Review.
class ReviewCollector {
  public:
    static constexpr int skip = -1;
    static constexpr int root = 0;

    /// Forgets everything, keeps the buffers.
    void reset();

    /// A container begins at `node`. False: skip its content and don't close it.
    bool open(int node, JsonShape shape);
    void close();
    /// The node of a member of the open object, or `skip`.
    int member(std::string_view key);
    /// The node of the next element of the open array.
    int element();

    void text(int node, std::string_view value);
    void boolean(int node, bool value);
    void null(int node);
    void number(int node) { wrong_type(node); }

    /// Checks what is there as a whole; once, at the end of a well-formed document.
    ReadStatus finish();

    [[nodiscard]] Review const& review() const { return review_; }
    [[nodiscard]] std::string const& problem() const { return problem_; }

  private:
    struct Frame {
        int node;
        std::uint32_t seen;   ///< edges met so far
        std::uint32_t index;  ///< of the next element
    };
    struct Side {
        ReviewedObject* object;
        std::vector<PodShape> shapes;  ///< per location
    };

    [[nodiscard]] FieldNode const& at(int node) const {
        return fields_[static_cast<std::size_t>(node)];
    }
    Side& side(FieldNode const& node) { return node.old ? old_ : new_; }
    PodShape& shape(FieldNode const& node) { return side(node).shapes[node.location]; }
    void begin_entry(FieldNode const& node);
    void end_image(FieldNode const& node);
    void request_text(FieldNode const& node, std::string_view value);
    void object_text(FieldNode const& node, std::string_view value);
    void wrong_type(int node);
    void refuse(std::string problem);
    void check_review();
    void find_target();

    std::span<FieldNode const> fields_ = review_fields();
    Review review_{};
    Side new_{&review_.object, {}};
    Side old_{&review_.old_object, {}};
    std::vector<Frame> frames_{};
    ContainerImage image_{};
    bool holder_present_ = false;
    bool uid_unusable_ = false;
    std::string_view api_version_{};
    std::string_view review_kind_{};
    std::string_view operation_{};
    std::string problem_{};
};

}  // namespace rt::webhook
