#include "unit/config/manifests.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>
#include <nlohmann/json.hpp>

namespace config_test {

namespace fs = std::filesystem;

namespace {

Json scalar(YAML::Node const& node) {
    auto const text = node.as<std::string>();
    if (node.Tag() == "!") {
        return text;
    }  // quoted or a block: always a string
    if (text.empty() || text == "null" || text == "~") {
        return nullptr;
    }
    if (text == "true") {
        return true;
    }
    if (text == "false") {
        return false;
    }
    auto const first = text.front() == '-' ? 1U : 0U;
    auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() > first && text.size() < 18 &&
        std::all_of(text.begin() + static_cast<std::ptrdiff_t>(first), text.end(), is_digit)) {
        return std::stoll(text);
    }
    return text;
}

Json to_json(YAML::Node const& node) {
    switch (node.Type()) {
        case YAML::NodeType::Map: {
            auto object = Json::object();
            for (auto const& entry : node) {
                object[entry.first.as<std::string>()] = to_json(entry.second);
            }
            return object;
        }
        case YAML::NodeType::Sequence: {
            auto array = Json::array();
            for (auto const& item : node) {
                array.push_back(to_json(item));
            }
            return array;
        }
        case YAML::NodeType::Scalar:
            return scalar(node);
        default:
            return nullptr;
    }
}

void add_base(std::string const& folder, std::vector<Json>& objects) {
    auto const kustomization = documents(folder + "/kustomization.yaml").at(0);
    for (auto const& entry : kustomization.value("resources", Json::array())) {
        auto const path =
            fs::path(folder + "/" + entry.get<std::string>()).lexically_normal().string();
        if (fs::is_directory(absolute(path))) {
            add_base(path, objects);
            continue;
        }
        for (auto& object : documents(path)) {
            objects.push_back(std::move(object));
        }
    }
}

}  // namespace

std::string absolute(std::string_view path) {
    return std::string(RT_SOURCE_DIR) + "/" + std::string(path);
}

std::string text_of(std::string_view path) {
    std::ifstream stream(absolute(path), std::ios::binary);
    EXPECT_TRUE(stream.good()) << path << " can't be read";
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<Json> documents(std::string_view path) {
    std::vector<Json> result;
    try {
        for (auto const& node : YAML::LoadAll(text_of(path))) {
            if (node.IsDefined() && !node.IsNull()) {
                result.push_back(to_json(node));
            }
        }
    } catch (YAML::Exception const& error) {
        ADD_FAILURE() << path << ": " << error.what();
    }
    return result;
}

std::map<std::string, std::vector<Json>> objects_under(std::string_view folder) {
    std::map<std::string, std::vector<Json>> result;
    for (auto const& entry : fs::recursive_directory_iterator(absolute(folder))) {
        if (entry.path().extension() != ".yaml") {
            continue;
        }
        auto const path = fs::relative(entry.path(), RT_SOURCE_DIR).string();
        for (auto& object : documents(path)) {
            if (object.contains("kind") && object["kind"] != "Kustomization") {
                result[path].push_back(std::move(object));
            }
        }
    }
    return result;
}

std::vector<Json> installed_objects() {
    static std::vector<Json> const objects = [] {
        std::vector<Json> read;
        add_base("config/default", read);
        return read;
    }();
    return objects;
}

Json installed(std::string_view kind, std::string_view name) {
    for (auto& object : installed_objects()) {
        if (object["kind"] == kind && object["metadata"]["name"] == name) {
            return object;
        }
    }
    ADD_FAILURE() << "config/default has no " << kind << " " << name;
    return Json::object();
}

Json crd_of(std::string_view kind) {
    for (auto const& [path, objects] : objects_under("crds")) {
        for (auto const& object : objects) {
            if (object["spec"]["names"]["kind"] == kind) {
                return object;
            }
        }
    }
    ADD_FAILURE() << "crds/ has no " << kind;
    return Json::object();
}

Json schema_of(std::string_view kind) {
    return crd_of(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
}

}  // namespace config_test
