#include "lib/tenancy/settings.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "lib/base/file.hpp"
#include "lib/base/text.hpp"
#include "lib/base/yaml.hpp"
#include "lib/tenancy/field_reader.hpp"
#include "lib/tenancy/names.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::tenancy {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} * 1024 * 1024;
/// Each becomes a rule of the webhook configuration and a tree that reviews are read with.
constexpr std::size_t custom_kinds_max = 128;
/// More private endpoints than all clouds together have APIs that we call, in many regions.
constexpr std::size_t hosts_max = 256;
/// A check is two questions or more: these are 12,000 a minute, where a Premium registry of Azure
/// answers 10,000 and has pulls to serve besides.
constexpr int pull_checks_max = 100;

std::string line_of(YAML::Node const& node) {
    return node.Mark().is_null() ? std::string() : "line " + std::to_string(node.Mark().line + 1);
}

/// Reads the keys of one YAML mapping. The first error is kept and makes all later reads no-ops, so
/// that callers read straight on and ask once at the end.
class MappingReader {
  public:
    MappingReader(YAML::Node const& node, std::string path, std::optional<Error>& error)
        : node_(node), path_(std::move(path)), error_(error) {
        if (node_.IsDefined() && !node_.IsNull() && !node_.IsMap()) {
            fail_at(node_, path_.empty() ? "the file" : path_,
                    "is no mapping: write keys and values");
        }
    }

    YAML::Node child(std::string_view key) {
        known_.push_back(key);
        return node_.IsMap() ? node_[std::string(key)] : YAML::Node(YAML::NodeType::Undefined);
    }

    /// The scalar's text, nullopt where the key is absent, null or something else (reported).
    std::optional<std::string> scalar(std::string_view key) {
        YAML::Node const value = child(key);
        if (error_ || !value.IsDefined() || value.IsNull()) {
            return std::nullopt;
        }
        if (!value.IsScalar()) {
            fail_at(value, name(key), "is no single value: write one");
            return std::nullopt;
        }
        return value.Scalar();
    }

    void text(std::string_view key, std::string& target) {
        if (auto value = scalar(key)) {
            target = *std::move(value);
        }
    }

    template <class Number>
    void number(std::string_view key, Number& target, std::int64_t min, std::int64_t max) {
        auto const value = scalar(key);
        if (!value) {
            return;
        }
        std::int64_t parsed = 0;
        auto const [end, code] =
            std::from_chars(value->data(), value->data() + value->size(), parsed);
        if (code != std::errc() || end != value->data() + value->size() || parsed < min ||
            parsed > max) {
            fail_value(key, *value,
                       "is no whole number from " + std::to_string(min) + " to " +
                           std::to_string(max) + ": correct it");
            return;
        }
        target = static_cast<Number>(parsed);
    }

    void seconds(std::string_view key, std::chrono::seconds& target, std::int64_t min,
                 std::int64_t max) {
        std::int64_t count = target.count();
        number(key, count, min, max);
        target = std::chrono::seconds(count);
    }

    /// A number from 0.01 to `max`, or 0 where that `means` something.
    void per_second(std::string_view key, double& target, int max, std::string_view means = {}) {
        auto const value = scalar(key);
        if (!value) {
            return;
        }
        // Slower than that, nothing would ever come about.
        constexpr double min = 0.01;
        double parsed = 0;
        auto const [end, code] =
            std::from_chars(value->data(), value->data() + value->size(), parsed);
        bool const read = code == std::errc() && end == value->data() + value->size();
        // Written so that NaN is refused, too.
        if (!read || !((parsed >= min && parsed <= max) || (parsed == 0 && !means.empty()))) {
            fail_value(key, *value,
                       "is no number from 0.01 to " + std::to_string(max) +
                           (means.empty() ? "" : " or 0 (" + std::string(means) + ")") +
                           ": correct it");
            return;
        }
        target = parsed;
    }

    /// An index into `choices`.
    std::optional<std::size_t> choice(std::string_view key,
                                      std::span<std::string_view const> choices) {
        auto const value = scalar(key);
        if (!value) {
            return std::nullopt;
        }
        auto const found = std::find(choices.begin(), choices.end(), *value);
        if (found != choices.end()) {
            return static_cast<std::size_t>(found - choices.begin());
        }
        std::string known;
        for (auto const& one : choices) {
            known += (known.empty() ? "" : ", ") + std::string(one);
        }
        fail_value(key, *value, "is unknown: write one of " + known);
        return std::nullopt;
    }

    void texts(std::string_view key, std::vector<std::string>& target) {
        YAML::Node const list = child(key);
        if (error_ || !list.IsDefined() || list.IsNull()) {
            return;
        }
        if (!list.IsSequence()) {
            fail_at(list, name(key), "is no list: write a list, for example [a, b]");
            return;
        }
        target.clear();
        for (auto const& item : list) {
            if (!item.IsScalar() || item.Scalar().empty()) {
                fail_at(item, name(key), "has an entry that is no text: write a string");
                return;
            }
            target.push_back(item.Scalar());
        }
    }

    /// A mapping of group/resource to one path or a list of them; [] switches a shipped kind off.
    void custom_kinds(std::string_view key, CustomKinds& target) {
        YAML::Node const kinds = child(key);
        if (error_ || !kinds.IsDefined() || kinds.IsNull()) {
            return;
        }
        if (!kinds.IsMap()) {
            fail_at(kinds, name(key), "is no mapping: write argoproj.io/rollouts: spec.template");
            return;
        }
        if (kinds.size() > custom_kinds_max) {
            fail_at(kinds, name(key),
                    "has " + std::to_string(kinds.size()) +
                        " kinds: " + std::to_string(custom_kinds_max) + " are the most");
            return;
        }
        std::vector<std::string> seen;
        for (auto const& item : kinds) {
            std::string const kind = item.first.IsScalar() ? item.first.Scalar() : std::string("?");
            if (std::find(seen.begin(), seen.end(), kind) != seen.end()) {
                fail_at(item.first, name(key), in_quotes(kind) + " stands here twice: remove one");
            }
            seen.push_back(kind);
            custom_kind(item.first, kind, item.second, name(key), target);
        }
    }

    /// A mapping of host names to host[:port].
    void hosts(std::string_view key, std::map<std::string, std::string, std::less<>>& target) {
        YAML::Node const hosts = child(key);
        if (error_ || !hosts.IsDefined() || hosts.IsNull()) {
            return;
        }
        if (!hosts.IsMap() || hosts.size() > hosts_max) {
            fail_at(hosts, name(key),
                    "is no mapping of at most " + std::to_string(hosts_max) +
                        " hosts: write sts.eu-central-1.amazonaws.com: HOST[:PORT]");
            return;
        }
        for (auto const& item : hosts) {
            std::string const from = item.first.IsScalar() ? item.first.Scalar() : std::string("?");
            std::string const to = item.second.IsScalar() ? item.second.Scalar() : std::string("?");
            if (!RegistryHost::parse(from) || from.find(':') != std::string::npos) {
                fail_at(item.first, name(key),
                        in_quotes(from) + " is no host name: lower case, without port and path");
            } else if (!RegistryHost::parse(to)) {
                fail_at(
                    item.second, name(key) + '.' + from,
                    in_quotes(to) + " is no HOST[:PORT]: lower case, without https:// and path");
            } else if (!target.emplace(from, to).second) {
                fail_at(item.first, name(key), in_quotes(from) + " stands here twice: remove one");
            }
        }
    }

    void absolute_path(std::string_view key, std::string& target, bool may_be_empty) {
        text(key, target);
        if (!(target.empty() && may_be_empty) && !target.starts_with('/')) {
            fail_value(key, target, "is no absolute path: begin with /");
        }
    }

    void refuse_unknown() {
        if (error_ || !node_.IsMap()) {
            return;
        }
        std::vector<std::string> seen;
        for (auto const& item : node_) {
            std::string const key = item.first.IsScalar() ? item.first.Scalar() : std::string("?");
            if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
                std::string_view const meant = nearest(key, known_);
                fail_at(item.first, name(key),
                        meant.empty()
                            ? "is no known key: known here are " + all_known()
                            : "is no known key: did you mean " + std::string(meant) + "?");
                return;
            }
            if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
                fail_at(item.first, name(key), "stands here twice: remove one");
                return;
            }
            seen.push_back(key);
        }
    }

    void fail_value(std::string_view key, std::string_view value, std::string const& what) {
        fail_at(node_.IsMap() ? node_[std::string(key)] : node_, name(key),
                in_quotes(value) + ' ' + what);
    }

    [[nodiscard]] std::string name(std::string_view key) const {
        return (path_.empty() ? "" : path_ + '.') + printable(key, 64);
    }

  private:
    void custom_kind(YAML::Node const& at, std::string const& kind, YAML::Node const& value,
                     std::string const& where, CustomKinds& target) {
        std::vector<std::string> paths;
        bool readable = value.IsScalar() || value.IsSequence();
        if (value.IsScalar()) {
            paths.push_back(value.Scalar());
        }
        for (auto const& item : value.IsSequence() ? value : YAML::Node()) {
            readable = readable && item.IsScalar();
            paths.push_back(item.IsScalar() ? item.Scalar() : std::string());
        }
        if (!readable) {
            fail_at(at, where,
                    in_quotes(kind) +
                        " has no path: write one like spec.template, a list of them, "
                        "or [] where the kind is not to be judged");
            return;
        }
        auto parsed = CustomKind::parse(kind, paths);
        if (!parsed) {
            fail_at(at, where, parsed.error().message);
            return;
        }
        put_custom_kind(target, *std::move(parsed));
    }

    void fail_at(YAML::Node const& node, std::string const& where, std::string const& what) {
        if (error_) {
            return;
        }
        std::string const line = node.IsDefined() ? line_of(node) : std::string();
        error_ = invalid_argument((line.empty() ? "" : line + ": ") + where + ' ' + what);
    }

    [[nodiscard]] std::string all_known() const {
        std::string out;
        for (auto const& key : known_) {
            out += (out.empty() ? "" : ", ") + std::string(key);
        }
        return out;
    }

    YAML::Node node_;
    std::string path_;
    std::optional<Error>& error_;
    std::vector<std::string_view> known_;
};

void read_limits(YAML::Node const& node, ServerLimitSettings& limits, std::optional<Error>& error) {
    constexpr std::int64_t kibibyte = 1024;
    constexpr std::int64_t mebibyte = 1024 * kibibyte;
    constexpr std::int64_t gibibyte = 1024 * mebibyte;
    MappingReader reader(node, "webhook.limits", error);
    reader.number("bodyBytesMax", limits.body_bytes_max, 64 * kibibyte, gibibyte);
    reader.number("bodyBytesInFlightMax", limits.body_bytes_in_flight_max, 64 * kibibyte,
                  16 * gibibyte);
    reader.number("connectionsMax", limits.connections_max, 1, 1'000'000);
    reader.number("connectionsPerPeerMax", limits.connections_per_peer_max, 1, 1'000'000);
    reader.number("suspendedMax", limits.suspended_max, 1, 1'000'000);
    reader.refuse_unknown();
    if (!error && limits.body_bytes_in_flight_max < limits.body_bytes_max) {
        reader.fail_value("bodyBytesInFlightMax", std::to_string(limits.body_bytes_in_flight_max),
                          "is less than bodyBytesMax, so that a large request could never be read: "
                          "raise it");
    }
}

void read_webhook(YAML::Node const& node, WebhookSettings& webhook, std::optional<Error>& error) {
    MappingReader reader(node, "webhook", error);
    reader.number("port", webhook.port, 1, 65535);
    reader.number("adminPort", webhook.admin_port, 1, 65535);
    reader.number("threads", webhook.threads, 1, 256);
    reader.absolute_path("certificateDirectory", webhook.certificate_directory, false);
    reader.absolute_path("clientCAFile", webhook.client_ca_file, true);
    reader.texts("clientSubjects", webhook.client_subjects);
    // The API server takes 1 to 30; a decision for an unknown namespace may use half of it.
    reader.seconds("timeoutSeconds", webhook.timeout, 1, 30);
    reader.seconds("stalenessMaxSeconds", webhook.staleness_max, 10, 3600);
    reader.seconds("drainSeconds", webhook.drain, 0, 300);
    read_limits(reader.child("limits"), webhook.limits, error);
    reader.refuse_unknown();
    if (!error && webhook.port == webhook.admin_port) {
        reader.fail_value("adminPort", std::to_string(webhook.admin_port),
                          "is the same as port: choose another one");
    }
}

void read_operator(YAML::Node const& node, OperatorSettings& op, std::optional<Error>& error) {
    constexpr std::array<std::string_view, 2> certificate_names{"Managed", "External"};
    MappingReader reader(node, "operator", error);
    reader.number("adminPort", op.admin_port, 1, 65535);
    reader.number("workers", op.workers, 1, 256);
    if (auto const index = reader.choice("servingCertificate", certificate_names)) {
        op.serving_certificate = static_cast<OperatorSettings::ServingCertificate>(*index);
    }
    reader.per_second("mintsPerSecond", op.mints_per_second, 10'000);
    reader.number("mintBurst", op.mint_burst, 1, 100'000);
    reader.number("driftMintsPerHour", op.drift_mints_per_hour, 1, 3600);
    reader.per_second("pullChecksPerSecond", op.pull_checks_per_second, pull_checks_max,
                      "no checks");
    constexpr std::array<std::string_view, 2> waiting_names{"Tell", "Evict"};
    if (auto const index = reader.choice("waitingPods", waiting_names)) {
        op.waiting_pods = static_cast<OperatorSettings::WaitingPods>(*index);
    }
    reader.hosts("connectTo", op.connect_to);
    reader.refuse_unknown();
}

void read_settings(YAML::Node const& document, Settings& settings, std::optional<Error>& error) {
    constexpr std::array<std::string_view, 2> unmanaged_names{"Allow", "Deny"};
    constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn",
                                                          "error"};
    MappingReader reader(document, "", error);
    reader.text("clusterName", settings.cluster_name);
    // It becomes part of roles and external IDs; this is what all of them may contain.
    if (!std::all_of(settings.cluster_name.begin(), settings.cluster_name.end(),
                     [](char character) {
                         return (character >= 'a' && character <= 'z') ||
                                (character >= 'A' && character <= 'Z') ||
                                (character >= '0' && character <= '9') || character == '.' ||
                                character == '-' || character == '_';
                     }) ||
        settings.cluster_name.size() > 64) {
        reader.fail_value("clusterName", settings.cluster_name,
                          "is no cluster name: at most 64 letters, digits and . - _");
    }
    if (auto const index = reader.choice("unmanagedNamespaces", unmanaged_names)) {
        settings.unmanaged_namespaces = static_cast<UnmanagedNamespaces>(*index);
    }
    reader.texts("excludedNamespaces", settings.excluded_namespaces);
    for (auto const& ns : settings.excluded_namespaces) {
        if (!is_dns_label(ns)) {
            reader.fail_value("excludedNamespaces", ns,
                              "is no namespace name: lower-case letters, "
                              "digits and - only, no wildcards");
        }
    }
    reader.custom_kinds("podTemplatePaths", settings.custom_kinds);
    reader.seconds("graceSeconds", settings.grace, 5, 3600);
    std::int64_t exception_days = settings.exception_life_max.count() / 24;
    reader.number("exceptionDaysMax", exception_days, 1, 3650);
    settings.exception_life_max = std::chrono::hours(24 * exception_days);
    reader.absolute_path("caBundleDirectory", settings.ca_bundle_directory, false);
    reader.text("productNamespace", settings.product_namespace);
    if (!is_dns_label(settings.product_namespace)) {
        reader.fail_value("productNamespace", settings.product_namespace, "is no namespace name");
    }
    if (auto const index = reader.choice("logLevel", level_names)) {
        settings.log_level = level_names[*index];
    }
    read_webhook(reader.child("webhook"), settings.webhook, error);
    read_operator(reader.child("operator"), settings.op, error);
    reader.refuse_unknown();
}

}  // namespace

Result<Settings> Settings::parse(std::string_view yaml) {
    if (auto const line = yaml_standstill(yaml)) {
        return fail(
            invalid_argument("line " + std::to_string(*line) + ": not YAML: no value begins here"));
    }
    try {
        auto const documents = YAML::LoadAll(std::string(yaml));
        if (documents.size() > 1) {
            return fail(invalid_argument("there are several YAML documents: write one"));
        }
        Settings settings;
        std::optional<Error> error;
        read_settings(documents.empty() ? YAML::Node() : documents.front(), settings, error);
        if (error) {
            return fail(*std::move(error));
        }
        return settings;
    } catch (YAML::Exception const& exception) {
        std::string const line = exception.mark.is_null()
                                     ? ""
                                     : "line " + std::to_string(exception.mark.line + 1) + ": ";
        return fail(invalid_argument(line + "not YAML: " + printable(exception.msg, 200)));
    }
}

Result<Settings> Settings::load(std::string const& path) {
    RT_TRY(auto text, read_file(path, file_bytes_max));
    auto settings = parse(text);
    if (!settings) {
        return fail(settings.error().with_context(path));
    }
    return settings;
}

bool Settings::excluded(std::string_view ns) const {
    return ns == "kube-system" || ns == product_namespace ||
           std::find(excluded_namespaces.begin(), excluded_namespaces.end(), ns) !=
               excluded_namespaces.end();
}

}  // namespace rt::tenancy
