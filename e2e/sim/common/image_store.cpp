#include "e2e/sim/common/image_store.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::uintmax_t blob_bytes_at_most = std::uintmax_t{64} << 20;  // test images are small

bool made_of(std::string_view text, std::string_view marks) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::optional<std::string> content(std::string const& path) {
    std::error_code none;
    auto const size = std::filesystem::file_size(path, none);
    if (none || size > blob_bytes_at_most) {
        return std::nullopt;
    }
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

/// The digest behind a tag or digest of this very repository; empty where there is none.
std::string digest_of(std::string const& storage, Wanted const& wanted) {
    std::string const base =
        storage + "/docker/registry/v2/repositories/" + wanted.repository + "/";
    if (wanted.reference.compare(0, 7, "sha256:") != 0) {
        return trim(
            content(base + "_manifests/tags/" + wanted.reference + "/current/link").value_or(""));
    }
    std::string const hex = wanted.reference.substr(7);
    std::string const link =
        wanted.manifest ? "_manifests/revisions/sha256/" + hex : "_layers/sha256/" + hex;
    return trim(content(base + link + "/link").value_or(""));
}

}  // namespace

std::optional<Wanted> parse_pull_path(std::string const& path) {
    for (std::string const kind : {"/manifests/", "/blobs/"}) {
        std::size_t const at = path.rfind(kind);
        if (at == std::string::npos || path.compare(0, 4, "/v2/") != 0 || at <= 4) {
            continue;
        }
        Wanted wanted{path.substr(4, at - 4), kind == "/manifests/", path.substr(at + kind.size())};
        // No way out of the folder: names have no empty or dotted segments.
        bool const proper = made_of(wanted.repository, "/._-") &&
                            wanted.repository.find("..") == std::string::npos &&
                            made_of(wanted.reference, "._:-") &&
                            wanted.reference.find("..") == std::string::npos;
        return proper ? std::optional<Wanted>(wanted) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<Stored> find_stored(std::string const& storage, Wanted const& wanted) {
    Stored stored;
    stored.digest = digest_of(storage, wanted);
    if (stored.digest.size() <= 7) {
        return std::nullopt;
    }
    std::string const hex = stored.digest.substr(7);
    auto body = content(storage + "/docker/registry/v2/blobs/sha256/" + hex.substr(0, 2) + "/" +
                        hex + "/data");
    if (!body) {
        return std::nullopt;
    }
    stored.content_type = wanted.manifest ? value::parse(*body).at("mediaType").as_string()
                                          : "application/octet-stream";
    stored.body = std::move(*body);
    return stored;
}

Response registry_error(CloudError const& error) {
    value entry = value::object(true);
    entry["code"] = value::string(error.code);
    entry["message"] = value::string(error.message);
    value body = value::object();
    body["errors"] = value::array({entry});
    Response response;
    response.status = error.http;
    response.content_type = "application/json";
    response.body = body.serialize();
    return response;
}

}  // namespace sim
