#include <map>
#include <nlohmann/json.hpp>

#include "cli/report.hpp"
#include "lib/base/json.hpp"

namespace rt::cli {
namespace {

/// Members in the order in which people read them.
using Ordered = nlohmann::ordered_json;

std::string dump(Ordered const& value, int indent) {
    // Names and images may hold bytes that are no UTF-8.
    return value.dump(indent, ' ', false, Ordered::error_handler_t::replace);
}

Ordered json_of(VerdictEntry const& entry) {
    return {{"file", entry.file},
            {"object",
             {{"apiVersion", entry.object.api_version},
              {"kind", entry.object.kind},
              {"namespace", entry.object.ns},
              {"name", entry.object.name}}},
            {"path", entry.path},
            {"image", entry.image},
            {"verdict", entry.allowed ? "allow" : "deny"},
            {"code", entry.code},
            {"tenancies", entry.tenancies},
            {"message", entry.message}};
}

Ordered sarif_result(VerdictEntry const& entry) {
    Ordered location;
    if (entry.file != "-") {
        location["physicalLocation"]["artifactLocation"]["uri"] = entry.file;
        if (entry.line > 0) {
            location["physicalLocation"]["region"]["startLine"] = entry.line;
        }
    }
    location["logicalLocations"] =
        Ordered::array({{{"fullyQualifiedName", entry.object.kind + '/' + entry.object.ns + '/' +
                                                    entry.object.name + '/' + entry.path},
                         {"kind", "member"}}});
    return {{"ruleId", entry.code},
            {"level", entry.allowed ? "warning" : "error"},
            {"message", {{"text", entry.message}}},
            {"locations", Ordered::array({location})}};
}

std::string xml(std::string_view text) {
    std::string out;
    for (char const character : text) {
        switch (character) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\n':
                out += "&#10;";
                break;
            default: {
                // XML 1.0 has no way to write control bytes; ours never hold others but a tab.
                bool const writable = static_cast<unsigned char>(character) >= 0x20 &&
                                      static_cast<unsigned char>(character) < 0x7f;
                out += writable ? character : '?';
            }
        }
    }
    return out;
}

std::string test_case(VerdictEntry const& entry) {
    std::string const name = entry.object.kind + ' ' + entry.object.ns + '/' + entry.object.name +
                             ' ' + entry.path + (entry.image.empty() ? "" : ' ' + entry.image);
    std::string out =
        "    <testcase classname=\"" + xml(entry.file) + "\" name=\"" + xml(name) + "\" time=\"0\"";
    if (entry.code.empty()) {
        return out + "/>\n";
    }
    out += ">\n";
    if (entry.allowed) {
        out += "      <system-out>" + xml(entry.message) + "</system-out>\n";
    } else {
        std::string const element = entry.judged ? "failure" : "error";
        out += "      <" + element + " type=\"" + xml(entry.code) + "\" message=\"" +
               xml(entry.message.substr(0, entry.message.find('\n'))) + "\">" + xml(entry.message) +
               "</" + element + ">\n";
    }
    return out + "    </testcase>\n";
}

}  // namespace

std::string json_report(Verdicts const& verdicts) {
    Ordered list = Ordered::array();
    for (VerdictEntry const& entry : verdicts.entries) {
        list.push_back(json_of(entry));
    }
    return dump(list, 2) + '\n';
}

std::string sarif_report(Verdicts const& verdicts) {
    std::map<std::string, Ordered> rules;
    Ordered results = Ordered::array();
    for (VerdictEntry const& entry : verdicts.entries) {
        if (!entry.code.empty()) {
            rules.try_emplace(entry.code, Ordered{{"id", entry.code}, {"name", entry.code}});
            results.push_back(sarif_result(entry));
        }
    }
    Ordered rule_list = Ordered::array();
    for (auto const& [code, rule] : rules) {
        rule_list.push_back(rule);
    }
    Ordered const run = {
        {"tool",
         {{"driver",
           {{"name", "kubectl-tenancy"}, {"version", RT_VERSION}, {"rules", rule_list}}}}},
        {"results", results}};
    return dump({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                 {"version", "2.1.0"},
                 {"runs", Ordered::array({run})}},
                2) +
           '\n';
}

std::string junit_report(Verdicts const& verdicts) {
    std::map<std::string, std::vector<VerdictEntry const*>> by_file;
    for (VerdictEntry const& entry : verdicts.entries) {
        by_file[entry.file].push_back(&entry);
    }
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    for (auto const& [file, entries] : by_file) {
        std::size_t failures = 0;
        std::size_t errors = 0;
        for (auto const* const entry : entries) {
            failures += !entry->allowed && entry->judged ? 1U : 0U;
            errors += entry->judged ? 0U : 1U;
        }
        out += "  <testsuite name=\"" + xml(file) + "\" tests=\"" + std::to_string(entries.size()) +
               "\" failures=\"" + std::to_string(failures) + "\" errors=\"" +
               std::to_string(errors) + "\">\n";
        for (auto const* const entry : entries) {
            out += test_case(*entry);
        }
        out += "  </testsuite>\n";
    }
    return out + "</testsuites>\n";
}

}  // namespace rt::cli
