#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "lib/tenancy/policy.hpp"

// The part of NamespacePolicy that judges images.

namespace rt::tenancy {
namespace {

/// The entry of that kind and path, nullptr where there is none. `allow` is sorted by kind and
/// path.
EffectiveAllow const* find_allow(std::vector<EffectiveAllow> const& allow, AllowEntry::Kind kind,
                                 std::string_view path) {
    auto const at = std::lower_bound(
        allow.begin(), allow.end(), std::pair(kind, path),
        [](EffectiveAllow const& one, std::pair<AllowEntry::Kind, std::string_view> const& wanted) {
            return std::pair(one.entry.kind, std::string_view(one.entry.path)) < wanted;
        });
    bool const found = at != allow.end() && at->entry.kind == kind && at->entry.path == path;
    return found ? &*at : nullptr;
}

/// The repository with an implied "library/", without allocating. The parser bounds it to 255
/// bytes.
class RepositoryBuffer {
  public:
    explicit RepositoryBuffer(ImageReference const& image) {
        if (image.implied_library()) {
            append("library/");
        }
        append(image.written_path());
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

  private:
    void append(std::string_view text) {
        std::size_t const count = text.copy(bytes_.data() + size_, bytes_.size() - size_);
        size_ += count;
    }
    std::array<char, 256> bytes_;
    std::size_t size_ = 0;
};

/// Calls `visit(kind, path)` for every entry that could stand in a list and allow `repository`:
/// itself, every proper prefix by whole segments (at most 128 of them in 255 bytes), the whole
/// registry. Ends early where `visit` returns true.
template <class Visit>
void each_covering(std::string_view repository, Visit const& visit) {
    if (visit(AllowEntry::Kind::Repository, repository)) {
        return;
    }
    for (std::size_t slash = repository.rfind('/'); slash != std::string_view::npos && slash != 0;
         slash = repository.rfind('/', slash - 1)) {
        if (visit(AllowEntry::Kind::Namespace, repository.substr(0, slash))) {
            return;
        }
    }
    visit(AllowEntry::Kind::WholeRegistry, std::string_view());
}

/// The entry of that kind, path and digest. `list` is sorted as in EffectiveRegistry.
EffectiveException const* find_exception(std::vector<EffectiveException> const& list,
                                         AllowEntry::Kind kind, std::string_view path,
                                         std::string_view digest) {
    using Key = std::tuple<AllowEntry::Kind, std::string_view, std::string_view>;
    auto const key_of = [](EffectiveException const& one) {
        return Key(one.entry.kind, one.entry.path, one.digest);
    };
    Key const wanted(kind, path, digest);
    auto const at = std::lower_bound(
        list.begin(), list.end(), wanted,
        [&](EffectiveException const& one, Key const& key) { return key_of(one) < key; });
    return at != list.end() && key_of(*at) == wanted ? &*at : nullptr;
}

/// What in `list` opens the image.
EffectiveException const* opening(std::vector<EffectiveException> const& list,
                                  ImageReference const& image, std::string_view repository) {
    EffectiveException const* found = nullptr;
    if (list.empty()) {
        return found;
    }
    each_covering(repository, [&](AllowEntry::Kind kind, std::string_view path) {
        found = find_exception(list, kind, path, {});
        if (found == nullptr && kind == AllowEntry::Kind::Repository && image.digest()) {
            found = find_exception(list, kind, path, *image.digest());
        }
        return found != nullptr;
    });
    return found;
}

}  // namespace

EffectiveException const* NamespacePolicy::exception_for(ImageReference const& image,
                                                         EffectiveRegistry const* registry,
                                                         std::string_view repository) const {
    // A name whose host no runtime agrees on is opened by nothing, not even by every host.
    if (exceptions_.empty() || image.registry().empty()) {
        return nullptr;
    }
    if (registry != nullptr) {
        if (auto const* const found = opening(registry->exceptions, image, repository)) {
            return found;
        }
    }
    for (std::string_view const host : {image.registry(), any_host}) {
        auto const at = std::lower_bound(
            exception_hosts_.begin(), exception_hosts_.end(), host,
            [](EffectiveHost const& one, std::string_view wanted) { return one.host < wanted; });
        if (at != exception_hosts_.end() && at->host == host) {
            if (auto const* const found = opening(at->allow, image, repository)) {
                return found;
            }
        }
    }
    return nullptr;
}

Verdict NamespacePolicy::judge(ImageReference const& image) const {
    RepositoryBuffer const buffer(image);
    std::string_view const repository = buffer.view();
    Verdict verdict;
    if (auto const host = by_host_.find(image.registry()); host != by_host_.end()) {
        verdict.kind = Verdict::Kind::PathNotAllowed;
        verdict.registry = &registries_[host->second];
        each_covering(repository, [&](AllowEntry::Kind kind, std::string_view path) {
            EffectiveAllow const* const found = find_allow(verdict.registry->allow, kind, path);
            if (found == nullptr) {
                return false;
            }
            bool const deprecated = !found->entry.deprecated.empty();
            if (verdict.allow == nullptr || !deprecated) {
                verdict.allow = found;
            }
            verdict.kind = deprecated ? Verdict::Kind::AllowedDeprecated : Verdict::Kind::Allowed;
            return !deprecated;
        });
    }
    if (verdict.allowed()) {
        return verdict;
    }
    verdict.exception = exception_for(image, verdict.registry, repository);
    if (verdict.exception != nullptr) {
        verdict.kind = Verdict::Kind::AllowedByException;
    }
    return verdict;
}

}  // namespace rt::tenancy
