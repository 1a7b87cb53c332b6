#include "cli/manifests.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/yaml_documents.hpp"
#include "lib/base/file.hpp"
#include "lib/base/text.hpp"

namespace rt::cli {
namespace {

namespace fs = std::filesystem;

/// The output of a large `helm template` has a few megabytes.
constexpr std::size_t file_bytes_max = std::size_t{64} * 1024 * 1024;
/// A monorepo of manifests has some ten thousand; more is a folder given by mistake, such as "/".
constexpr std::size_t files_max = 200'000;
/// A List in a List is legal and pointless.
constexpr int list_depth_max = 4;

bool is_manifest_name(fs::path const& path) {
    auto const extension = path.extension();
    return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

class Reader {
  public:
    explicit Reader(Environment& env) : env_(env) {}

    void add_path(std::string const& path, bool recursive) {
        if (path == "-") {
            add_input();
            return;
        }
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            add_file(path, true);
            return;
        }
        std::vector<std::string> const files = files_in(path, recursive);
        if (files.empty()) {
            problem(path, recursive ? "holds no *.yaml, *.yml or *.json file: name another folder"
                                    : "holds no *.yaml, *.yml or *.json file: add -R to look into "
                                      "its folders, or name another one");
        }
        for (std::string const& file : files) {
            add_file(file, false);
        }
    }

    void add_kustomization(std::string const& folder) {
        auto const rendered = env_.run_program({"kubectl", "kustomize", folder});
        if (!rendered) {
            problem(folder, "kubectl kustomize: " + rendered.error().message);
            return;
        }
        add_text(folder, *rendered, true);
    }

    Manifests take() && { return std::move(result_); }

  private:
    void problem(std::string const& place, std::string const& what) {
        result_.problems.push_back(place + ": " + what);
    }

    std::vector<std::string> files_in(std::string const& folder, bool recursive) {
        std::vector<std::string> files;
        std::error_code error;
        auto const take = [&](fs::directory_entry const& entry) {
            std::error_code ignored;
            if (entry.is_regular_file(ignored) && is_manifest_name(entry.path())) {
                files.push_back(entry.path().string());
            }
            return files.size() < files_max;
        };
        if (recursive) {
            for (fs::recursive_directory_iterator at(folder, error), end; at != end && !error;
                 at.increment(error)) {
                if (!take(*at)) {
                    problem(folder, "holds over 200,000 files: name a narrower folder");
                    break;
                }
            }
        } else {
            for (fs::directory_iterator at(folder, error), end; at != end && !error;
                 at.increment(error)) {
                if (!take(*at)) {
                    problem(folder, "holds over 200,000 files: name a narrower folder");
                    break;
                }
            }
        }
        if (error) {
            problem(folder, "cannot be listed (" + error.message() + "): check its permissions");
        }
        std::sort(files.begin(), files.end());
        return files;
    }

    void add_input() {
        std::string text;
        std::array<char, 65536> chunk{};
        while (std::size_t const count = std::fread(chunk.data(), 1, chunk.size(), env_.in)) {
            text.append(chunk.data(), count);
            if (text.size() > file_bytes_max) {
                problem("-", "is over 64 MiB: give it in parts");
                return;
            }
        }
        add_text("-", text, true);
    }

    void add_file(std::string const& path, bool named) {
        auto const text = read_file(path, file_bytes_max);
        if (!text) {
            result_.problems.push_back(text.error().message + ": name a file that can be read");
            return;
        }
        add_text(path, *text, named);
    }

    void add_text(std::string const& place, std::string_view text, bool named) {
        auto documents = read_yaml(text);
        if (!documents) {
            problem(place, documents.error().message);
            return;
        }
        for (YamlDocument& document : *documents) {
            add_object({place, document.line, std::move(document.value), std::move(document.lines)},
                       named, 0);
        }
    }

    void add_object(Document document, bool named, int depth) {
        std::string const kind = string_at(document.object(), "kind");
        bool const list = kind.ends_with("List") && find(document.object(), "items") != nullptr;
        if (list && (*document.json)["items"].is_array() && depth < list_depth_max) {
            add_items(std::move(document), named, depth);
            return;
        }
        if (kind.empty() || string_at(document.object(), "apiVersion").empty()) {
            if (named) {
                problem(document.file, "line " + std::to_string(document.line) +
                                           ": is no Kubernetes object: it needs apiVersion and "
                                           "kind");
            }
            return;
        }
        result_.documents.push_back(std::move(document));
    }

    void add_items(Document document, bool named, int depth) {
        Json& items = (*document.json)["items"];
        for (std::size_t i = 0; i < items.size(); ++i) {
            std::string const prefix = "/items/" + std::to_string(i) + '/';
            Document one{
                document.file, document.line, std::make_shared<Json>(std::move(items[i])), {}};
            for (auto at = document.lines.lower_bound(prefix);
                 at != document.lines.end() && at->first.starts_with(prefix); ++at) {
                one.lines.emplace(at->first.substr(prefix.size() - 1), at->second);
            }
            add_object(std::move(one), named, depth + 1);
        }
    }

    Environment& env_;
    Manifests result_;
};

}  // namespace

int Document::line_of(std::string_view field) const {
    std::string pointer = "/";
    for (char const character : field) {
        if (character != ']') {
            pointer += character == '.' || character == '[' ? '/' : character;
        }
    }
    auto const found = lines.find(pointer);
    return found == lines.end() ? line : found->second;
}

Manifests read_manifests(ManifestSources const& sources, Environment& env) {
    Reader reader(env);
    for (std::string const& path : sources.files) {
        reader.add_path(path, sources.recursive);
    }
    for (std::string const& folder : sources.kustomizations) {
        reader.add_kustomization(folder);
    }
    return std::move(reader).take();
}

}  // namespace rt::cli
