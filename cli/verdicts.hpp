#pragma once

#include <string>
#include <vector>

#include "cli/manifests.hpp"
#include "cli/world.hpp"

namespace rt::cli {

/// The object that a verdict is about.
struct ObjectName {
    std::string api_version;
    std::string kind;
    std::string ns;
    std::string name;
    auto operator<=>(ObjectName const&) const = default;
};

/// What admission would say about one image (or pull Secret) of one object.
struct VerdictEntry {
    std::string file;
    int line = 0;  ///< 0: not known
    ObjectName object;
    std::string path;   ///< spec.template.spec.containers[0].image
    std::string image;  ///< as written; empty where the finding is about a pull Secret
    bool allowed = true;
    bool judged =
        true;          ///< false: RT-PolicyUnavailable; a denial that says nothing about the image
    std::string code;  ///< RT-NotAllowed, ...; empty where there is nothing to say
    /// Behind the allowed path; where nothing allows it, those that govern the namespace. Empty for
    /// what an exception alone allows (the message names it).
    std::vector<std::string> tenancies;
    std::string message;  ///< as the webhook writes it; empty where there is nothing to say

    [[nodiscard]] bool warned() const { return allowed && !code.empty(); }
};

struct Verdicts {
    std::vector<VerdictEntry> entries;
    std::size_t objects = 0;  ///< with images; the others are none of admission's business
    std::vector<std::string> problems;  ///< objects that the API server would refuse before us
};

/// Judges every Pod and Pod template among the documents as admission does on CREATE, after our
/// Secret was injected. `default_ns` is where objects without a namespace go. Pure but for the
/// world's caches.
[[nodiscard]] Verdicts judge_documents(std::vector<Document> const& documents, World& world,
                                       std::string const& default_ns);

}  // namespace rt::cli
