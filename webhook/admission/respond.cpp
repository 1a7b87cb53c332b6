#include "webhook/admission/respond.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "lib/base/digest.hpp"
#include "lib/base/text.hpp"
#include "lib/tenancy/judge.hpp"

namespace rt::webhook {
namespace {

using tenancy::Finding;
using tenancy::Reason;

constexpr std::size_t causes_max = 20;
constexpr std::size_t tenancies_shown_max = 16;
constexpr std::size_t images_annotation_bytes_max = 1024;
constexpr std::size_t resource_errors_shown_max = 32;

/// A JSON string. What is not printable ASCII was escaped by whoever made the text, except in uids.
void append_string(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    std::size_t plain = 0;  // where the run begins that needs no escape
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const byte = static_cast<unsigned char>(text[i]);
        bool const quoted = byte == '"' || byte == '\\';
        if (!quoted && byte >= 0x20 && byte != 0x7f) {
            continue;
        }
        out += text.substr(plain, i - plain);
        plain = i + 1;
        if (quoted) {
            out += '\\';
            out += text[i];
        } else {
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 0xFU];
        }
    }
    out += text.substr(plain);
    out += '"';
}

std::string begin(std::string_view uid, bool allowed) {
    std::string out;
    out.reserve(320);
    out += R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":)";
    append_string(out, uid);
    out += allowed ? R"(,"allowed":true)" : R"(,"allowed":false)";
    return out;
}

void append_warnings(std::string& out, std::span<std::string const> warnings) {
    if (warnings.empty()) {
        return;
    }
    out += R"(,"warnings":[)";
    bool first = true;
    for (std::string const& warning : warnings) {
        out += first ? "" : ",";
        append_string(out, printable(warning, tenancy::warning_bytes_max));
        first = false;
    }
    out += ']';
}

struct Cause {
    std::string_view reason;
    std::string message;
    std::string_view field;
};

void append_status(std::string& out, std::string_view message, std::span<Cause const> causes) {
    out += R"(,"status":{"metadata":{},"status":"Failure","message":)";
    append_string(out, message);
    out += R"(,"reason":"Forbidden","details":{"causes":[)";
    bool first = true;
    for (Cause const& cause : causes) {
        out += first ? R"({"reason":)" : R"(,{"reason":)";
        append_string(out, cause.reason);
        out += R"(,"message":)";
        append_string(out, cause.message);
        out += R"(,"field":)";
        append_string(out, cause.field);
        out += '}';
        first = false;
    }
    out += R"(]},"code":403})";
}

std::vector<Cause> causes_of(Decision const& decision) {
    std::vector<Cause> causes;
    for (Finding const& finding : decision.findings) {
        if (causes.size() == causes_max) {
            break;
        }
        if (tenancy::denies(finding.reason)) {
            causes.push_back(
                {tenancy::code_of(finding.reason), printable(finding.why, 512), finding.field});
        }
    }
    if (causes.empty() && decision.reason) {
        causes.push_back(
            {tenancy::code_of(*decision.reason), std::string(decision.unavailable), {}});
    }
    return causes;
}

/// The images that were found fault with, for the audit log: allowed ones stand in the object.
std::string images_of(Decision const& decision) {
    std::string out;
    for (Finding const& finding : decision.findings) {
        if (finding.written.empty()) {
            continue;
        }
        std::string const image =
            printable(finding.understood.empty() ? finding.written : finding.understood, 256);
        if (out.size() + image.size() + 8 > images_annotation_bytes_max) {
            out += ",...";
            break;
        }
        out += (out.empty() ? "" : ",") + image;
    }
    return out;
}

void append_tenancies(std::string& out, tenancy::NamespacePolicy const& policy) {
    out += R"(,"tenancies":")";
    std::size_t shown = 0;
    for (std::string const& name : policy.tenancies()) {
        if (shown == tenancies_shown_max) {
            out += ",...";
            break;
        }
        out += shown == 0 ? "" : ",";
        out += name;  // an object name: DNS subdomain characters only
        ++shown;
    }
    out += '"';
}

/// Names of the exceptions that the object needs, each once.
std::string exceptions_of(Decision const& decision) {
    std::vector<std::string_view> names;
    for (Finding const& finding : decision.findings) {
        if (!finding.exception.empty() &&
            std::find(names.begin(), names.end(), finding.exception) == names.end()) {
            names.emplace_back(finding.exception);
        }
    }
    std::string out;
    for (std::string_view const name : names) {
        if (out.size() + name.size() + 8 > images_annotation_bytes_max) {
            return out + ",...";
        }
        out += (out.empty() ? "" : ",") + printable(name, 253);
    }
    return out;
}

void append_annotations(std::string& out, Decision const& decision,
                        std::chrono::milliseconds snapshot_age) {
    out += R"(,"auditAnnotations":{"decision":")";
    out += name_of(decision.outcome);
    out += '"';
    if (decision.reason) {
        out += R"(,"reason":")";
        out += tenancy::code_of(*decision.reason);
        out += '"';
    }
    if (decision.rules != nullptr && decision.rules->policy) {
        append_tenancies(out, *decision.rules->policy);
    }
    if (std::string const exceptions = exceptions_of(decision); !exceptions.empty()) {
        out += R"(,"exceptions":)";
        append_string(out, exceptions);
    }
    if (std::string const images = images_of(decision); !images.empty()) {
        out += R"(,"images":)";
        append_string(out, images);
    }
    if (decision.grandfathered != 0) {
        out += R"(,"grandfathered":")" + std::to_string(decision.grandfathered) + '"';
    }
    out += R"(,"snapshotAgeMs":")";
    out += std::to_string(snapshot_age.count());
    out += R"("})";
}

tenancy::MessageContext context_of(Review const& review, Decision const& decision) {
    return {review.ns, decision.rules == nullptr ? nullptr : decision.rules->policy.get(),
            decision.images_total};
}

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

std::string with_more(std::string line, std::size_t findings) {
    return findings > 1 ? line + " (and " + std::to_string(findings - 1) + " more)" : line;
}

/// One for each reason: an exception that is used must be told even beside something worse.
std::vector<Note> notes_of(tenancy::MessageContext const& context,
                           std::span<Finding const> findings) {
    std::vector<Note> notes;
    for (Finding const& finding : findings) {
        auto const same = [&](auto const& one) { return one.reason == finding.reason; };
        if (std::none_of(notes.begin(), notes.end(), same)) {
            auto const count = std::count_if(findings.begin(), findings.end(), same);
            notes.push_back({finding.reason, with_more(tenancy::render_warning(context, finding),
                                                       static_cast<std::size_t>(count))});
        }
    }
    return notes;
}

}  // namespace

std::string respond_allowed(std::string_view uid) {
    std::string out = begin(uid, true);
    out += "}}";
    return out;
}

std::string respond_patch(std::string_view uid, std::string_view patch) {
    std::string out = begin(uid, true);
    if (!patch.empty()) {
        out += R"(,"patchType":"JSONPatch","patch":")";
        out += base64_encode(patch);
        out += '"';
    }
    out += "}}";
    return out;
}

Wording wording_of(Review const& review, Decision const& decision) {
    Wording wording;
    if (!decision.reason) {
        return wording;
    }
    auto const context = context_of(review, decision);
    if (decision.outcome == Outcome::Denied) {
        std::string_view const docs =
            context.policy == nullptr ? std::string_view() : context.policy->docs_url();
        wording.denial =
            *decision.reason == Reason::PolicyUnavailable
                ? tenancy::render_policy_unavailable(review.ns, decision.unavailable, docs)
                : tenancy::render_denial(context, decision.findings);
        Note note{*decision.reason, std::string(first_line(wording.denial))};
        std::string const page = tenancy::page_address(docs, *decision.reason);
        if (!page.empty() && page.size() <= tenancy::denial_address_bytes_max) {
            note.text += "; read: " + page;
        }
        wording.notes.push_back(std::move(note));
        return wording;
    }
    // A deprecation or an exception is told whatever the enforcement: its own purpose is to be
    // seen.
    auto const notices =
        std::find_if(decision.findings.begin(), decision.findings.end(),
                     [](Finding const& finding) { return !tenancy::denies(finding.reason); });
    auto const from = decision.outcome == Outcome::Audited ? notices : decision.findings.begin();
    wording.warnings = tenancy::render_warnings(context, {from, decision.findings.end()});
    wording.notes = notes_of(context, decision.findings);
    return wording;
}

std::string respond_decision(std::string_view uid, Decision const& decision, Wording const& wording,
                             std::chrono::milliseconds snapshot_age) {
    bool const denied =
        decision.outcome == Outcome::Denied || decision.outcome == Outcome::NamespaceUnknown;
    std::string out = begin(uid, !denied);
    if (denied) {
        append_status(out, wording.denial, causes_of(decision));
    }
    append_warnings(out, wording.warnings);
    append_annotations(out, decision, snapshot_age);
    out += "}}";
    return out;
}

std::string respond_resource(std::string_view uid, std::string_view kind, std::string_view name,
                             tenancy::FieldErrors const& errors,
                             std::vector<std::string> const& warnings) {
    std::string out = begin(uid, errors.empty());
    if (!errors.empty()) {
        std::string message =
            printable(kind, 64) + " \"" + printable(name, 253) + "\" cannot work as written:";
        std::vector<Cause> causes;
        for (auto const& error : errors) {
            if (causes.size() == resource_errors_shown_max) {
                message += "\n  and " + std::to_string(errors.size() - causes.size()) + " more";
                break;
            }
            std::string text = printable(error.message, 512);
            message += "\n  " + printable(error.pointer, 256) + ": " + text;
            causes.push_back({"FieldValueInvalid", std::move(text), error.pointer});
        }
        append_status(out, message, causes);
    }
    std::span<std::string const> shown(warnings);
    append_warnings(out, shown.first(std::min(shown.size(), tenancy::warnings_per_response_max)));
    out += "}}";
    return out;
}

}  // namespace rt::webhook
