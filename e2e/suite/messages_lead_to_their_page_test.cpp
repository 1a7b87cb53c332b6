#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/exceptions.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Every message ends in the address of the page about its code (docs/codes), where docsURL is set.
class DocsUrl : public TenancyTest {
  protected:
    void TearDown() override {
        kubectl({"delete", "rx", name("exception"), "--ignore-not-found", "--wait=false"});
        TenancyTest::TearDown();
    }

    /// A tenancy that has every kind of thing to say.
    void make_talkative(std::string const& ns, std::string const& docs_url) {
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {ns};
        Json manifest = tenancy.manifest();
        manifest["spec"]["docsURL"] = docs_url;
        manifest["spec"]["registries"][0]["allow"].push_back(
            {{"repository", "base/jdk"}, {"deprecated", "use cainiao/jdk"}});
        remember_tenancy(tenancy.name);
        ASSERT_TRUE(done(apply(manifest)));
        ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }));
    }

    /// Asserts that the last line of the message, or the line of the warning, ends so.
    static testing::AssertionResult leads_to(CommandResult const& result, std::string const& code,
                                             std::string const& address) {
        std::size_t const at = result.err.find(code);
        std::size_t const read = result.err.find("read: ", at);
        if (at == std::string::npos || read == std::string::npos) {
            return testing::AssertionFailure()
                   << "no " << code << " with an address in: " << result.text();
        }
        std::string const rest = result.err.substr(read + 6);
        std::string const found = rest.substr(0, rest.find('\n'));
        return found == address ? testing::AssertionSuccess()
                                : testing::AssertionFailure() << found << " is not " << address;
    }
};

TEST_F(DocsUrl, ends_rejections_and_warnings_with_the_page_of_their_code) {
    std::string const ns = make_namespace("ns");
    make_talkative(ns, "https://wiki.example.com/registry");
    auto const page = [](std::string const& code) {
        return "https://wiki.example.com/registry/" + code;
    };
    auto const try_pod = [&](std::string_view image) {
        return try_apply(pod_manifest(ns, "talk", std::string(image)));
    };
    EXPECT_TRUE(leads_to(try_pod(foreign_image), "[RT-NotAllowed]", page("RT-NotAllowed")));
    EXPECT_TRUE(
        leads_to(try_pod("UPPER.example.com/a"), "[RT-Unparseable]", page("RT-Unparseable")));
    EXPECT_TRUE(leads_to(try_pod(base_image), "Warning: RT-Deprecated", page("RT-Deprecated")));
    Json smuggler = pod_manifest(ns, "talk", std::string(allowed_image));
    smuggler["spec"]["imagePullSecrets"] = Json::array({{{"name", "smuggled"}}});
    EXPECT_TRUE(
        leads_to(try_apply(smuggler), "Warning: RT-ForeignSecret", page("RT-ForeignSecret")));
    ASSERT_TRUE(done(apply(
        exception_manifest(name("exception"), {ns}, alipay_namespace(), std::chrono::hours(1)))));
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const said =
            leads_to(try_pod(foreign_image), "Warning: RT-Exception", page("RT-Exception"));
        return said ? "" : said.message();
    }));
}

TEST_F(DocsUrl, puts_the_code_where_it_is_asked_for) {
    std::string const ns = make_namespace("ns");
    make_talkative(ns, "https://git.example.com/docs/codes/{code}.md");
    EXPECT_TRUE(leads_to(try_apply(pod_manifest(ns, "talk", std::string(foreign_image))),
                         "[RT-NotAllowed]", "https://git.example.com/docs/codes/RT-NotAllowed.md"));
}

}  // namespace
}  // namespace e2e
