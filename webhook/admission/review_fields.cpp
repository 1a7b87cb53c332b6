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
    FieldNode& at(int node) { return nodes_[static_cast<std::size_t>(node)]; }
    std::vector<FieldNode> take() { return std::move(nodes_); }

  private:
    int add(int parent, std::string_view key, JsonShape shape, Field field) {
        FieldNode node;
        node.shape = shape;
        node.field = field;
        node.old = at(parent).old;
        node.location = at(parent).location;
        node.door = at(parent).door;
        node.path = at(parent).path + "/" + std::string(key);
        nodes_.push_back(std::move(node));
        return static_cast<int>(nodes_.size()) - 1;
    }

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

void add_object(TreeBuilder& tree, int request, std::string_view key, bool old) {
    int const object = tree.object(request, key, Field::Object);
    tree.at(object).old = old;
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

std::vector<FieldNode> make_tree() {
    TreeBuilder tree;
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
    add_object(tree, request, "object", false);
    add_object(tree, request, "oldObject", true);
    return tree.take();
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

std::span<FieldNode const> review_fields() {
    static std::vector<FieldNode> const tree = make_tree();
    return tree;
}

std::span<std::string_view const> pod_spec_locations() {
    static std::vector<std::string_view> const locations = make_locations();
    return locations;
}

}  // namespace rt::webhook
