#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace rt::tenancy {

/// Why a reference was refused; the closed list. The text for people is rendered from it once.
enum class ImageError {
    Empty,
    TooLong,        ///< over 4,096 bytes
    ForbiddenByte,  ///< outside 0x21 to 0x7e
    Malformed,      ///< not the distribution grammar
    UpperCaseRepository,
    UpperCaseRegistry,  ///< would parse in lower case
    PathTooLong,        ///< repository path over 255 bytes
    BadPort,            ///< 0, above 65535 or leading zeros
    BadTag,
    BadDigest,
    UnsupportedDigest,  ///< an algorithm other than sha256
    ImageId,            ///< shaped like an image ID, which a runtime resolves to any cached image
};

struct ImageReferenceRules {
    bool allow_other_digests = false;  ///< setting `allowedDigestAlgorithms` beyond sha256
};

/// A container image reference, read as the container runtime reads it
/// (github.com/distribution/reference, ParseDockerRef; OCI distribution spec).
/// A view: the text it was parsed from must outlive it. Parsing allocates nothing.
class ImageReference {
  public:
    static tl::expected<ImageReference, ImageError> parse(std::string_view text,
                                                          ImageReferenceRules rules = {});

    [[nodiscard]] std::string_view written() const { return written_; }
    /// host[:port]; "docker.io" where none was written. Empty where the first component looks like
    /// a host but cannot be one (an underscore in it): the reference library reads such a name as a
    /// path alone, while runtimes still dial the first component. No policy can allow it.
    [[nodiscard]] std::string_view registry() const { return registry_; }
    /// The path without an implied "library/".
    [[nodiscard]] std::string_view written_path() const { return path_; }
    /// True where "library/" stands before written_path().
    [[nodiscard]] bool implied_library() const { return implied_library_; }
    [[nodiscard]] std::optional<std::string_view> tag() const { return tag_; }
    [[nodiscard]] std::optional<std::string_view> digest() const { return digest_; }

    /// "library/nginx"
    [[nodiscard]] std::string repository() const;
    /// What the runtime pulls: registry/repository@digest, or :tag, or :latest.
    [[nodiscard]] std::string canonical() const;
    /// Whole-segment comparison: the repository is `prefix` itself followed by more segments.
    [[nodiscard]] bool in_namespace(std::string_view prefix) const;
    [[nodiscard]] bool is_repository(std::string_view repository) const;

  private:
    std::string_view written_;
    std::string_view registry_;
    std::string_view path_;
    bool implied_library_ = false;
    std::optional<std::string_view> tag_;
    std::optional<std::string_view> digest_;
};

/// One sentence for people: what is wrong with `written` and how to mend it. Printable ASCII.
[[nodiscard]] std::string explain(ImageError error, std::string_view written);

}  // namespace rt::tenancy
