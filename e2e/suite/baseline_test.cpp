#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Images of everybody. Runs alone: a baseline reaches every governed namespace.
class Baseline : public TenancyTest {
  protected:
    [[nodiscard]] Json manifest() const {
        Tenancy tenancy;
        tenancy.name = name("baseline");
        tenancy.allow = {{"repository", "base/jdk"}};
        Json object = tenancy.manifest();
        object["spec"].erase("namespaces");
        object["spec"]["baseline"] = true;
        return object;
    }
};

TEST_F(Baseline, adds_to_what_others_govern_and_governs_none_itself) {
    std::string const ns = make_governed_namespace();
    std::string const free = make_namespace("free");
    std::string const jdk(base_image);
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "java", jdk)), {"[RT-NotAllowed]"}));
    remember_tenancy(name("baseline"));
    ASSERT_TRUE(done(apply(manifest())));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result = try_apply(pod_manifest(ns, "java", jdk));
        return result.ok() ? "" : result.text();
    }));
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns, "other", std::string(foreign_image))),
                        {"[RT-NotAllowed]", name("tenancy")}))
        << "nothing else is opened";
    EXPECT_TRUE(eventually(soon, [&] {
        std::string keys;
        for (std::string_view const host : {vpc_host, public_host}) {
            keys += (keys.empty() ? "" : " ") + std::string(host) + "/base/jdk " +
                    std::string(host) + "/cainiao/";
        }
        return why_not_keys(ns, keys);
    }));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "java", jdk))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "java"); }));
    EXPECT_TRUE(done(try_apply(pod_manifest(free, "free", "nginx")))) << "still governed by nobody";
    EXPECT_FALSE(get("registrygrant", "effective", free));

    ASSERT_TRUE(done(kubectl({"delete", "registrytenancy", name("baseline")})));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const refusal = refused(try_apply(pod_manifest(ns, "late", jdk)), {"[RT-NotAllowed]"});
        return refusal ? "" : refusal.message();
    }));
}

}  // namespace
}  // namespace e2e
