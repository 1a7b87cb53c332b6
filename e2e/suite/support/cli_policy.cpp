#include "e2e/suite/support/cli_policy.hpp"

#include <filesystem>
#include <utility>

#include "e2e/suite/support/environment.hpp"

namespace e2e {

void CliPolicyTest::use(Json entry, std::string covered) {
    tenancy_ = {
        {"apiVersion", "registrytenancy.dev/v1alpha1"},
        {"kind", "RegistryTenancy"},
        {"metadata", {{"name", name("tenancy")}}},
        {"spec", {{"namespaces", {name("ns")}}, {"registries", Json::array({std::move(entry)})}}}};
    covered_ = std::move(covered);
    remember_tenancy(name("tenancy"));
}

CommandResult CliPolicyTest::ask_anew() {
    Json changed = tenancy_;
    changed["spec"]["registries"][0]["allow"].push_back(
        {{"repository", covered_ + "/x" + std::to_string(++asked_)}});
    return apply(changed);
}

testing::AssertionResult CliPolicyTest::ask_until(std::string (*why_not)(std::string const&)) {
    testing::AssertionResult result = testing::AssertionFailure();
    // Again, because a login that was changed a moment ago reaches the operator by a watch: the
    // first answer may come from the one before.
    for (int attempt = 0; attempt < 3 && !result; ++attempt) {
        result = done(ask_anew());
        if (result) {
            result = eventually(std::chrono::seconds(40), [&] { return why_not(name("tenancy")); });
        }
    }
    return result;
}

testing::AssertionResult CliPolicyTest::mints_anew() {
    return ask_until(why_not_ready);
}

testing::AssertionResult CliPolicyTest::mints_no_more() {
    return ask_until(why_not_failing);
}

CommandResult CliPolicyTest::pull(std::string const& host, std::string const& repository_path) {
    auto const secret = pull_secret(name("ns"));
    if (!secret) {
        return {-1, "", "there is no pull Secret", false};
    }
    auto const folder = std::filesystem::temp_directory_path() / name("pull");
    std::filesystem::create_directories(folder / "certificates");
    std::filesystem::copy_file(cluster_directory() + "/pki/cloud-ca.crt",
                               folder / "certificates/ca.crt",
                               std::filesystem::copy_options::overwrite_existing);
    auto const result =
        run({repository() + "/e2e/cluster/inside", "skopeo", "copy", "--insecure-policy",
             "--src-cert-dir", (folder / "certificates").string(), "--src-creds", secret->login(),
             "docker://" + host + "/" + repository_path + ":v0.1",
             "dir:" + (folder / "image").string()});
    std::filesystem::remove_all(folder);
    return result;
}

}  // namespace e2e
