#include "webhook/admission/pod_images.hpp"

#include <algorithm>
#include <tuple>

#include "lib/tenancy/image_doors.hpp"

namespace rt::webhook {
namespace {

using Key = std::tuple<std::uint8_t, std::uint8_t, std::string_view, std::string_view>;

Key key_of(ContainerImage const& image) {
    return {image.path, image.door, image.name, image.image};
}

/// Answers whether an image stood in the old object; sorts only if lists were reordered.
class OldImages {
  public:
    explicit OldImages(std::vector<ContainerImage> const& images) : images_(images) {}

    bool have(std::size_t position, ContainerImage const& image) {
        if (position < images_.size() && key_of(images_[position]) == key_of(image)) {
            return true;
        }
        if (keys_.empty()) {
            keys_.reserve(images_.size());
            for (ContainerImage const& old : images_) {
                keys_.push_back(key_of(old));
            }
            std::sort(keys_.begin(), keys_.end());
        }
        return std::binary_search(keys_.begin(), keys_.end(), key_of(image));
    }

  private:
    std::vector<ContainerImage> const& images_;
    std::vector<Key> keys_{};
};

bool names_no_image(Review const& review, ContainerImage const& image) {
    if (review.target == Target::Custom) {
        return image.image.empty();
    }
    return image.image.empty() && review.target == Target::Template &&
           !tenancy::image_doors()[image.door].required;
}

/// "/spec/template/spec" as "spec.template.spec".
std::string dotted(std::string_view pointer) {
    std::string path(pointer.substr(pointer.empty() ? 0 : 1));
    std::replace(path.begin(), path.end(), '/', '.');
    return path;
}

/// The place of a PodSpec: custom kinds can have several.
std::string place(Review const& review, std::string_view base) {
    return base.empty() ? dotted(review.pod_spec) : std::string(base);
}

}  // namespace

std::vector<ContainerImage const*> images_to_judge(Review const& review) {
    std::vector<ContainerImage const*> result;
    auto const& images = review.object.pod.images;
    result.reserve(images.size());
    bool const update = review.operation == Operation::Update && review.old_object.present;
    OldImages old(review.old_object.pod.images);
    for (std::size_t i = 0; i < images.size(); ++i) {
        if (!names_no_image(review, images[i]) && !(update && old.have(i, images[i]))) {
            result.push_back(&images[i]);
        }
    }
    return result;
}

std::vector<std::size_t> new_pull_secrets(Review const& review) {
    std::vector<std::size_t> result;
    auto const& named = review.object.pod.pull_secrets;
    auto const& old = review.old_object.pod.pull_secrets;
    bool const update = review.operation == Operation::Update && review.old_object.present;
    for (std::size_t i = 0; i < named.size(); ++i) {
        bool const known = std::any_of(old.begin(), old.end(), [&](PullSecretName const& secret) {
            return secret.name == named[i].name;
        });
        if (!update || !known) {
            result.push_back(i);
        }
    }
    return result;
}

std::string field_path(Review const& review, ContainerImage const& image) {
    std::string path = place(review, image.base);
    if (image.door == image_text_door) {
        return path;
    }
    auto const& door = tenancy::image_doors()[image.door];
    path += "." + std::string(door.list) + "[" + std::to_string(image.index) + "].";
    if (!door.object.empty()) {
        path += std::string(door.object) + ".";
    }
    return path + std::string(door.field);
}

std::string pull_secrets_path(Review const& review) {
    return place(review, {}) + ".imagePullSecrets";
}

std::string pull_secret_path(Review const& review, PullSecretName const& secret) {
    return place(review, secret.base) + ".imagePullSecrets[" + std::to_string(secret.index) + "]";
}

}  // namespace rt::webhook
