#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
    PullSecrets,
    PullSecret,
    PullSecretName,
    Image,
    ImageHolder,
    ImageName,
    ImageText,
    ImagePullPolicy,
};

enum class JsonShape : std::uint8_t { Object, Array, String, Boolean };

/// Where in an AdmissionReview a parser stands, and which members lead to something we need.
struct FieldNode {
    struct Edge {
        std::string_view key;
        int node;
    };
    JsonShape shape = JsonShape::Object;
    Field field = Field::Container;
    bool old = false;           ///< below oldObject
    std::uint8_t location = 0;  ///< which of pod_spec_locations() it is below
    std::uint8_t door = 0;      ///< which of tenancy::image_doors()
    int element = -1;           ///< of an array
    std::vector<Edge> edges{};  ///< of an object; at most 32
    std::string path{};         ///< for messages: /request/object/spec/containers/*/image
};

/// The tree of all fields we read; node 0 is the document. Made from tenancy::image_doors() and
/// tenancy::template_kinds(), so that no door is missing here that exists there.
[[nodiscard]] std::span<FieldNode const> review_fields();

/// JSON pointers at which a PodSpec can stand: Pods' and every template kind's, unique.
[[nodiscard]] std::span<std::string_view const> pod_spec_locations();

}  // namespace rt::webhook
