#include "e2e/suite/support/custom_kinds.hpp"

#include <cctype>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace e2e {

Json definition_manifest(std::string const& group, std::string const& plural,
                         std::string const& kind) {
    std::string singular = kind;
    for (char& letter : singular) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    Json const anything = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    Json const version = {{"name", "v1alpha1"},
                          {"served", true},
                          {"storage", true},
                          {"schema", {{"openAPIV3Schema", anything}}}};
    return {{"apiVersion", "apiextensions.k8s.io/v1"},
            {"kind", "CustomResourceDefinition"},
            {"metadata", {{"name", plural + "." + group}}},
            {"spec",
             {{"group", group},
              {"scope", "Namespaced"},
              {"names", {{"plural", plural}, {"singular", singular}, {"kind", kind}}},
              {"versions", Json::array({version})}}}};
}

Json custom_manifest(std::string const& group, std::string const& kind, std::string const& ns,
                     std::string const& name, Json spec) {
    return {{"apiVersion", group + "/v1alpha1"},
            {"kind", kind},
            {"metadata", {{"name", name}, {"namespace", ns}}},
            {"spec", std::move(spec)}};
}

Json template_with(std::string_view image) {
    return {{"spec",
             {{"containers", Json::array({{{"name", "main"}, {"image", std::string(image)}}})}}}};
}

void CustomKindTest::install_kind(std::string const& group, std::string const& plural,
                                  std::string const& kind) {
    definitions_.push_back("customresourcedefinition/" + plural + "." + group);
    auto result = apply(definition_manifest(group, plural, kind));
    if (result.ok()) {
        result =
            kubectl({"wait", "--for=condition=Established", definitions_.back(), "--timeout=30s"});
    }
    if (!result.ok()) {
        throw std::runtime_error("custom kind " + kind + ": " + result.text());
    }
}

void CustomKindTest::TearDown() {
    TenancyTest::TearDown();
    for (std::string const& definition : definitions_) {
        kubectl({"delete", "--wait=false", "--ignore-not-found", definition});
    }
}

}  // namespace e2e
