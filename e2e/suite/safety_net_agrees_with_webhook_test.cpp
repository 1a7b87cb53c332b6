#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sstream>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/safety_net.hpp"

namespace e2e {
namespace {

constexpr int namespaces_total = 12;
constexpr int images_per_namespace = 300;

/// What becomes of each image: "" (admitted), a code, "invalid" where the API server itself refuses
/// the Pod, or the whole error where it is none of these.
using Verdicts = std::vector<std::string>;

/// Makes image references near the edge between allowed and not, readable and not.
class Images {
  public:
    Images(std::string domain, std::uint32_t seed) : domain_(std::move(domain)), random_(seed) {}

    std::string next() {
        if (chance(3)) {
            // Nothing odd in it: often allowed.
            static std::array<std::string_view, 6> const plain = {
                "team/app:v1", "team/sub/a", "library/nginx:1", "a/b/c:1", "base/jdk:17", "a/b"};
            return (chance(2) ? domain_ : "docker.io") + "/" + one_of(plain);
        }
        std::string out = host();
        out += (out.empty() ? "" : "/") + path() + tag() + digest();
        for (int mutations = chance(5) ? 1 + pick(2) : 0; mutations > 0; --mutations) {
            mutate(out);
        }
        return out;
    }
    int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
    bool chance(int one_in) { return pick(one_in) == 0; }
    template <class List>
    std::string one_of(List const& list) {
        return std::string(list[static_cast<std::size_t>(pick(static_cast<int>(list.size())))]);
    }
    /// A path that tenancies and images have in common.
    std::string path() {
        static std::array<std::string_view, 24> const paths = {
            "team",       "team/app",      "team/app/web",  "team-x/app",     "teams/app",
            "team/sub/a", "library/nginx", "nginx",         "library",        "a",
            "a/b",        "a/b/c",         "base/jdk",      "base/jdk/17",    "x__y/z",
            "sha256",     "localhost/x",   "team/../other", "team//app",      "Team/app",
            "team/",      "x_._y/z",       "team/app-",     "docker.io/nginx"};
        if (chance(40)) {
            return "team/" + std::string(chance(2) ? 250 : 251, 'p');  // 255 and 256 bytes
        }
        return one_of(paths);
    }

  private:
    std::string host() {
        std::vector<std::string> const hosts = {"",
                                                "",
                                                "docker.io",
                                                "index.docker.io",
                                                "registry-1.docker.io",
                                                "index.docker.io." + domain_,
                                                "docker.io." + domain_,
                                                domain_,
                                                domain_,
                                                domain_ + ":5000",
                                                domain_ + ":05000",
                                                domain_ + ":0",
                                                domain_ + ":65535",
                                                domain_ + ":65536",
                                                domain_ + ".",
                                                "X" + domain_,
                                                "x." + domain_,
                                                "under_score." + domain_,
                                                "localhost",
                                                "localhost:5000",
                                                "[fd00::1]:5000",
                                                "[FD00::1]:5000",
                                                "[fd00::1]"};
        return one_of(hosts);
    }
    std::string tag() {
        static std::array<std::string_view, 8> const tags = {"",   "",      ":v1",     ":latest",
                                                             ":_", ":-bad", ":1/team", ":"};
        if (chance(30)) {
            return ":" + std::string(chance(2) ? 128 : 129, 't');
        }
        return chance(12) ? ":" + std::string(static_cast<std::size_t>(1 + pick(70)), 'a')
                          : one_of(tags);
    }
    std::string digest() {
        if (!chance(4)) {
            return "";
        }
        std::string const hex(64, 'b');
        std::vector<std::string> const digests = {"@sha256:" + hex,
                                                  "@sha256:" + hex,
                                                  "@sha256:" + hex.substr(1),
                                                  "@sha256:" + std::string(64, 'B'),
                                                  "@sha512:" + hex + hex,
                                                  "@sha384:" + hex.substr(32) + hex,
                                                  "@md5:" + hex.substr(32),
                                                  "@",
                                                  "@sha256:" + hex + "@sha256:" + hex};
        return one_of(digests);
    }
    void mutate(std::string& text) {
        static std::array<std::string_view, 20> const bytes = {
            "/", ":", "@",  ".",  "_",    "-",      "%",      "\\", "A", "0",
            "a", " ", "\t", "\n", "\x1b", "\u00e9", "\u0430", "[",  "]", "*"};
        auto const at = static_cast<std::size_t>(pick(static_cast<int>(text.size()) + 1));
        // Only ASCII is cut, so that the text stays UTF-8.
        bool const ascii = at < text.size() && static_cast<unsigned char>(text[at]) < 0x80;
        if (ascii && chance(2)) {
            text.erase(at, 1);
        }
        if (at == text.size() || static_cast<unsigned char>(text[at]) < 0x80) {
            text.insert(at, one_of(bytes));
        }
    }

    std::string domain_;
    std::mt19937 random_;
};

/// Takes the number after `before`; nothing where the line does not have it.
std::optional<std::size_t> number_after(std::string const& line, std::string const& before) {
    std::size_t const at = line.find(before);
    return at == std::string::npos ? std::nullopt
                                   : std::optional(std::stoul(line.substr(at + before.size())));
}

/// The code of a denial by either layer.
std::string code_in(std::string const& line) {
    for (std::string const code : {"RT-Unparseable", "RT-NotAllowed"}) {
        if (line.find("request: [" + code + "] spec.containers[0].image") != std::string::npos) {
            return code;
        }
    }
    return line;
}

/// Asks the API server about all of them at once, storing nothing. Pods and containers carry
/// numbers, because the webhook's message names the container and the API server's own the Pod.
Verdicts ask(std::string const& ns, std::vector<std::string> const& images) {
    Json pods = Json::array();
    for (std::size_t i = 0; i < images.size(); ++i) {
        Json pod = pod_manifest(ns, "p-" + std::to_string(i), images[i]);
        pod["spec"]["containers"][0]["name"] = "c-" + std::to_string(i);
        pods.push_back(std::move(pod));
    }
    Json const list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", pods}};
    auto const result = kubectl({"create", "--dry-run=server", "-o", "name", "-f", "-"},
                                list.dump(), std::chrono::seconds(120));
    Verdicts verdicts(images.size(), "no answer");
    std::istringstream admitted(result.out);
    for (std::string line; std::getline(admitted, line);) {
        if (auto const i = number_after(line, "pod/p-")) {
            verdicts.at(*i) = "";
        }
    }
    std::istringstream errors(result.err);
    for (std::string line; std::getline(errors, line);) {
        if (line.rfind("Warning: ", 0) == 0) {
            continue;  // an image that an exception allows
        }
        if (auto const i = number_after(line, "containers[0].image \"c-")) {
            verdicts.at(*i) = code_in(line);
        } else if (auto const pod = number_after(line, "The Pod \"p-")) {
            bool const image = line.find("spec.containers[0].image") != std::string::npos;
            verdicts.at(*pod) = image ? "invalid" : line;
        }
    }
    return verdicts;
}

/// The same images, asked of the webhook alone and of the policy alone.
class SafetyNetAgreement : public SafetyNetTest {
  protected:
    void SetUp() override {
        domain_ = name("registry") + ".example.com";
        add_registry("hub", {"docker.io"});
        add_registry("own", {domain_, domain_ + ":5000", domain_ + ":65535"});
        add_registry("near", {"docker.io." + domain_});
        add_registry("local", {"localhost", "localhost:5000", "[fd00::1]:5000"});
    }
    void TearDown() override {
        SafetyNetTest::TearDown();
        for (std::string const& registry : registries_) {
            kubectl({"delete", "registry", registry, "--wait=false"});
        }
        for (std::string const& exception : exceptions_) {
            kubectl({"delete", "registryexception", exception, "--wait=false"});
        }
    }
    void add_registry(std::string const& role, std::vector<std::string> const& hosts) {
        registries_.push_back(name(role));
        ASSERT_TRUE(done(apply(
            {{"apiVersion", "registrytenancy.dev/v1alpha1"},
             {"kind", "Registry"},
             {"metadata", {{"name", name(role)}}},
             {"spec", {{"type", "Anonymous"}, {"anonymous", Json::object()}, {"hosts", hosts}}}})));
    }
    /// A namespace whose tenancy allows some of what the images name.
    std::string add_tenancy(int number, Images& random) {
        static std::array<std::string_view, 14> const paths = {
            "team",  "team/app", "team/sub", "library", "library/nginx", "a",           "a/b",
            "a/b/c", "base",     "base/jdk", "x__y",    "nginx",         "localhost/x", "sha256"};
        Tenancy tenancy;
        tenancy.name = name("tenancy-" + std::to_string(number));
        tenancy.namespaces = {make_namespace("ns-" + std::to_string(number))};
        Json manifest = tenancy.manifest();
        Json& list = manifest["spec"]["registries"] = Json::array();
        for (std::string const& registry : registries_) {
            std::map<std::string, Json> allow;  // an entry stands once
            for (int i = 2 + random.pick(5); i > 0; --i) {
                std::string const path = random.chance(10) ? "*" : random.one_of(paths);
                std::string const kind =
                    path == "*" || random.chance(2) ? "namespace" : "repository";
                allow[kind + path] = Json{{kind, path}};
            }
            Json entries = Json::array();
            for (auto const& [key, entry] : allow) {
                entries.push_back(entry);
            }
            if (!random.chance(4)) {
                list.push_back({{"name", registry}, {"allow", entries}});
            }
        }
        if (list.empty()) {
            list.push_back({{"name", registries_[0]}, {"allow", {{{"namespace", "team"}}}}});
        }
        remember_tenancy(tenancy.name);
        EXPECT_TRUE(done(apply(manifest)));
        if (random.chance(2)) {
            add_exception(name("exception-" + std::to_string(number)), tenancy.namespaces[0],
                          random.chance(4));
        }
        return tenancy.namespaces[0];
    }

    /// Of every form: a registry's, a host's, one digest, and on demand every host.
    void add_exception(std::string const& exception, std::string const& ns, bool every_host) {
        exceptions_.push_back(exception);
        Json images = {{{"registry", registries_[1]}, {"namespace", "team"}},
                       {{"host", "docker.io"}, {"repository", "base/jdk"}},
                       {{"host", "localhost:5000"},
                        {"repository", "team/app"},
                        {"digest", "sha256:" + std::string(64, 'b')}}};
        if (every_host) {
            images.push_back({{"host", "*"}, {"namespace", "*"}});
        }
        EXPECT_TRUE(done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                                {"kind", "RegistryException"},
                                {"metadata", {{"name", exception}}},
                                {"spec",
                                 {{"namespaces", Json::array({ns})},
                                  {"images", images},
                                  {"reason", "shows that both layers know it"},
                                  {"expiresAt", "2099-01-01T00:00:00Z"}}}})));
        EXPECT_TRUE(eventually(soon, [&]() -> std::string {
            auto const grant = get("registrygrant", "effective", ns);
            return grant && grant->at("spec").contains("exceptions")
                       ? ""
                       : "the grant in " + ns + " has no exception";
        }));
    }

    std::string domain_;
    std::vector<std::string> registries_;
    std::vector<std::string> exceptions_;
};

TEST_F(SafetyNetAgreement, the_policy_never_allows_what_the_webhook_refuses) {
    Images random(domain_, 20261122);
    std::vector<std::string> namespaces;
    for (int i = 0; i < namespaces_total; ++i) {
        namespaces.push_back(add_tenancy(i, random));
    }
    for (int i = 0; i < namespaces_total; ++i) {
        ASSERT_TRUE(
            eventually(soon, [&] { return why_not_ready(name("tenancy-" + std::to_string(i))); }));
    }
    std::vector<std::vector<std::string>> images(namespaces_total);
    std::vector<Verdicts> by_webhook;
    for (std::size_t i = 0; i < namespaces.size(); ++i) {
        for (int j = 0; j < images_per_namespace; ++j) {
            images[i].push_back(random.next());
        }
        by_webhook.push_back(ask(namespaces[i], images[i]));
    }

    std::string const canary = make_governed_namespace();
    ASSERT_NO_FATAL_FAILURE(install("safety-net", canary));
    ASSERT_NO_FATAL_FAILURE(unregister_webhook());
    std::map<std::string, int> count;
    for (std::size_t i = 0; i < namespaces.size(); ++i) {
        Verdicts const by_policy = ask(namespaces[i], images[i]);
        for (std::size_t j = 0; j < images[i].size(); ++j) {
            EXPECT_EQ(by_policy[j], by_webhook[i][j])
                << Json(images[i][j]).dump() << " in " << namespaces[i];
            ++count[by_webhook[i][j]];
        }
    }
    // Otherwise it would have shown nothing.
    EXPECT_GE(count[""], 300);
    EXPECT_GE(count["RT-NotAllowed"], 500);
    EXPECT_GE(count["RT-Unparseable"], 500);
}

}  // namespace
}  // namespace e2e
