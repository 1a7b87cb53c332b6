#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rt::webhook {

enum class Operation { Create, Update, Delete, Connect };

/// What of a cluster a request speaks of, as far as we judge it.
enum class Target {
    None,  ///< not judged: another resource, subresource, or DELETE and CONNECT
    Pod,
    EphemeralContainers,  ///< pods/ephemeralcontainers
    Template,             ///< a workload with a pod template (tenancy::template_kinds)
    Custom,               ///< an object of a kind that the settings name (podTemplatePaths)
};

/// The door of an image that a custom kind names by itself, outside any PodSpec.
inline constexpr std::uint8_t image_text_door = 0xff;

/// One image in one of the doors of a PodSpec.
struct ContainerImage {
    std::uint8_t door = 0;    ///< index into tenancy::image_doors(), or image_text_door
    std::uint8_t path = 0;    ///< which path of a custom kind led to it
    std::uint32_t index = 0;  ///< position in the door's list
    std::string_view name{};  ///< of the container or volume
    std::string_view image{};
    std::string_view pull_policy{};
    /// Custom kinds only, which can have several PodSpecs: "spec.tasks[2].template.spec". For an
    /// image outside any PodSpec its own field.
    std::string_view base{};
    bool operator==(ContainerImage const&) const = default;
};

/// One entry of imagePullSecrets.
struct PullSecretName {
    std::string_view name{};
    std::uint32_t index = 0;
    std::string_view base{};  ///< as ContainerImage::base
    bool operator==(PullSecretName const&) const = default;
};

/// The pod-shaped part of an object; for custom kinds all their PodSpecs together.
struct PodShape {
    bool present = false;  ///< the PodSpec itself
    /// imagePullSecrets is an array (an empty one included); null and absent look alike to a patch.
    bool has_pull_secrets = false;
    std::vector<PullSecretName> pull_secrets{};
    std::vector<ContainerImage> images{};
    bool operator==(PodShape const&) const = default;
};

struct Owner {
    std::string_view api_version{};
    std::string_view kind{};
    std::string_view name{};
    std::string_view uid{};
    bool controller = false;
    bool operator==(Owner const&) const = default;
};

struct ReviewedObject {
    bool present = false;
    std::string_view ns{};
    std::string_view name{};
    std::string_view uid{};
    /// Has the annotation kubernetes.io/config.mirror. Any creator of Pods can set it: it may
    /// excuse from the pull Secret, never from judgement.
    bool mirror = false;
    std::vector<Owner> owners{};
    PodShape pod{};
    bool operator==(ReviewedObject const&) const = default;
};

/// An AdmissionReview (admission.k8s.io/v1), reduced to what decisions need. All views point into
/// the ReviewReader that made it.
struct Review {
    std::string_view uid{};
    Operation operation = Operation::Create;
    std::string_view group{};  ///< request.resource
    std::string_view version{};
    std::string_view resource{};
    std::string_view subresource{};
    std::string_view kind{};  ///< request.kind.kind
    std::string_view kind_group{};
    std::string_view kind_version{};
    std::string_view ns{};  ///< request.namespace, the only source of the namespace
    std::string_view name{};
    std::string_view user{};
    bool dry_run = false;
    Target target = Target::None;
    /// JSON pointer of the PodSpec; empty for Target::None and Target::Custom.
    std::string_view pod_spec{};
    ReviewedObject object{};
    ReviewedObject old_object{};
    bool operator==(Review const&) const = default;
};

class ReviewFields;

/// How reading a body ended.
enum class ReadStatus {
    Readable,
    Refused,       ///< the uid is known, the rest breaks our rules: answer, saying problem()
    Unanswerable,  ///< no JSON or no uid: HTTP 400
};

/// Bodies up to this size go through simdjson, larger ones through a streaming parser that keeps
/// only what it needs: simdjson's buffers are some 14 times its capacity.
inline constexpr std::size_t fast_body_bytes_max = std::size_t{1} * 1024 * 1024;
/// Nesting that we follow, as for all foreign JSON.
inline constexpr int review_depth_max = 64;
/// Images, owners and pull Secrets kept per list; far above what fits into a Pod that can run.
inline constexpr std::size_t review_entries_max = 4'096;

/// Turns bodies into Reviews. Total: any bytes give one of the three statuses. Both parsers feed
/// one state machine, so they apply the same rules: keys that decide must not occur twice (readers
/// differ in which one they take), must have the type that the API gives them, and null means
/// absent. Not thread-safe; keep one per thread, its buffers are reused.
class ReviewReader {
  public:
    enum class Parser { BySize, Fast, Streaming };

    /// Knows Pods and the built-in templates.
    ReviewReader();
    /// Knows also the custom kinds that `fields` were made from.
    explicit ReviewReader(std::shared_ptr<ReviewFields const> fields);
    ~ReviewReader();
    ReviewReader(ReviewReader const&) = delete;
    ReviewReader& operator=(ReviewReader const&) = delete;

    /// `body` needs http::body_padding_bytes readable bytes behind it. `parser` is for tests.
    ReadStatus read(std::string_view body, Parser parser = Parser::BySize);
    /// Valid until the next read(), like all its views. Only the uid is meaningful after Refused.
    [[nodiscard]] Review const& review() const;
    /// What is wrong, for people: field and expectation, never the value.
    [[nodiscard]] std::string const& problem() const;
    [[nodiscard]] std::shared_ptr<ReviewFields const> const& fields() const { return fields_; }

  private:
    struct Impl;
    std::shared_ptr<ReviewFields const> fields_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rt::webhook
