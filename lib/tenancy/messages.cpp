#include "lib/tenancy/messages.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/tenancy/judge.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::tenancy {
namespace {

constexpr std::size_t findings_shown_max = 5;
constexpr std::size_t allowed_shown_max = 6;
constexpr std::size_t field_bytes_max = 96;
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t image_bytes_max = 160;
constexpr std::size_t clause_bytes_max = 256;

/// Indexed by Reason.
struct ReasonText {
    std::string_view code;
    std::string_view plural;  ///< "2 of 3 images ...": what is wrong with several things at once
    std::string_view singular;
};
constexpr std::array<ReasonText, reasons_count> reason_texts{{
    {"RT-NotAllowed", "images are not allowed", "image is not allowed"},
    {"RT-Unparseable", "image references cannot be read", "image reference cannot be read"},
    {"RT-NoTenancy", "images are refused", "image is refused"},
    {"RT-ForeignSecret", "pull Secrets are not allowed", "pull Secret is not allowed"},
    {"RT-MissingSecret", "pull Secrets are missing", "pull Secret is missing"},
    {"RT-PolicyUnavailable", "images cannot be judged", "image cannot be judged"},
    {"RT-Deprecated", "images are deprecated", "image is deprecated"},
    {"RT-Exception", "images are allowed by exception", "image is allowed by exception"},
    {"RT-ForeignSecret", "pull Secrets are not ours", "pull Secret is not ours"},
}};

ReasonText const& text_of(Reason reason) {
    return reason_texts[static_cast<std::size_t>(reason)];
}

bool is_about_images(Reason reason) {
    return reason != Reason::ForeignSecret && reason != Reason::OtherSecret &&
           reason != Reason::MissingSecret;
}

/// containers[0].image "web"
std::string where(Finding const& finding) {
    std::string out = printable(finding.field, field_bytes_max);
    if (!finding.name.empty()) {
        out += " \"" + printable(finding.name, name_bytes_max) + '"';
    }
    return out;
}

/// The first path component, or the whole path where it has one component.
std::string_view first_segment(std::string_view path) {
    return path.substr(0, path.find('/'));
}

std::string_view last_segment(std::string_view path) {
    std::size_t const slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string with_tag(std::string name, ImageReference const& image) {
    if (image.digest()) {
        name += '@' + std::string(*image.digest());
    } else if (image.tag()) {
        name += ':' + std::string(*image.tag());
    }
    return name;
}

/// The one allowed image that may have been meant: the same last path component in the only allowed
/// place, or the path nearest in spelling. Empty where there are none or several: a guess among
/// many helps nobody.
std::string suggestion_for(ImageReference const& image, Verdict const& verdict,
                           NamespacePolicy const& policy) {
    EffectiveRegistry const* registry = verdict.registry;
    std::string host(image.registry());
    if (registry == nullptr) {
        // A host that nearly is one of ours.
        std::vector<std::string_view> hosts;
        for (auto const& one : policy.registries()) {
            hosts.insert(hosts.end(), one.hosts.begin(), one.hosts.end());
        }
        std::string_view const meant = nearest(image.registry(), hosts);
        if (meant.empty()) {
            return {};
        }
        host = meant;
        for (auto const& one : policy.registries()) {
            if (std::find(one.hosts.begin(), one.hosts.end(), host) != one.hosts.end()) {
                registry = &one;
            }
        }
    }
    if (registry == nullptr) {
        return {};
    }
    std::string const repository = image.repository();
    std::vector<std::string> candidates;
    for (auto const& effective : registry->allow) {
        AllowEntry const& entry = effective.entry;
        if (!entry.deprecated.empty()) {
            continue;
        }
        bool const same_path =
            entry.kind == AllowEntry::Kind::WholeRegistry ||
            (entry.kind == AllowEntry::Kind::Repository ? entry.path == repository
                                                        : repository.starts_with(entry.path + '/'));
        if (same_path) {
            candidates.push_back(repository);  // right path, wrong host
        } else if (entry.kind == AllowEntry::Kind::Namespace) {
            candidates.push_back(entry.path + '/' + std::string(last_segment(repository)));
        } else if (last_segment(entry.path) == last_segment(repository)) {
            candidates.push_back(entry.path);
        }
    }
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    return candidates.size() == 1 ? with_tag(host + '/' + candidates.front(), image)
                                  : std::string();
}

std::string why_not(ImageReference const& image, Verdict const& verdict) {
    if (verdict.kind == Verdict::Kind::RegistryUnknown) {
        if (image.registry().empty()) {
            return '"' + printable(first_segment(image.written_path()), 128) +
                   "\" cannot be a registry's host";
        }
        std::string out = "registry " + printable(image.registry(), 128) + " is not allowed here";
        if (image.registry() == "docker.io" && !image.written().starts_with("docker.io/")) {
            out += " (an image without a registry is docker.io's)";
        }
        return out;
    }
    std::string const repository = image.repository();
    std::string const what = repository.find('/') == std::string::npos
                                 ? "repository \"" + repository
                                 : "registry namespace \"" + std::string(first_segment(repository));
    return what + "\" is not allowed here";
}

std::string image_text(Finding const& finding) {
    std::string out = printable(finding.understood.empty() ? finding.written : finding.understood,
                                image_bytes_max);
    if (finding.understood.empty()) {
        return '"' + out + '"';
    }
    // ":latest" alone is no misunderstanding worth a parenthesis.
    bool const same =
        finding.written == finding.understood || finding.written + ":latest" == finding.understood;
    if (!same) {
        out += " (written \"" + printable(finding.written, image_bytes_max) + "\")";
    }
    return out;
}

std::string detail_line(Finding const& finding) {
    std::string out = "  " + where(finding) + ": ";
    if (is_about_images(finding.reason)) {
        // explain() has the image in it already.
        out += finding.reason == Reason::Unparseable ? "" : image_text(finding) + ": ";
    }
    out += printable(finding.why, clause_bytes_max);
    if (!finding.suggestion.empty()) {
        out += "; did you mean " + printable(finding.suggestion, image_bytes_max) + '?';
    }
    return out;
}

/// RegistryTenancy "a", "b": names that stand in the namespace's RegistryGrant anyway.
std::string governed_by(MessageContext const& context) {
    if (context.policy == nullptr || context.policy->tenancies().empty()) {
        return {};
    }
    auto const& names = context.policy->tenancies();
    constexpr std::size_t names_shown_max = 2;
    std::string out = "; RegistryTenancy ";
    for (std::size_t i = 0; i < std::min(names.size(), names_shown_max); ++i) {
        out += (i == 0 ? "\"" : ", \"") + printable(names[i], name_bytes_max) + '"';
    }
    if (names.size() > names_shown_max) {
        out += " and " + std::to_string(names.size() - names_shown_max) + " more";
    }
    return out + ", enforcement " + std::string(name_of(context.policy->enforcement()));
}

std::string first_line(MessageContext const& context, std::span<Finding const> findings) {
    Reason const reason = findings.front().reason;
    auto const same = static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(),
                      [reason](Finding const& finding) { return finding.reason == reason; }));
    std::string out = '[' + std::string(text_of(reason).code) + "] ";
    if (findings.size() == 1) {
        // The whole story of the common case in the one line that Events and chat bots show.
        Finding const& finding = findings.front();
        out += where(finding) + ": ";
        if (is_about_images(reason) && reason != Reason::Unparseable) {
            out += image_text(finding) + ": ";
        }
        out += printable(finding.why, clause_bytes_max);
        return out + " (namespace " + printable(context.ns, name_bytes_max) + governed_by(context) +
               ')';
    }
    out += std::to_string(same);
    if (is_about_images(reason) && context.images_total >= same) {
        out += " of " + std::to_string(context.images_total);
    }
    out += ' ';
    out +=
        same == 1 && context.images_total <= 1 ? text_of(reason).singular : text_of(reason).plural;
    out += " (namespace " + printable(context.ns, name_bytes_max) + governed_by(context) + "): ";
    for (std::size_t i = 0; i < findings.size(); ++i) {
        out += (i == 0 ? "" : ", ") + where(findings[i]);
    }
    return out;
}

std::string allowed_line(MessageContext const& context) {
    if (context.policy == nullptr) {
        return {};
    }
    return "\n  allowed here: " + allowed_list(*context.policy, allowed_shown_max) +
           " (kubectl get registrygrant " + std::string(grant_name) + " -n " +
           printable(context.ns, name_bytes_max) + " -o yaml)";
}

/// The address of the page, or nothing where it is longer than `bytes_max`.
std::string address_within(NamespacePolicy const* policy, Reason reason, std::size_t bytes_max) {
    if (policy == nullptr) {
        return {};
    }
    std::string address = page_address(policy->docs_url(), reason);
    return address.size() <= bytes_max ? address : std::string();
}

/// Whom to ask and where to read on; the end of every denial.
std::string ask_line(MessageContext const& context, Reason reason) {
    if (context.policy == nullptr) {
        return {};
    }
    std::string const contact = printable(context.policy->contact(), 128);
    std::string const page = address_within(context.policy, reason, denial_address_bytes_max);
    if (contact.empty() && page.empty()) {
        return {};
    }
    return (contact.empty() ? "\n  read: " : "\n  ask: " + contact) +
           (contact.empty() || page.empty() ? "" : "; read: ") + page;
}

std::string capped(std::string text, std::size_t bytes_max) {
    if (text.size() > bytes_max) {
        text.resize(bytes_max - 3);
        text += "...";
    }
    return text;
}

}  // namespace

std::string_view code_of(Reason reason) {
    return text_of(reason).code;
}

std::string page_address(std::string_view docs_url, Reason reason) {
    constexpr std::string_view placeholder = "{code}";
    if (docs_url.empty()) {
        return {};
    }
    std::string out = printable(docs_url, docs_url.size() * 4);
    std::size_t const at = out.find(placeholder);
    if (at != std::string::npos) {
        return out.replace(at, placeholder.size(), code_of(reason));
    }
    out += out.ends_with('/') ? "" : "/";
    return out += code_of(reason);
}

Finding unparseable(std::string field, std::string name, std::string_view written,
                    ImageError error) {
    return {Reason::Unparseable,
            std::move(field),
            std::move(name),
            std::string(written),
            {},
            explain(error, written),
            {}};
}

Finding finding_of(std::string field, std::string name, ImageReference const& image,
                   Verdict const& verdict, NamespacePolicy const& policy) {
    Finding finding;
    finding.field = std::move(field);
    finding.name = std::move(name);
    finding.written = image.written();
    finding.understood = image.canonical();
    if (verdict.exception != nullptr) {
        finding.reason = Reason::Exception;
        finding.exception = verdict.exception->name;
        finding.why = "allowed only until " + format_rfc3339(verdict.exception->ends_at) +
                      ", by RegistryException \"" + printable(verdict.exception->name, 128) + '"';
        return finding;
    }
    if (verdict.allowed()) {
        finding.reason = Reason::Deprecated;
        finding.why = verdict.allow == nullptr ? "" : verdict.allow->entry.deprecated;
        return finding;
    }
    finding.why = why_not(image, verdict);
    finding.suggestion = suggestion_for(image, verdict, policy);
    return finding;
}

Finding no_tenancy(std::string field, std::string name, std::string_view written) {
    return {Reason::NoTenancy,
            std::move(field),
            std::move(name),
            std::string(written),
            {},
            "no RegistryTenancy governs this namespace, and this cluster refuses images there; a "
            "cluster admin can add the namespace to one",
            {}};
}

Finding foreign_secret(std::string field, std::string_view secret) {
    return {
        Reason::ForeignSecret,
        std::move(field),
        std::string(secret),
        {},
        {},
        "this pull Secret is not among those that the RegistryTenancy lists: remove it, or ask for "
        "it to be listed",
        {}};
}

Finding other_secret(std::string field, std::string_view secret) {
    return {Reason::OtherSecret,
            std::move(field),
            std::string(secret),
            {},
            {},
            "this pull Secret is not kept by registry-tenancy: nodes may offer it to registries, "
            "too; remove it where registry-tenancy suffices",
            {}};
}

Finding missing_secret(std::string field) {
    return {Reason::MissingSecret,
            std::move(field),
            {},
            {},
            {},
            "a Pod here needs imagePullSecrets: [{name: " + std::string(pull_secret_name) +
                "}], which is normally added for you: create the Pod again, or write it yourself",
            {}};
}

std::string render_denial(MessageContext const& context, std::span<Finding const> findings) {
    if (findings.empty()) {
        return "[" + std::string(code_of(Reason::PolicyUnavailable)) + "] refused";
    }
    // The end is kept whole; what stands before it is cut where it must be.
    std::string const end = ask_line(context, findings.front().reason);
    std::string const help = allowed_line(context);
    std::string out = capped(first_line(context, findings), denial_first_line_bytes_max);
    std::size_t shown = 0;
    for (auto const& finding : findings) {
        // A single finding stands in the first line already; only its suggestion is news.
        std::string line;
        if (findings.size() > 1) {
            line = detail_line(finding);
        } else if (!finding.suggestion.empty()) {
            line = "  did you mean " + printable(finding.suggestion, image_bytes_max) + '?';
        }
        constexpr std::size_t and_more_bytes = 24;
        bool const fits = out.size() + line.size() + help.size() + end.size() + and_more_bytes <=
                          denial_bytes_max;
        if (shown == findings_shown_max || (!fits && shown > 0)) {
            out += "\n  and " + std::to_string(findings.size() - shown) + " more";
            break;
        }
        if (!line.empty()) {
            out += '\n' + line;
        }
        ++shown;
    }
    return capped(out + help, denial_bytes_max - end.size()) + end;
}

std::string render_policy_unavailable(std::string_view ns, std::string_view detail,
                                      std::string_view docs_url) {
    std::string out = '[' + std::string(code_of(Reason::PolicyUnavailable)) +
                      "] images in namespace " + printable(ns, name_bytes_max) +
                      " cannot be judged now: " + printable(detail, clause_bytes_max) +
                      "; nothing is wrong with your object, try again shortly";
    out +=
        "\n  cluster admins: look at Deployment registry-tenancy-webhook in namespace "
        "registry-tenancy-system; to break glass: kubectl annotate validatingwebhookconfiguration "
        "registry-tenancy registrytenancy.dev/break-glass-until=TIME (RFC 3339, UTC)";
    std::string const page = page_address(docs_url, Reason::PolicyUnavailable);
    if (!page.empty() && page.size() <= denial_address_bytes_max) {
        out = capped(std::move(out), denial_bytes_max - page.size() - 9) + "\n  read: " + page;
    }
    return capped(std::move(out), denial_bytes_max);
}

std::string render_warning(MessageContext const& context, Finding const& finding) {
    std::string out(code_of(finding.reason));
    bool const would_deny = denies(finding.reason);
    if (would_deny) {
        out += " (not refused: enforcement ";
        out += context.policy == nullptr ? "Warn" : name_of(context.policy->enforcement());
        out += ')';
    }
    out += ": " + where(finding) + ": ";
    if (is_about_images(finding.reason) && finding.reason != Reason::Unparseable) {
        out +=
            printable(finding.understood.empty() ? finding.written : finding.understood, 96) + ": ";
    }
    out += printable(finding.why, clause_bytes_max);
    std::string page = address_within(context.policy, finding.reason, warning_address_bytes_max);
    if (page.empty()) {
        return capped(std::move(out), warning_bytes_max);
    }
    page.insert(0, "; read: ");
    return capped(std::move(out), warning_bytes_max - page.size()) + page;
}

std::vector<std::string> render_warnings(MessageContext const& context,
                                         std::span<Finding const> findings) {
    std::vector<std::string> warnings;
    for (auto const& finding : findings) {
        bool const last = warnings.size() + 1 == warnings_per_response_max;
        std::size_t const left = findings.size() - warnings.size();
        if (last && left > 1) {
            warnings.push_back(std::string(code_of(finding.reason)) + ": and " +
                               std::to_string(left) + " more");
            break;
        }
        warnings.push_back(render_warning(context, finding));
    }
    return warnings;
}

std::string allowed_list(NamespacePolicy const& policy, std::size_t entries_max) {
    std::string out;
    std::size_t shown = 0;
    std::size_t total = 0;
    for (auto const& registry : policy.registries()) {
        if (!registry.exists || registry.hosts.empty()) {
            continue;
        }
        std::size_t shown_here = 0;
        for (auto const& effective : registry.allow) {
            ++total;
            if (shown == entries_max) {
                continue;
            }
            // The host, not the Registry's name: this is what an image reference begins with.
            out += shown_here != 0 ? ", " : shown != 0 ? "; " : "";
            out += printable(registry.hosts.front() + '/' + effective.entry.display(), 128);
            ++shown;
            ++shown_here;
        }
    }
    if (total == 0) {
        return "nothing";
    }
    return total > shown ? out + ", and " + std::to_string(total - shown) + " more" : out;
}

}  // namespace rt::tenancy
