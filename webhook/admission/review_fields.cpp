#include "webhook/admission/review_fields.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/tenancy/image_doors.hpp"

namespace rt::webhook {
namespace {

class TreeBuilder {
  public:
    TreeBuilder() { nodes_.emplace_back(); }

    /// The member `key` of `parent`, made if it isn't there.
    int member(int parent, std::string_view key, JsonShape shape, Field field) {
        for (FieldNode::Edge const& edge : at(parent).edges) {
            if (edge.key == key) {
                return edge.node;
            }
        }
        int const child = add(parent, key, shape, field);
        at(parent).edges.push_back({key, child});
        at(parent).edge_sizes |= size_bit(key);
        return child;
    }
    int object(int parent, std::string_view key, Field field = Field::Container) {
        return member(parent, key, JsonShape::Object, field);
    }
    void text(int parent, std::string_view key, Field field) {
        member(parent, key, JsonShape::String, field);
    }
    void boolean(int parent, std::string_view key, Field field) {
        member(parent, key, JsonShape::Boolean, field);
    }
    /// The array `key` of `parent`; returns its element, an object.
    int elements(int parent, std::string_view key, Field array, Field element) {
        int const list = member(parent, key, JsonShape::Array, array);
        int const child = add(list, "*", JsonShape::Object, element);
        at(list).element = child;
        return child;
    }
    /// The node of every element or member of `parent`, made if it isn't there.
    int every(int parent, JsonShape shape, Field field) {
        if (at(parent).element == -1) {
            at(parent).shape = JsonShape::ObjectOrArray;
            int const child = add(parent, "*", shape, field);
            at(parent).element = child;
            at(parent).every_member = child;
        }
        return at(parent).element;
    }
    FieldNode& at(int node) { return nodes_[static_cast<std::size_t>(node)]; }
    std::vector<FieldNode> take() { return std::move(nodes_); }

    /// A node that `parent` names but does not lead to by itself.
    int add(int parent, std::string_view key, JsonShape shape, Field field) {
        FieldNode node;
        node.shape = shape;
        node.field = field;
        node.old = at(parent).old;
        node.location = at(parent).location;
        node.door = at(parent).door;
        node.kind_path = at(parent).kind_path;
        node.key = key;
        node.path = at(parent).path + "/" + std::string(key);
        nodes_.push_back(std::move(node));
        return static_cast<int>(nodes_.size()) - 1;
    }

  private:
    std::vector<FieldNode> nodes_;
};

void add_pod_spec(TreeBuilder& tree, int spec) {
    int const secret =
        tree.elements(spec, "imagePullSecrets", Field::PullSecrets, Field::PullSecret);
    tree.text(secret, "name", Field::PullSecretName);
    auto const doors = tenancy::image_doors();
    for (std::size_t i = 0; i < doors.size(); ++i) {
        int const element = tree.elements(spec, doors[i].list, Field::Container, Field::Image);
        tree.at(element).door = static_cast<std::uint8_t>(i);
        tree.text(element, "name", Field::ImageName);
        bool const nested = !doors[i].object.empty();
        int const holder =
            nested ? tree.object(element, doors[i].object, Field::ImageHolder) : element;
        tree.text(holder, doors[i].field, Field::ImageText);
        tree.text(holder, nested ? "pullPolicy" : "imagePullPolicy", Field::ImagePullPolicy);
    }
}

void add_metadata(TreeBuilder& tree, int object) {
    int const metadata = tree.object(object, "metadata");
    tree.text(metadata, "name", Field::ObjectName);
    tree.text(metadata, "namespace", Field::ObjectNamespace);
    tree.text(metadata, "uid", Field::ObjectUid);
    tree.text(tree.object(metadata, "annotations"), "kubernetes.io/config.mirror",
              Field::MirrorAnnotation);
    int const owner = tree.elements(metadata, "ownerReferences", Field::Container, Field::Owner);
    tree.text(owner, "apiVersion", Field::OwnerApiVersion);
    tree.text(owner, "kind", Field::OwnerKind);
    tree.text(owner, "name", Field::OwnerName);
    tree.text(owner, "uid", Field::OwnerUid);
    tree.boolean(owner, "controller", Field::OwnerController);
}

void add_pods_and_templates(TreeBuilder& tree, int object) {
    add_metadata(tree, object);
    auto const locations = pod_spec_locations();
    for (std::size_t i = 0; i < locations.size(); ++i) {
        int node = object;
        for (std::string_view const part : split(locations[i].substr(1), '/')) {
            node = tree.object(node, part);
        }
        tree.at(node).location = static_cast<std::uint8_t>(i);
        tree.at(node).field = Field::PodSpec;
        add_pod_spec(tree, node);
    }
}

/// What stands at a custom kind's path shows by itself what it is: a text is an image, an object
/// with `spec` a pod template, one with `containers` a PodSpec.
void add_custom_path(TreeBuilder& tree, int object, std::size_t index,
                     tenancy::TemplatePath const& path) {
    int node = object;
    for (std::size_t i = 0; i < path.steps.size(); ++i) {
        bool const last = i + 1 == path.steps.size();
        JsonShape const shape = last ? JsonShape::ObjectOrString : JsonShape::Object;
        Field const field = last ? Field::PodOrImage : Field::Container;
        node = path.steps[i] == "*" ? tree.every(node, shape, field)
                                    : tree.member(node, path.steps[i], shape, field);
    }
    tree.at(node).location = static_cast<std::uint8_t>(pod_spec_locations().size());
    tree.at(node).kind_path = static_cast<std::uint8_t>(index);
    add_pod_spec(tree, node);
    add_pod_spec(tree, tree.object(node, "spec", Field::PodSpec));
}

/// The root of an object: a sibling of the built-in one, which no member leads to.
int add_object(TreeBuilder& tree, int request, bool old) {
    int const object =
        tree.add(request, old ? "oldObject" : "object", JsonShape::Object, Field::Object);
    tree.at(object).old = old;
    return object;
}

int add_envelope(TreeBuilder& tree) {
    tree.text(0, "apiVersion", Field::ApiVersion);
    tree.text(0, "kind", Field::Kind);
    int const request = tree.object(0, "request");
    tree.text(request, "uid", Field::Uid);
    int const kind = tree.object(request, "kind");
    tree.text(kind, "group", Field::KindGroup);
    tree.text(kind, "version", Field::KindVersion);
    tree.text(kind, "kind", Field::KindKind);
    int const resource = tree.object(request, "resource");
    tree.text(resource, "group", Field::ResourceGroup);
    tree.text(resource, "version", Field::ResourceVersion);
    tree.text(resource, "resource", Field::ResourceResource);
    tree.text(request, "subResource", Field::SubResource);
    tree.text(request, "name", Field::Name);
    tree.text(request, "namespace", Field::Namespace);
    tree.text(request, "operation", Field::Operation);
    tree.text(tree.object(request, "userInfo"), "username", Field::User);
    tree.boolean(request, "dryRun", Field::DryRun);
    return request;
}

std::vector<std::string_view> make_locations() {
    std::vector<std::string_view> locations{"/spec"};
    for (tenancy::TemplateKind const& kind : tenancy::template_kinds()) {
        if (std::find(locations.begin(), locations.end(), kind.pod_spec) == locations.end()) {
            locations.push_back(kind.pod_spec);
        }
    }
    return locations;
}

}  // namespace

ReviewFields::ReviewFields(tenancy::CustomKinds kinds) : kinds_(std::move(kinds)) {
    TreeBuilder tree;
    int const request = add_envelope(tree);
    built_in_ = {tree.object(request, "object", Field::Object),
                 tree.object(request, "oldObject", Field::Object)};
    tree.at(built_in_.old).old = true;
    add_pods_and_templates(tree, built_in_.now);
    add_pods_and_templates(tree, built_in_.old);
    for (tenancy::CustomKind const& kind : kinds_) {
        Objects const objects{add_object(tree, request, false), add_object(tree, request, true)};
        for (int const object : {objects.now, objects.old}) {
            add_metadata(tree, object);
            for (std::size_t i = 0; i < kind.paths.size(); ++i) {
                add_custom_path(tree, object, i, kind.paths[i]);
            }
        }
        custom_.push_back(objects);
    }
    nodes_ = tree.take();
}

ReviewFields::Objects const* ReviewFields::custom(std::string_view group,
                                                  std::string_view resource) const {
    tenancy::CustomKind const* const kind = tenancy::find_custom_kind(kinds_, group, resource);
    return kind == nullptr ? nullptr : &custom_[static_cast<std::size_t>(kind - kinds_.data())];
}

std::span<std::string_view const> pod_spec_locations() {
    static std::vector<std::string_view> const locations = make_locations();
    return locations;
}

}  // namespace rt::webhook
