#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/verdicts.hpp"

namespace rt::cli {

enum class ReportFormat { Text, Json, Sarif, Junit, Github };
/// "text", "json", "sarif", "junit", "github".
[[nodiscard]] std::optional<ReportFormat> report_format(std::string_view name);

/// For people: what is denied or warned about, and one line of figures.
[[nodiscard]] std::string text_report(Verdicts const& verdicts, bool colour);
/// One list, an entry for each image.
[[nodiscard]] std::string json_report(Verdicts const& verdicts);
/// SARIF 2.1.0 (OASIS), as code scanning services take it: a result for each denial and warning.
[[nodiscard]] std::string sarif_report(Verdicts const& verdicts);
/// JUnit XML: a suite for each file, a test case for each image.
[[nodiscard]] std::string junit_report(Verdicts const& verdicts);
/// GitHub Actions workflow commands: ::error and ::warning lines.
[[nodiscard]] std::string github_report(Verdicts const& verdicts);

[[nodiscard]] std::string render_report(ReportFormat format, Verdicts const& verdicts, bool colour);

}  // namespace rt::cli
