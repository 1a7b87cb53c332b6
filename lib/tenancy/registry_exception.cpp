#include "lib/tenancy/registry_exception.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "lib/base/time.hpp"
#include "lib/tenancy/allow_reader.hpp"
#include "lib/tenancy/field_reader.hpp"

namespace rt::tenancy {
namespace {

constexpr std::size_t namespaces_max = 64;
constexpr std::size_t images_max = 64;
constexpr std::size_t name_characters_max = 253;
constexpr std::size_t host_characters_max = 261;
constexpr std::size_t digest_characters = 71;  // sha256: and 64 hexadecimal digits
constexpr std::size_t text_characters_max = 256;
constexpr std::size_t reason_characters_max = 1024;

bool is_digest(std::string_view text) {
    constexpr std::string_view algorithm = "sha256:";
    return text.size() == digest_characters && text.starts_with(algorithm) &&
           text.find_first_not_of("0123456789abcdef", algorithm.size()) == std::string_view::npos;
}

/// `registry` or `host`; false where neither names a source (reported).
bool read_source(ExceptionImage& image, FieldReader& reader, FieldErrors& errors) {
    bool const by_registry = reader.member("registry") != nullptr;
    bool const by_host = reader.member("host") != nullptr;
    std::string const registry = reader.text("registry", name_characters_max);
    std::string const host = reader.text("host", host_characters_max);
    if (by_registry == by_host) {
        if (reader.present()) {
            errors.push_back({reader.pointer(),
                              by_host ? "has both registry " + in_quotes(registry) + " and host " +
                                            in_quotes(host) +
                                            ": keep one, and write the other as an entry of its own"
                                      : "has neither registry nor host: set one of them"});
        }
        return false;
    }
    if (by_registry) {
        if (registry.empty()) {
            return false;
        }
        if (!is_dns_subdomain(registry)) {
            reader.report("registry", in_quotes(registry) +
                                          " is no object name: write the name of a Registry as "
                                          "kubectl get registries shows it (or use host)");
            return false;
        }
        image.registry = registry;
        return true;
    }
    if (host.empty()) {
        return false;
    }
    if (host != any_host) {
        if (auto const parsed = RegistryHost::parse(host); !parsed) {
            reader.report("host", parsed.error().message);
            return false;
        }
    }
    image.host = host;
    return true;
}

std::optional<ExceptionImage> read_image(Json const& value, std::string const& pointer,
                                         FieldErrors& errors) {
    FieldReader reader(&value, pointer, errors);
    ExceptionImage image;
    std::size_t const errors_before = errors.size();
    bool const has_source = read_source(image, reader, errors);
    auto entry = read_allow_path(reader, errors);
    image.digest = reader.text("digest", digest_characters);
    if (!image.digest.empty()) {
        if (!is_digest(image.digest)) {
            reader.report("digest", in_quotes(image.digest) +
                                        " is no digest: write sha256: and 64 hexadecimal digits "
                                        "in lower case");
        } else if (entry && entry->kind != AllowEntry::Kind::Repository) {
            reader.report("digest",
                          "must only be set together with repository, because a digest belongs to "
                          "one image: name the repository, or remove digest");
        }
    }
    if (image.host == any_host && entry && entry->kind != AllowEntry::Kind::WholeRegistry) {
        errors.push_back({pointer,
                          "allows a part of every host, which no host means: write namespace: "
                          "\"*\" with host: \"*\", or name the host"});
    }
    reader.refuse_unknown();
    if (!has_source || !entry || errors.size() != errors_before) {
        return std::nullopt;
    }
    image.entry = *std::move(entry);
    return image;
}

void read_namespaces(RegistryException& exception, FieldReader& spec, FieldErrors& errors) {
    Json const* const list = spec.required("namespaces", "list at least one cluster namespace");
    if (list != nullptr && list->is_array() && list->empty()) {
        spec.report("namespaces", "is empty: list at least one cluster namespace");
    }
    auto names = spec.set_of_text("namespaces", namespaces_max, 63);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) {
            continue;  // reported by the reader
        }
        if (is_dns_label(names[i])) {
            exception.namespaces.push_back(std::move(names[i]));
        } else {
            errors.push_back({json_pointer(spec.pointer_to("namespaces"), i),
                              in_quotes(names[i]) +
                                  " is no namespace name: lower-case letters, digits and - only, "
                                  "no wildcards; an exception names its namespaces one by one"});
        }
    }
}

void read_images(RegistryException& exception, FieldReader& spec, FieldErrors& errors) {
    Json const* const list = spec.required("images", "list what may be pulled, at least one entry");
    if (list != nullptr && list->is_array() && list->empty()) {
        spec.report("images", "is empty: list what may be pulled, at least one entry");
    }
    std::size_t index = 0;
    for (Json const* const item : spec.items("images", images_max)) {
        if (auto image =
                read_image(*item, json_pointer(spec.pointer_to("images"), index++), errors)) {
            exception.images.push_back(*std::move(image));
        }
    }
}

Json to_json(ExceptionImage const& image) {
    Json out = to_json(image.entry);
    out[image.registry.empty() ? "host" : "registry"] =
        image.registry.empty() ? image.host : image.registry;
    if (!image.digest.empty()) {
        out["digest"] = image.digest;
    }
    return out;
}

}  // namespace

std::string ExceptionImage::display() const {
    std::string path = entry.display() + (digest.empty() ? std::string() : '@' + digest);
    if (host == any_host) {
        return path;
    }
    return (registry.empty() ? host : registry) + ": " + path;
}

Parsed<RegistryException> RegistryException::parse(Json const& object) {
    FieldErrors errors;
    RegistryException exception;
    exception.meta = kube::meta_of(object);
    if (find(object, "spec") == nullptr) {
        errors.push_back({"/spec", "is required: add namespaces, images, reason and expiresAt"});
        return tl::unexpected(std::move(errors));
    }
    FieldReader spec(find(object, "spec"), "/spec", errors);
    read_namespaces(exception, spec, errors);
    read_images(exception, spec, errors);
    exception.tenancy = spec.text("tenancy", name_characters_max);
    if (!exception.tenancy.empty() && !is_dns_subdomain(exception.tenancy)) {
        spec.report("tenancy", in_quotes(exception.tenancy) +
                                   " is no object name: write the name of a RegistryTenancy as "
                                   "kubectl get registrytenancies shows it");
    }
    exception.reason = spec.required_text("reason", reason_characters_max,
                                          "say why, for whoever meets the exception later");
    std::string const expires_at =
        spec.required_text("expiresAt", 64, "say when it ends, for example 2026-12-01T00:00:00Z");
    if (!expires_at.empty()) {
        if (auto parsed = parse_rfc3339(expires_at)) {
            exception.expires_at = *parsed;
        } else {
            spec.report("expiresAt", in_quotes(expires_at) +
                                         " is no time in RFC 3339: write it like "
                                         "2026-12-01T00:00:00Z");
        }
    }
    exception.ticket = spec.line("ticket", text_characters_max);
    exception.approver = spec.line("approver", text_characters_max);
    spec.refuse_unknown();
    if (!errors.empty()) {
        return tl::unexpected(std::move(errors));
    }
    return exception;
}

Json RegistryException::spec_json() const {
    Json spec = {{"namespaces", namespaces},
                 {"images", Json::array()},
                 {"reason", reason},
                 {"expiresAt", format_rfc3339(expires_at)}};
    for (auto const& image : images) {
        spec["images"].push_back(to_json(image));
    }
    if (!tenancy.empty()) {
        spec["tenancy"] = tenancy;
    }
    if (!ticket.empty()) {
        spec["ticket"] = ticket;
    }
    if (!approver.empty()) {
        spec["approver"] = approver;
    }
    return spec;
}

WallTime RegistryException::ends_at(std::chrono::seconds longest_life) const {
    return meta.creation_timestamp ? std::min(expires_at, *meta.creation_timestamp + longest_life)
                                   : expires_at;
}

bool RegistryException::applies_to(std::string_view ns) const {
    return std::find(namespaces.begin(), namespaces.end(), ns) != namespaces.end();
}

}  // namespace rt::tenancy
