#include "lib/tenancy/image_reference.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "lib/base/text.hpp"

namespace rt::tenancy {
namespace {

constexpr std::string_view docker_hub = "docker.io";
/// Docker Hub's name from before 2016; the only alias that the runtimes' reference library folds.
constexpr std::string_view docker_hub_legacy = "index.docker.io";
constexpr std::string_view library_prefix = "library/";
constexpr std::size_t text_bytes_max = 4096;
constexpr std::size_t path_bytes_max = 255;
constexpr std::size_t tag_bytes_max = 128;

// One table instead of <cctype>: the grammar is ASCII whatever the locale, and a negative char must
// not be undefined behaviour.
constexpr unsigned printable_byte = 1U << 0U;
constexpr unsigned lower = 1U << 1U;
constexpr unsigned upper = 1U << 2U;
constexpr unsigned digit = 1U << 3U;
constexpr unsigned hex_lower = 1U << 4U;  // digits and a-f
constexpr unsigned hex_upper = 1U << 5U;  // A-F

constexpr std::array<std::uint8_t, 256> make_byte_classes() {
    std::array<std::uint8_t, 256> table{};
    for (unsigned byte = 0x21; byte <= 0x7e; ++byte) {
        unsigned classes = printable_byte;
        if (byte >= 'a' && byte <= 'z') {
            classes |= byte <= 'f' ? lower | hex_lower : lower;
        } else if (byte >= 'A' && byte <= 'Z') {
            classes |= byte <= 'F' ? upper | hex_upper : upper;
        } else if (byte >= '0' && byte <= '9') {
            classes |= digit | hex_lower;
        }
        table[byte] = static_cast<std::uint8_t>(classes);
    }
    return table;
}

constexpr auto byte_classes = make_byte_classes();

constexpr bool is(char character, unsigned classes) {
    return (byte_classes[static_cast<unsigned char>(character)] & classes) != 0;
}

bool all_of(std::string_view text, unsigned classes) {
    return std::all_of(text.begin(), text.end(),
                       [classes](char character) { return is(character, classes); });
}

bool any_of(std::string_view text, unsigned classes) {
    return std::any_of(text.begin(), text.end(),
                       [classes](char character) { return is(character, classes); });
}

enum class Shape { Fine, FineInLowerCase, Wrong };

/// path-component *("/" path-component); a component is alphanumeric runs joined by one '.', one or
/// two '_', or any number of '-'.
Shape shape_of_path(std::string_view path) {
    Shape shape = Shape::Fine;
    char separator = 0;        // of the run of separators before this byte
    std::size_t run = 0;       // its length
    bool after_alnum = false;  // a component begins and ends with an alphanumeric
    for (char const character : path) {
        if (is(character, lower | digit | upper)) {
            if (is(character, upper)) {
                shape = Shape::FineInLowerCase;
            }
            after_alnum = true;
            run = 0;
        } else if (character == '/') {
            if (!after_alnum) {
                return Shape::Wrong;
            }
            after_alnum = false;
            run = 0;
        } else if (character == '.' || character == '_' || character == '-') {
            if (run == 0 ? !after_alnum
                         : character != separator || character == '.' ||
                               (character == '_' && run == 2)) {
                return Shape::Wrong;
            }
            separator = character;
            after_alnum = false;
            ++run;
        } else {
            return Shape::Wrong;
        }
    }
    return after_alnum ? shape : Shape::Wrong;
}

/// Labels of letters, digits and inner dashes, joined by single dots.
bool is_domain_name(std::string_view name) {
    char previous = '.';
    for (char const character : name) {
        if (character == '.' || character == '-') {
            bool const starts_label = previous == '.';
            if (starts_label || (character == '.' && previous == '-')) {
                return false;
            }
        } else if (!is(character, lower | upper | digit)) {
            return false;
        }
        previous = character;
    }
    return previous != '.' && previous != '-';
}

enum class HostShape { Host, BadPort, Wrong };

/// (domain-name | "[" hex-and-colons "]") [":" digits], upper case included.
HostShape shape_of_host(std::string_view text) {
    std::size_t host_end = 0;
    if (text.starts_with('[')) {
        std::size_t const bracket = text.find(']');
        if (bracket == std::string_view::npos || bracket == 1) {
            return HostShape::Wrong;
        }
        for (char const character : text.substr(1, bracket - 1)) {
            if (character != ':' && !is(character, hex_lower | hex_upper)) {
                return HostShape::Wrong;
            }
        }
        host_end = bracket + 1;
    } else {
        host_end = std::min(text.find(':'), text.size());
        if (!is_domain_name(text.substr(0, host_end))) {
            return HostShape::Wrong;
        }
    }
    if (host_end == text.size()) {
        return HostShape::Host;
    }
    std::string_view const port = text.substr(host_end + 1);
    if (text[host_end] != ':' || port.empty() || !all_of(port, digit)) {
        return HostShape::Wrong;
    }
    // Go's dialer reads ":0443" and ":443" as the same port, policies compare bytes: only one
    // spelling.
    bool const in_range =
        port.front() != '0' && (port.size() < 5 || (port.size() == 5 && port <= "65535"));
    return in_range ? HostShape::Host : HostShape::BadPort;
}

std::optional<ImageError> check_tag(std::string_view tag) {
    bool const fine = !tag.empty() && tag.size() <= tag_bytes_max && tag.front() != '.' &&
                      tag.front() != '-' && std::all_of(tag.begin(), tag.end(), [](char character) {
                          return is(character, lower | upper | digit) || character == '_' ||
                                 character == '.' || character == '-';
                      });
    return fine ? std::nullopt : std::optional(ImageError::BadTag);
}

std::optional<ImageError> check_digest(std::string_view digest, ImageReferenceRules rules) {
    std::size_t const colon = digest.find(':');
    if (colon == std::string_view::npos || colon == 0) {
        return ImageError::BadDigest;
    }
    std::string_view const algorithm = digest.substr(0, colon);
    std::string_view const encoded = digest.substr(colon + 1);
    std::size_t length = 0;
    if (algorithm == "sha256") {
        length = 64;
    } else if (rules.allow_other_digests && algorithm == "sha384") {
        length = 96;
    } else if (rules.allow_other_digests && algorithm == "sha512") {
        length = 128;
    } else {
        return ImageError::UnsupportedDigest;
    }
    return encoded.size() == length && all_of(encoded, hex_lower)
               ? std::nullopt
               : std::optional(ImageError::BadDigest);
}

/// The name before any tag and digest, and those two as written.
struct Parts {
    std::string_view name;
    std::optional<std::string_view> tag;
    std::optional<std::string_view> digest;
};

Parts split_parts(std::string_view text) {
    Parts parts;
    std::size_t const name_end = text.find_first_of(":@");
    parts.name = text.substr(0, name_end);
    if (name_end == std::string_view::npos) {
        return parts;
    }
    text.remove_prefix(name_end);
    if (text.front() == ':') {
        text.remove_prefix(1);
        std::size_t const tag_end = text.find('@');
        parts.tag = text.substr(0, tag_end);
        if (tag_end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(tag_end);
    }
    parts.digest = text.substr(1);
    return parts;
}

/// Whether the first component of a name with a slash is a registry. Anything else is a Docker Hub
/// repository.
bool names_registry(std::string_view first) {
    return first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
           any_of(first, upper);
}

std::optional<ImageError> check_name(std::string_view path) {
    switch (shape_of_path(path)) {
        case Shape::Fine:
            return std::nullopt;
        case Shape::FineInLowerCase:
            return ImageError::UpperCaseRepository;
        case Shape::Wrong:
            break;
    }
    return ImageError::Malformed;
}

/// A reference cut before its repository path; without a slash there is no registry, whatever it
/// looks like.
struct RegistryAndRest {
    std::string_view registry;
    std::string_view rest;
    std::optional<ImageError> host_error;  ///< told only where nothing else is wrong
};

tl::expected<RegistryAndRest, ImageError> cut(std::string_view text, std::size_t slash) {
    std::string_view const first = text.substr(0, slash);
    if (slash == std::string_view::npos || !names_registry(first)) {
        return RegistryAndRest{docker_hub, text, {}};
    }
    switch (shape_of_host(first)) {
        case HostShape::Host:
            return RegistryAndRest{
                first == docker_hub_legacy ? docker_hub : first, text.substr(slash + 1),
                any_of(first, upper) ? std::optional(ImageError::UpperCaseRegistry) : std::nullopt};
        case HostShape::BadPort:
            return tl::unexpected(ImageError::BadPort);
        case HostShape::Wrong:
            break;
    }
    // An underscore makes it no host, but a fine path component: the reference library then reports
    // an empty domain. No policy can name that, so nothing allows it.
    if (shape_of_path(first) == Shape::Wrong) {
        return tl::unexpected(ImageError::Malformed);
    }
    return RegistryAndRest{{}, text, {}};
}

}  // namespace

tl::expected<ImageReference, ImageError> ImageReference::parse(std::string_view text,
                                                               ImageReferenceRules rules) {
    if (text.empty()) {
        return tl::unexpected(ImageError::Empty);
    }
    if (text.size() > text_bytes_max) {
        return tl::unexpected(ImageError::TooLong);
    }
    if (!all_of(text, printable_byte)) {
        return tl::unexpected(ImageError::ForbiddenByte);
    }
    if (text.size() == 64 && all_of(text, hex_lower)) {
        return tl::unexpected(ImageError::ImageId);
    }
    std::size_t const slash = text.find('/');
    auto const start = cut(text, slash);
    if (!start) {
        return tl::unexpected(start.error());
    }
    ImageReference reference;
    reference.written_ = text;
    reference.registry_ = start->registry;
    Parts const parts = split_parts(start->rest);
    if (auto const error = check_name(parts.name)) {
        return tl::unexpected(*error);
    }
    reference.path_ = parts.name;
    reference.implied_library_ =
        reference.registry_ == docker_hub && parts.name.find('/') == std::string_view::npos;
    if (parts.name.size() + (reference.implied_library_ ? library_prefix.size() : 0) >
        path_bytes_max) {
        return tl::unexpected(ImageError::PathTooLong);
    }
    if (parts.tag) {
        if (auto const error = check_tag(*parts.tag)) {
            return tl::unexpected(*error);
        }
        // "sha256:0123abcd": a container runtime takes it for the prefix of an image ID and starts
        // whatever it has cached under that, from wherever it came.
        if (slash == std::string_view::npos && parts.name == "sha256" &&
            all_of(*parts.tag, hex_lower | hex_upper)) {
            return tl::unexpected(ImageError::ImageId);
        }
    }
    if (parts.digest) {
        if (auto const error = check_digest(*parts.digest, rules)) {
            return tl::unexpected(*error);
        }
    }
    if (start->host_error) {
        return tl::unexpected(*start->host_error);
    }
    reference.tag_ = parts.tag;
    reference.digest_ = parts.digest;
    return reference;
}

std::string ImageReference::repository() const {
    std::string out;
    out.reserve(path_.size() + library_prefix.size());
    if (implied_library_) {
        out += library_prefix;
    }
    out += path_;
    return out;
}

std::string ImageReference::canonical() const {
    std::string out;
    out.reserve(written_.size() + docker_hub.size() + library_prefix.size() + 10);
    out += registry_;
    if (!registry_.empty()) {
        out += '/';
    }
    if (implied_library_) {
        out += library_prefix;
    }
    out += path_;
    if (digest_) {
        out += '@';
        out += *digest_;
    } else {
        out += ':';
        out += tag_.value_or("latest");
    }
    return out;
}

bool ImageReference::in_namespace(std::string_view prefix) const {
    if (implied_library_) {
        return prefix == library_prefix.substr(0, library_prefix.size() - 1);
    }
    return !prefix.empty() && path_.size() > prefix.size() + 1 && path_.starts_with(prefix) &&
           path_[prefix.size()] == '/';
}

bool ImageReference::is_repository(std::string_view repository) const {
    if (implied_library_) {
        return repository.starts_with(library_prefix) &&
               repository.substr(library_prefix.size()) == path_;
    }
    return path_ == repository;
}

namespace {

std::string explain_malformed(std::string_view written) {
    if (written.find("://") != std::string_view::npos) {
        return "has a scheme: remove everything up to ://";
    }
    if (written.ends_with('/')) {
        return "ends with a slash: add the repository's name";
    }
    if (written.find("//") != std::string_view::npos) {
        return "has an empty path component: remove the doubled slash";
    }
    if (written.find("..") != std::string_view::npos) {
        return "contains '..': write the full path of the repository";
    }
    return "is not an image reference: write [registry[:port]/]repository[:tag][@digest] in lower "
           "case";
}

std::string explain_forbidden(std::string_view written) {
    std::size_t const at = static_cast<std::size_t>(
        std::find_if_not(written.begin(), written.end(),
                         [](char character) { return is(character, printable_byte); }) -
        written.begin());
    std::string const what =
        at < written.size() && written[at] == ' ' ? "a space" : "a byte outside printable ASCII";
    return "contains " + what + " at position " + std::to_string(at) + ": remove it";
}

std::string explain_upper_case_registry(std::string_view written) {
    std::string_view const host = written.substr(0, written.find('/'));
    return "has upper case in the registry's name: write it as " +
           printable(to_lower_ascii(host), 128);
}

std::string what_is_wrong(ImageError error, std::string_view written) {
    switch (error) {
        case ImageError::Empty:
            return "is empty: name an image";
        case ImageError::TooLong:
            return "is longer than 4096 bytes: shorten it";
        case ImageError::ForbiddenByte:
            return explain_forbidden(written);
        case ImageError::Malformed:
            return explain_malformed(written);
        case ImageError::UpperCaseRepository:
            return "has upper case in the repository: write the repository in lower case";
        case ImageError::UpperCaseRegistry:
            return explain_upper_case_registry(written);
        case ImageError::PathTooLong:
            return "has a repository path over 255 bytes: shorten it";
        case ImageError::BadPort:
            return "has a port that is no number from 1 to 65535 without leading zeros: correct "
                   "the port";
        case ImageError::BadTag:
            return "has a bad tag: a tag is 1 to 128 letters, digits, '_', '.' and '-', "
                   "beginning with a letter, digit or '_'";
        case ImageError::BadDigest:
            return "has a bad digest: write sha256: and 64 lower-case hexadecimal digits";
        case ImageError::UnsupportedDigest:
            return "has a digest other than sha256: write the image's sha256 digest";
        case ImageError::ImageId:
            return "looks like an image ID, which a node resolves to any image in its cache: "
                   "write registry and repository, too";
    }
    return "is not an image reference";
}

}  // namespace

std::string explain(ImageError error, std::string_view written) {
    if (error == ImageError::Empty) {
        return "the image reference " + what_is_wrong(error, written);
    }
    return '"' + printable(written, 256) + "\" " + what_is_wrong(error, written);
}

}  // namespace rt::tenancy
