#include "cli/report.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

constexpr std::array<std::pair<std::string_view, ReportFormat>, 5> formats{{
    {"text", ReportFormat::Text},
    {"json", ReportFormat::Json},
    {"sarif", ReportFormat::Sarif},
    {"junit", ReportFormat::Junit},
    {"github", ReportFormat::Github},
}};

constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view green = "\x1b[32m";

std::string coloured(std::string_view text, std::string_view colour, bool on) {
    return on ? std::string(colour) + std::string(text) + "\x1b[0m" : std::string(text);
}

std::string place_of(VerdictEntry const& entry) {
    std::string out = printable(entry.file, 512);
    return entry.line > 0 ? out + ':' + std::to_string(entry.line) : out;
}

std::string object_of(VerdictEntry const& entry) {
    return printable(entry.object.kind, 64) + ' ' + printable(entry.object.ns, 64) + '/' +
           printable(entry.object.name, 256);
}

/// Under a heading, by two columns.
std::string indented(std::string_view message) {
    std::string out;
    for (std::string_view const line : split(message, '\n')) {
        out += "  " + std::string(line) + '\n';
    }
    return out;
}

}  // namespace

std::optional<ReportFormat> report_format(std::string_view name) {
    auto const found = std::find_if(formats.begin(), formats.end(),
                                    [name](auto const& format) { return format.first == name; });
    return found == formats.end() ? std::nullopt : std::optional(found->second);
}

std::string text_report(Verdicts const& verdicts, bool colour) {
    std::string out;
    std::size_t denied = 0;
    std::size_t warned = 0;
    std::size_t unjudged = 0;
    for (VerdictEntry const& entry : verdicts.entries) {
        denied += !entry.allowed && entry.judged ? 1U : 0U;
        unjudged += entry.judged ? 0U : 1U;
        warned += entry.warned() ? 1U : 0U;
        if (entry.code.empty()) {
            continue;
        }
        std::string const word = !entry.judged   ? coloured("not judged", red, colour)
                                 : entry.allowed ? coloured("warning", yellow, colour)
                                                 : coloured("denied", red, colour);
        out += place_of(entry) + ": " + word + ": " + object_of(entry) + '\n' +
               indented(entry.message);
    }
    std::size_t const total = verdicts.entries.size();
    bool const fine = denied + unjudged == 0;
    std::string figures = counted(total, "image") + " in " + counted(verdicts.objects, "object") +
                          ": " + std::to_string(total - denied - unjudged) + " allowed";
    figures += warned > 0 ? " (" + std::to_string(warned) + " with a warning)" : "";
    figures += ", " + std::to_string(denied) + " denied";
    figures += unjudged > 0 ? ", " + std::to_string(unjudged) + " not judged" : "";
    return out + coloured(figures, fine ? green : red, colour) + '\n';
}

std::string github_report(Verdicts const& verdicts) {
    // https://docs.github.com/actions/reference/workflow-commands: data and properties are escaped
    // differently.
    auto const escape = [](std::string_view text, bool property) {
        std::string out;
        for (char const character : text) {
            switch (character) {
                case '%':
                    out += "%25";
                    break;
                case '\r':
                    out += "%0D";
                    break;
                case '\n':
                    out += "%0A";
                    break;
                case ':':
                    out += property ? "%3A" : ":";
                    break;
                case ',':
                    out += property ? "%2C" : ",";
                    break;
                default:
                    out += character;
            }
        }
        return out;
    };
    std::string out;
    for (VerdictEntry const& entry : verdicts.entries) {
        if (entry.code.empty()) {
            continue;
        }
        out += entry.allowed ? "::warning " : "::error ";
        if (entry.file != "-") {
            out += "file=" + escape(printable(entry.file, 512), true) + ',';
            out += entry.line > 0 ? "line=" + std::to_string(entry.line) + ',' : "";
        }
        out += "title=" + escape(entry.code + ' ' + object_of(entry), true) +
               "::" + escape(entry.message, false) + '\n';
    }
    return out;
}

std::string render_report(ReportFormat format, Verdicts const& verdicts, bool colour) {
    switch (format) {
        case ReportFormat::Json:
            return json_report(verdicts);
        case ReportFormat::Sarif:
            return sarif_report(verdicts);
        case ReportFormat::Junit:
            return junit_report(verdicts);
        case ReportFormat::Github:
            return github_report(verdicts);
        case ReportFormat::Text:
            break;
    }
    return text_report(verdicts, colour);
}

}  // namespace rt::cli
