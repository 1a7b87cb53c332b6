#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
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

    /// `fields` must outlive it.
    explicit ReviewCollector(ReviewFields const& fields) : tree_(fields) {}

    /// Forgets everything, keeps the buffers. `objects`: the tree of the custom kind that the
    /// document is known to speak of; nullptr: find out.
    void reset(ReviewFields::Objects const* objects = nullptr);
    /// Kinds have trees of their own, so /request/resource must be known before an object comes, as
    /// API servers write it. Where it came later: the tree to read the document with once more.
    [[nodiscard]] ReviewFields::Objects const* other_tree() const;

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
        bool array = false;
        std::string_view key{};   ///< of the member that is open, where all are meant
        std::string_view base{};  ///< of a PodSpec of a custom kind, once it is asked for
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
    /// The member `node` of the open object, whose place among its edges is `bit`.
    [[nodiscard]] int known_member(Frame& frame, int node, std::uint32_t bit);
    [[nodiscard]] int object_root(int node);
    [[nodiscard]] std::string_view base_of(std::size_t frame);
    [[nodiscard]] std::string path_to(std::size_t frame) const;
    void add_image_text(FieldNode const& node, std::string_view value);
    void begin_entry(FieldNode const& node);
    void end_image(FieldNode const& node);
    void request_text(FieldNode const& node, std::string_view value);
    void object_text(FieldNode const& node, std::string_view value);
    void wrong_type(int node);
    void refuse(std::string problem);
    void check_review();
    void find_target();
    void check_custom();
    void check_object();
    void take_shapes(std::size_t location);

    ReviewFields const& tree_;
    std::span<FieldNode const> fields_ = tree_.nodes();
    Review review_{};
    Side new_{&review_.object, {}};
    Side old_{&review_.old_object, {}};
    std::vector<Frame> frames_{};
    ContainerImage image_{};
    bool holder_present_ = false;
    bool uid_unusable_ = false;
    /// Which tree the objects were read with; null: the built-in one.
    ReviewFields::Objects const* custom_ = nullptr;
    bool built_in_ = false;
    std::deque<std::string> texts_{};  ///< what reviews of custom kinds point to
    std::string_view api_version_{};
    std::string_view review_kind_{};
    std::string_view operation_{};
    std::string problem_{};
};

}  // namespace rt::webhook
