#include "lib/registry/questions.hpp"

#include <algorithm>

#include "lib/tenancy/image_reference.hpp"

namespace rt::registry {
namespace {

bool includes(tenancy::AllowEntry const& entry, tenancy::ImageReference const& image) {
    switch (entry.kind) {
        case tenancy::AllowEntry::Kind::WholeRegistry:
            return true;
        case tenancy::AllowEntry::Kind::Namespace:
            return image.in_namespace(entry.path);
        case tenancy::AllowEntry::Kind::Repository:
            break;
    }
    return image.is_repository(entry.path);
}

std::string reference_of(tenancy::ImageReference const& image) {
    return std::string(image.digest().value_or(image.tag().value_or("latest")));
}

std::vector<Asked> asked_at(std::string const& host, std::span<tenancy::AllowEntry const> allow,
                            std::span<tenancy::ImageReference const> images) {
    std::vector<Asked> asked;
    for (tenancy::AllowEntry const& entry : allow) {
        if (asked.size() == questions_max) {
            break;
        }
        auto const found =
            std::find_if(images.begin(), images.end(), [&](tenancy::ImageReference const& image) {
                return image.registry() == host && includes(entry, image);
            });
        if (found != images.end()) {
            asked.push_back({entry, {found->repository(), reference_of(*found)}});
        }
    }
    return asked;
}

}  // namespace

Questions questions_of(tenancy::CredentialSpec const& spec,
                       std::span<tenancy::RunningImage const> running) {
    std::vector<tenancy::ImageReference> images;
    for (tenancy::RunningImage const& one : running) {
        if (auto const image = tenancy::ImageReference::parse(one.image)) {
            images.push_back(*image);
        }
    }
    Questions best;
    for (std::string const& host : spec.hosts) {
        auto asked = asked_at(host, spec.allow, images);
        if (asked.size() > best.asked.size()) {
            best = {host, std::move(asked)};
        }
    }
    return best;
}

}  // namespace rt::registry
