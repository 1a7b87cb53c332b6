#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tenancy/custom_kinds.hpp"

namespace rt::webhook {

/// What a value in an AdmissionReview means to us.
enum class Field : std::uint8_t {
    Container,  ///< only leads to others
    ApiVersion,
    Kind,
    Uid,
    KindGroup,
    KindVersion,
    KindKind,
    ResourceGroup,
    ResourceVersion,
    ResourceResource,
    SubResource,
    Name,
    Namespace,
    Operation,
    User,
    DryRun,
    Object,
    ObjectNamespace,
    ObjectName,
    ObjectUid,
    MirrorAnnotation,
    Owner,
    OwnerApiVersion,
    OwnerKind,
    OwnerName,
    OwnerUid,
    OwnerController,
    PodSpec,
    PodOrImage,  ///< where a custom kind has a pod template, a PodSpec or the text of an image
    PullSecrets,
    PullSecret,
    PullSecretName,
    Image,
    ImageHolder,
    ImageName,
    ImageText,
    ImagePullPolicy,
};

enum class JsonShape : std::uint8_t {
    Object,
    Array,
    String,
    Boolean,
    ObjectOrArray,  ///< of whose elements or members every one is meant
    ObjectOrString,
};

/// Where in an AdmissionReview a parser stands, and which members lead to something we need.
struct FieldNode {
    struct Edge {
        std::string_view key;
        int node;
    };
    JsonShape shape = JsonShape::Object;
    Field field = Field::Container;
    bool old = false;            ///< below oldObject
    std::uint8_t location = 0;   ///< which of pod_spec_locations() it is below
    std::uint8_t door = 0;       ///< which of tenancy::image_doors()
    std::uint8_t kind_path = 0;  ///< which path of a custom kind it is below
    int element = -1;            ///< of an array
    int every_member = -1;       ///< of an object whose members are not known by name
    std::vector<Edge> edges{};   ///< of an object; at most 32
    /// Bit n is set where an edge's key has n bytes (bit 63: or more). Most members mean nothing to
    /// us, and their length alone tells.
    std::uint64_t edge_sizes = 0;
    std::string key{};   ///< its own name in the parent; "*" for elements
    std::string path{};  ///< for messages: /request/object/spec/containers/*/image
};

[[nodiscard]] inline std::uint64_t size_bit(std::string_view key) {
    return std::uint64_t{1} << std::min<std::size_t>(key.size(), 63);
}

/// The tree of all fields we read; node 0 is the document. Made from tenancy::image_doors(),
/// tenancy::template_kinds() and the custom kinds of the settings, so that no door is missing here
/// that exists there. Pods and built-in templates share one tree of an object; every custom kind
/// has its own, because other kinds may use the same names for something else. Immutable.
class ReviewFields {
  public:
    explicit ReviewFields(tenancy::CustomKinds kinds = {});
    ReviewFields(ReviewFields const&) = delete;
    ReviewFields& operator=(ReviewFields const&) = delete;

    /// The nodes of /request/object and /request/oldObject.
    struct Objects {
        int now = 0;
        int old = 0;
    };

    [[nodiscard]] std::span<FieldNode const> nodes() const { return nodes_; }
    [[nodiscard]] Objects built_in() const { return built_in_; }
    /// nullptr where it is no custom kind.
    [[nodiscard]] Objects const* custom(std::string_view group, std::string_view resource) const;

  private:
    tenancy::CustomKinds kinds_;  ///< owns the keys of their nodes
    std::vector<FieldNode> nodes_;
    Objects built_in_;
    std::vector<Objects> custom_;  ///< as kinds_
};

/// JSON pointers at which a PodSpec can stand in what is built in: Pods' and every template kind's,
/// unique.
[[nodiscard]] std::span<std::string_view const> pod_spec_locations();

}  // namespace rt::webhook
