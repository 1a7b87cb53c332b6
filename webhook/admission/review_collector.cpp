#include "webhook/admission/review_collector.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/tenancy/image_doors.hpp"

namespace rt::webhook {
namespace {

/// Names of members come from whoever writes the object.
constexpr std::size_t key_bytes_shown_max = 63;

std::string_view article_and_name(JsonShape shape) {
    switch (shape) {
        case JsonShape::Object:
            return "an object";
        case JsonShape::Array:
            return "an array";
        case JsonShape::String:
            return "a string";
        case JsonShape::Boolean:
            return "a boolean";
        case JsonShape::ObjectOrArray:
            return "an object or an array";
        case JsonShape::ObjectOrString:
            return "an object or a string";
    }
    return "something else";
}

bool accepts(JsonShape wanted, JsonShape found) {
    switch (wanted) {
        case JsonShape::ObjectOrArray:
            return found == JsonShape::Object || found == JsonShape::Array;
        case JsonShape::ObjectOrString:
            return found == JsonShape::Object || found == JsonShape::String;
        default:
            return wanted == found;
    }
}

void clear(PodShape& shape) {
    shape.present = false;
    shape.has_pull_secrets = false;
    shape.pull_secrets.clear();
    shape.images.clear();
}

/// Assigns an empty object but keeps the vectors' memory.
void clear(ReviewedObject& object) {
    auto owners = std::move(object.owners);
    auto pod = std::move(object.pod);
    object = ReviewedObject{};
    owners.clear();
    clear(pod);
    object.owners = std::move(owners);
    object.pod = std::move(pod);
}

}  // namespace

void ReviewCollector::reset(ReviewFields::Objects const* objects) {
    auto object = std::move(review_.object);
    auto old_object = std::move(review_.old_object);
    review_ = Review{};
    review_.object = std::move(object);
    review_.old_object = std::move(old_object);
    for (Side* const each : {&new_, &old_}) {
        clear(*each->object);
        each->shapes.resize(pod_spec_locations().size() + 1);  // the last is for custom kinds
        for (PodShape& shape : each->shapes) {
            clear(shape);
        }
    }
    frames_.clear();
    uid_unusable_ = built_in_ = false;
    custom_ = objects;
    texts_.clear();
    api_version_ = review_kind_ = operation_ = {};
    problem_.clear();
}

bool ReviewCollector::open(int node, JsonShape opened) {
    FieldNode const& field = at(node);
    if (!accepts(field.shape, opened)) {
        wrong_type(node);
        return false;
    }
    frames_.push_back({node, 0, 0, opened == JsonShape::Array, {}, {}});
    switch (field.field) {
        case Field::Object:
            side(field).object->present = true;
            break;
        case Field::PodSpec:
        case Field::PodOrImage:
            shape(field).present = true;
            break;
        case Field::PullSecrets:
            shape(field).has_pull_secrets = true;
            break;
        case Field::ImageHolder:
            holder_present_ = true;
            break;
        case Field::Owner:
        case Field::PullSecret:
        case Field::Image:
            begin_entry(field);
            break;
        default:
            break;
    }
    return true;
}

void ReviewCollector::begin_entry(FieldNode const& node) {
    auto const full = [&](std::size_t size) {
        if (size >= review_entries_max) {
            refuse(node.path + " has more than " + std::to_string(review_entries_max) + " entries");
            return true;
        }
        return false;
    };
    if (node.field == Field::Owner) {
        auto& owners = side(node).object->owners;
        if (full(owners.size())) {
            owners.pop_back();
        }
        owners.emplace_back();
    } else if (node.field == Field::PullSecret) {
        auto& secrets = shape(node).pull_secrets;
        if (full(secrets.size())) {
            secrets.pop_back();
        }
        secrets.push_back({{}, frames_[frames_.size() - 2].index - 1, base_of(frames_.size() - 3)});
    } else {
        auto& images = shape(node).images;
        if (full(images.size())) {
            images.pop_back();
        }
        image_ = ContainerImage{};
        image_.door = node.door;
        // The array's frame stands below this element's and has already counted it.
        image_.index = frames_[frames_.size() - 2].index - 1;
        image_.path = node.kind_path;
        image_.base = base_of(frames_.size() - 3);
        holder_present_ = false;
    }
}

/// The place of a PodSpec of a custom kind, empty in built-in ones, where Review::pod_spec says it.
std::string_view ReviewCollector::base_of(std::size_t frame) {
    if (custom_ == nullptr || !problem_.empty()) {
        return {};
    }
    if (frames_[frame].base.empty()) {
        frames_[frame].base = texts_.emplace_back(path_to(frame));
    }
    return frames_[frame].base;
}

/// "spec.tasks[2].template.spec": how people write the place of an open value of an object.
std::string ReviewCollector::path_to(std::size_t frame) const {
    constexpr std::size_t object = 2;  // below the document and its request
    std::string path;
    for (std::size_t i = object + 1; i <= frame; ++i) {
        std::string const& key = at(frames_[i].node).key;
        Frame const& parent = frames_[i - 1];
        if (parent.array) {
            path += "[" + std::to_string(parent.index - 1) + "]";
        } else {
            path += path.empty() ? "" : ".";
            path += parent.key.empty() ? key : printable(parent.key, key_bytes_shown_max);
        }
    }
    return path;
}

void ReviewCollector::add_image_text(FieldNode const& node, std::string_view value) {
    auto& images = shape(node).images;
    if (images.size() >= review_entries_max) {
        refuse(node.path + " names more than " + std::to_string(review_entries_max) + " images");
        return;
    }
    // Nothing opens here, so its place is taken as if it had.
    frames_.push_back({static_cast<int>(&node - fields_.data()), 0, 0, false, {}, {}});
    ContainerImage image;
    image.door = image_text_door;
    image.path = node.kind_path;
    image.image = value;
    image.base = base_of(frames_.size() - 1);
    frames_.pop_back();
    images.push_back(image);
}

void ReviewCollector::end_image(FieldNode const& node) {
    auto const& door = tenancy::image_doors()[node.door];
    if (door.object.empty() || holder_present_) {
        shape(node).images.push_back(image_);
    }
}

void ReviewCollector::close() {
    FieldNode const& node = at(frames_.back().node);
    if (node.field == Field::Image) {
        end_image(node);
    }
    frames_.pop_back();
}

int ReviewCollector::member(std::string_view key) {
    Frame& frame = frames_.back();
    FieldNode const& parent = at(frame.node);
    if ((parent.edge_sizes & size_bit(key)) != 0) {
        std::uint32_t bit = 1;
        for (FieldNode::Edge const& edge : parent.edges) {
            if (edge.key == key) {
                return known_member(frame, edge.node, bit);
            }
            bit <<= 1U;
        }
    }
    int const every = parent.every_member;
    if (every == -1) {
        return skip;
    }
    // Two members of one name are both judged, so it doesn't matter which one the API server takes.
    frame.key = texts_.emplace_back(key);
    return every;
}

int ReviewCollector::known_member(Frame& frame, int node, std::uint32_t bit) {
    FieldNode const& found = at(node);
    if ((frame.seen & bit) != 0) {
        uid_unusable_ = uid_unusable_ || found.field == Field::Uid;
        refuse(found.path + " occurs twice");
        return skip;
    }
    frame.seen |= bit;
    return found.field == Field::Object ? object_root(node) : node;
}

int ReviewCollector::object_root(int node) {
    if (custom_ == nullptr) {
        custom_ = tree_.custom(review_.group, review_.resource);
    }
    if (custom_ == nullptr) {
        built_in_ = true;
        return node;
    }
    return node == tree_.built_in().old ? custom_->old : custom_->now;
}

ReviewFields::Objects const* ReviewCollector::other_tree() const {
    return built_in_ ? tree_.custom(review_.group, review_.resource) : nullptr;
}

int ReviewCollector::element() {
    Frame& frame = frames_.back();
    ++frame.index;
    return at(frame.node).element;
}

void ReviewCollector::text(int node, std::string_view value) {
    FieldNode const& field = at(node);
    if (!accepts(field.shape, JsonShape::String)) {
        wrong_type(node);
        return;
    }
    if (field.field == Field::PodOrImage) {
        add_image_text(field, value);
    } else if (field.field >= Field::ObjectNamespace) {
        object_text(field, value);
    } else {
        request_text(field, value);
    }
}

void ReviewCollector::request_text(FieldNode const& node, std::string_view value) {
    switch (node.field) {
        case Field::ApiVersion:
            api_version_ = value;
            break;
        case Field::Kind:
            review_kind_ = value;
            break;
        case Field::Uid:
            review_.uid = value;
            break;
        case Field::KindGroup:
            review_.kind_group = value;
            break;
        case Field::KindVersion:
            review_.kind_version = value;
            break;
        case Field::KindKind:
            review_.kind = value;
            break;
        case Field::ResourceGroup:
            review_.group = value;
            break;
        case Field::ResourceVersion:
            review_.version = value;
            break;
        case Field::ResourceResource:
            review_.resource = value;
            break;
        case Field::SubResource:
            review_.subresource = value;
            break;
        case Field::Name:
            review_.name = value;
            break;
        case Field::Namespace:
            review_.ns = value;
            break;
        case Field::Operation:
            operation_ = value;
            break;
        case Field::User:
            review_.user = value;
            break;
        default:
            break;
    }
}

void ReviewCollector::object_text(FieldNode const& node, std::string_view value) {
    ReviewedObject& object = *side(node).object;
    switch (node.field) {
        case Field::ObjectNamespace:
            object.ns = value;
            break;
        case Field::ObjectName:
            object.name = value;
            break;
        case Field::ObjectUid:
            object.uid = value;
            break;
        case Field::MirrorAnnotation:
            object.mirror = true;
            break;
        case Field::OwnerApiVersion:
            object.owners.back().api_version = value;
            break;
        case Field::OwnerKind:
            object.owners.back().kind = value;
            break;
        case Field::OwnerName:
            object.owners.back().name = value;
            break;
        case Field::OwnerUid:
            object.owners.back().uid = value;
            break;
        case Field::PullSecretName:
            shape(node).pull_secrets.back().name = value;
            break;
        case Field::ImageName:
            image_.name = value;
            break;
        case Field::ImageText:
            image_.image = value;
            break;
        case Field::ImagePullPolicy:
            image_.pull_policy = value;
            break;
        default:
            break;
    }
}

void ReviewCollector::boolean(int node, bool value) {
    FieldNode const& field = at(node);
    if (field.shape != JsonShape::Boolean) {
        wrong_type(node);
    } else if (field.field == Field::DryRun) {
        review_.dry_run = value;
    } else {
        side(field).object->owners.back().controller = value;
    }
}

void ReviewCollector::null(int node) {
    // Absent, except where leaving it out would shift or drop an entry of a list.
    Field const field = at(node).field;
    if (node == root || field == Field::Image || field == Field::PullSecret ||
        field == Field::Owner) {
        wrong_type(node);
    }
}

void ReviewCollector::wrong_type(int node) {
    FieldNode const& field = at(node);
    uid_unusable_ = uid_unusable_ || field.field == Field::Uid;
    refuse((field.path.empty() ? std::string("the body") : field.path) + " must be " +
           std::string(article_and_name(field.shape)));
}

void ReviewCollector::refuse(std::string problem) {
    if (problem_.empty()) {
        problem_ = std::move(problem);
    }
}

}  // namespace rt::webhook
