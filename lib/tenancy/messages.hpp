#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tenancy/image_reference.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::tenancy {

/// Why something is refused or warned about. The codes are stable: people search for them.
enum class Reason {
    NotAllowed,         ///< RT-NotAllowed: no tenancy of the namespace allows the image
    Unparseable,        ///< RT-Unparseable: the image reference cannot be read
    NoTenancy,          ///< RT-NoTenancy: no tenancy governs the namespace, and the setting is Deny
    ForeignSecret,      ///< RT-ForeignSecret: a pull Secret that the tenancy does not list
    MissingSecret,      ///< RT-MissingSecret: a new Pod without our pull Secret
    PolicyUnavailable,  ///< RT-PolicyUnavailable: we cannot decide; our fault
    Deprecated,         ///< RT-Deprecated: allowed, but not for long
    Exception,          ///< RT-Exception: allowed by a RegistryException alone
    OtherSecret,        ///< RT-ForeignSecret, too: another pull Secret, which policy Any lets pass
};
inline constexpr std::size_t reasons_count = 9;

/// "RT-NotAllowed".
[[nodiscard]] std::string_view code_of(Reason reason);

/// The page about `reason` among the pages that a tenancy's docsURL names: "{code}" in it stands
/// for the code, else "/RT-NotAllowed" is appended. Empty for an empty docsURL.
[[nodiscard]] std::string page_address(std::string_view docs_url, Reason reason);

/// One thing found in an object under review.
struct Finding {
    Reason reason = Reason::NotAllowed;
    std::string field;        ///< where: spec.template.spec.containers[0].image
    std::string name;         ///< of the container, volume or Secret; may be empty
    std::string written;      ///< the image as written; empty for findings about Secrets
    std::string understood;   ///< ImageReference::canonical(); empty where it cannot be read
    std::string why;          ///< one clause: registry namespace "alipay" is not allowed here
    std::string suggestion;   ///< the one allowed reference that is near, or empty
    std::string exception{};  ///< Reason::Exception: name of the RegistryException
};

/// The limits that Kubernetes sets: a denial shares a line with kubectl's own words and ends up in
/// Events of at most 1 KiB; warnings are cut at 256 characters, 120 are advised.
inline constexpr std::size_t denial_bytes_max = 1024;
inline constexpr std::size_t denial_first_line_bytes_max = 300;
inline constexpr std::size_t warning_bytes_max = 256;
inline constexpr std::size_t warnings_per_response_max = 8;
/// Longer addresses of pages are left out rather than cut: half an address leads nowhere.
inline constexpr std::size_t denial_address_bytes_max = 384;
inline constexpr std::size_t warning_address_bytes_max = 120;

[[nodiscard]] Finding unparseable(std::string field, std::string name, std::string_view written,
                                  ImageError error);
/// For a verdict that is not plain Allowed: NotAllowed, Deprecated with the entry's advice, or
/// Exception with its name and end.
[[nodiscard]] Finding finding_of(std::string field, std::string name, ImageReference const& image,
                                 Verdict const& verdict, NamespacePolicy const& policy);
/// For namespaces that no tenancy governs, with unmanagedNamespaces Deny.
[[nodiscard]] Finding no_tenancy(std::string field, std::string name, std::string_view written);
[[nodiscard]] Finding foreign_secret(std::string field, std::string_view secret);
/// For a pull Secret that nothing forbids: a warning.
[[nodiscard]] Finding other_secret(std::string field, std::string_view secret);
[[nodiscard]] Finding missing_secret(std::string field);

/// What a message is about, besides its findings.
struct MessageContext {
    std::string_view ns;
    NamespacePolicy const* policy = nullptr;  ///< nullptr where no tenancy governs the namespace
    std::size_t images_total = 0;             ///< in the object, judged or not
};

/// The text of a denial: a first line that is complete by itself, one indented line per finding (at
/// most 5), what is allowed, whom to ask; at its end, the page_address() of the first finding's
/// reason. Printable ASCII and our own line breaks only; at most denial_bytes_max bytes. `findings`
/// is not empty. Never holds role ARNs.
[[nodiscard]] std::string render_denial(MessageContext const& context,
                                        std::span<Finding const> findings);
/// RT-PolicyUnavailable: says that it is our fault, that trying again helps, and how to break
/// glass. `detail` is one clause: "its view of the cluster is 3 minutes old". `docs_url` of the
/// namespace's tenancies, where they are known all the same.
[[nodiscard]] std::string render_policy_unavailable(std::string_view ns, std::string_view detail,
                                                    std::string_view docs_url = {});

/// One warning line, for a deprecated image or a finding that enforcement does not refuse; ends in
/// its page_address().
[[nodiscard]] std::string render_warning(MessageContext const& context, Finding const& finding);
/// One warning per finding, capped with "N more".
[[nodiscard]] std::vector<std::string> render_warnings(MessageContext const& context,
                                                       std::span<Finding const> findings);

/// "registry.example.com/cainiao/*, registry.example.com/base/jdk" for people, at most
/// `entries_max` paths, then "and N more".
[[nodiscard]] std::string allowed_list(NamespacePolicy const& policy, std::size_t entries_max);

}  // namespace rt::tenancy
