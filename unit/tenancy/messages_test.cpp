#include "lib/tenancy/messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/text.hpp"
#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::catalog;
using testing::one_registry;
using testing::tenancy;
using testing::vpc_host;

NamespacePolicy policy(Json allow = Json::array({{{"namespace", "cainiao"}}}),
                       std::string const& docs_url = "https://wiki.example.com/registry") {
    Json spec = one_registry("shared-acr", std::move(allow));
    spec["contact"] = "#registry-help";
    spec["docsURL"] = docs_url;
    return NamespacePolicy::compile({tenancy("cainiao", spec)}, {}, catalog());
}

Finding finding(NamespacePolicy const& rules, std::string const& text,
                std::string field = "spec.containers[0].image", std::string name = "web") {
    auto const image = ImageReference::parse(text);
    if (!image) {
        return unparseable(std::move(field), std::move(name), text, image.error());
    }
    return finding_of(std::move(field), std::move(name), *image, rules.judge(*image), rules);
}

std::string first_line_of(std::string const& message) {
    return message.substr(0, message.find('\n'));
}

/// Printable ASCII and line breaks that our template made.
void expect_well_formed(std::string const& message) {
    EXPECT_LE(message.size(), denial_bytes_max) << message;
    EXPECT_LE(first_line_of(message).size(), denial_first_line_bytes_max) << message;
    for (std::string_view const line : split(message, '\n')) {
        EXPECT_EQ(printable(line, 4096), line);
    }
    EXPECT_EQ(message.find("acs:ram"), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with("[RT-")) << message;
}

TEST(RenderDenial, OneImageIsToldInTheFirstLine) {
    auto const rules = policy();
    std::vector<Finding> const findings{finding(rules, std::string(vpc_host) + "/alipay/a1:v0.1")};
    std::string const message = render_denial({"cainiao-prod", &rules, 1}, findings);
    EXPECT_EQ(
        message,
        "[RT-NotAllowed] spec.containers[0].image \"web\": "
        "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com/alipay/a1:v0.1: registry namespace "
        "\"alipay\" is not allowed here (namespace cainiao-prod; RegistryTenancy \"cainiao\", "
        "enforcement Deny)\n"
        "  did you mean shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com/cainiao/a1:v0.1?\n"
        "  allowed here: shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com/cainiao/* (kubectl get "
        "registrygrant effective -n cainiao-prod -o yaml)\n"
        "  ask: #registry-help; read: https://wiki.example.com/registry/RT-NotAllowed");
    expect_well_formed(message);
}

TEST(RenderDenial, ShowsAsWrittenWhereItIsUnderstoodDifferently) {
    auto const rules = policy();
    std::string const message =
        render_denial({"n", &rules, 1}, std::vector{finding(rules, "busybox")});
    EXPECT_NE(message.find("docker.io/library/busybox:latest (written \"busybox\")"),
              std::string::npos)
        << message;
    EXPECT_NE(message.find("an image without a registry is docker.io's"), std::string::npos);
    // A tag that the runtime drops.
    std::string const both = "ghcr.io/a/b:v1@sha256:" + std::string(64, 'a');
    EXPECT_NE(render_denial({"n", &rules, 1}, std::vector{finding(rules, both)})
                  .find("(written \"ghcr.io/a/b:v1@sha256:"),
              std::string::npos);
    // :latest alone is no news.
    EXPECT_EQ(render_denial({"n", &rules, 1}, std::vector{finding(rules, "ghcr.io/a/b")})
                  .find("(written"),
              std::string::npos);
}

TEST(RenderDenial, SuggestsOnlyWhereExactlyOneAllowedImageIsNear) {
    auto const one = policy();
    EXPECT_EQ(finding(one, std::string(vpc_host) + "/cainiao-x/a1").suggestion,
              std::string(vpc_host) + "/cainiao/a1");
    // A mistyped host.
    EXPECT_EQ(
        finding(one, "shareacr-registry-vpc.cn-shanghai.cr.aliyun.com/cainiao/a1:v1").suggestion,
        std::string(vpc_host) + "/cainiao/a1:v1");
    // Far away: nothing to suggest.
    EXPECT_EQ(finding(one, "ghcr.io/a/b").suggestion, "");
    auto const two = policy({{{"namespace", "cainiao"}}, {{"namespace", "base"}}});
    EXPECT_EQ(finding(two, std::string(vpc_host) + "/alipay/a1").suggestion, "");
    auto const single = policy(Json::array({{{"repository", "base/jdk"}}}));
    EXPECT_EQ(finding(single, std::string(vpc_host) + "/other/jdk:17").suggestion,
              std::string(vpc_host) + "/base/jdk:17");
    EXPECT_EQ(finding(single, std::string(vpc_host) + "/other/node").suggestion, "");
}

TEST(RenderDenial, ManyImagesAreListedUpToALimitAndCounted) {
    auto const rules = policy();
    std::vector<Finding> findings;
    for (int i = 0; i < 12; ++i) {
        findings.push_back(finding(rules, "evil.io/x/y:" + std::to_string(i),
                                   "spec.template.spec.containers[" + std::to_string(i) + "].image",
                                   "c" + std::to_string(i)));
    }
    std::string const message = render_denial({"cainiao-prod", &rules, 14}, findings);
    expect_well_formed(message);
    EXPECT_TRUE(message.starts_with("[RT-NotAllowed] 12 of 14 images are not allowed")) << message;
    EXPECT_NE(message.find(" more\n"), std::string::npos) << message;
    EXPECT_NE(message.find("ask: #registry-help"), std::string::npos) << message;
    EXPECT_LE(std::count(message.begin(), message.end(), '\n'), 8);
}

TEST(RenderDenial, HostileTextStaysOneLineAndWithinTheLimits) {
    auto const rules = policy();
    std::vector<std::string> const hostile{
        "x\n[RT-NotAllowed] forged",
        "\x1b[31mred",
        std::string(5000, 'a'),
        std::string(250, 'a') + "\xff\xfe",
        "a b c",
        "\r\n\r\n",
        "%s%n",
        "host.io/" + std::string(255, 'r') + ":" + std::string(128, 't')};
    std::vector<Finding> all;
    for (auto const& text : hostile) {
        all.push_back(finding(rules, text, std::string(300, 'f'), std::string(300, '\n')));
        std::string const message =
            render_denial({std::string(63, 'n'), &rules, 1}, std::vector{all.back()});
        expect_well_formed(message);
    }
    std::string const message = render_denial({std::string(63, 'n'), &rules, 8}, all);
    expect_well_formed(message);
    for (auto const& warning : render_warnings({"n", &rules, 8}, all)) {
        EXPECT_LE(warning.size(), warning_bytes_max);
        EXPECT_EQ(printable(warning, 4096), warning);
    }
}

TEST(RenderDenial, WithoutATenancyItSaysWhoCanHelp) {
    std::string const message = render_denial(
        {"n", nullptr, 1}, std::vector{no_tenancy("spec.containers[0].image", "c", "nginx")});
    expect_well_formed(message);
    EXPECT_TRUE(message.starts_with("[RT-NoTenancy] ")) << message;
    EXPECT_NE(message.find("cluster admin"), std::string::npos);
}

TEST(RenderDenial, SecretsAndUnreadableImagesHaveTheirOwnCodes) {
    auto const rules = policy();
    std::string const foreign = render_denial(
        {"n", &rules, 1}, std::vector{foreign_secret("spec.imagePullSecrets[1]", "stolen")});
    expect_well_formed(foreign);
    EXPECT_TRUE(foreign.starts_with("[RT-ForeignSecret] spec.imagePullSecrets[1] \"stolen\": "));
    std::string const missing =
        render_denial({"n", &rules, 1}, std::vector{missing_secret("spec.imagePullSecrets")});
    expect_well_formed(missing);
    EXPECT_NE(missing.find("imagePullSecrets: [{name: registry-tenancy}]"), std::string::npos);
    std::string const unreadable =
        render_denial({"n", &rules, 1}, std::vector{finding(rules, "Nginx:1")});
    EXPECT_TRUE(unreadable.starts_with("[RT-Unparseable] ")) << unreadable;
    EXPECT_NE(unreadable.find("lower case"), std::string::npos);
}

TEST(RenderPolicyUnavailable, SaysThatItIsOursAndHowToBreakGlass) {
    std::string const message = render_policy_unavailable("n", "its view of the cluster is\nold");
    expect_well_formed(message);
    EXPECT_NE(message.find("nothing is wrong with your object"), std::string::npos);
    EXPECT_NE(message.find("break glass"), std::string::npos);
}

TEST(PageAddress, IsThePageOfTheCode) {
    struct Case {
        std::string_view docs_url;
        std::string_view address;
    };
    for (auto const& [docs_url, address] : std::vector<Case>{
             {"", ""},
             {"https://wiki.example.com", "https://wiki.example.com/RT-NotAllowed"},
             {"https://wiki.example.com/", "https://wiki.example.com/RT-NotAllowed"},
             {"https://git.example.com/codes/{code}.md",
              "https://git.example.com/codes/RT-NotAllowed.md"},
             {"https://wiki.example.com/pull#{code}",
              "https://wiki.example.com/pull#RT-NotAllowed"},
             {"https://wiki.example.com/\n", "https://wiki.example.com/\\x0A/RT-NotAllowed"}}) {
        EXPECT_EQ(page_address(docs_url, Reason::NotAllowed), address);
    }
}

TEST(PageAddress, EndsEveryMessageUncut) {
    std::string const docs_url = "https://wiki.example.com/" + std::string(60, 'd');
    auto const rules =
        policy({{{"namespace", "cainiao"}}, {{"namespace", std::string(200, 'p')}}}, docs_url);
    MessageContext const context{"n", &rules, 3};
    std::string const long_image = "evil.io/" + std::string(250, 'r') + ":" + std::string(128, 't');
    std::vector<Finding> const all{
        finding(rules, long_image),
        finding(rules, std::string(3000, '!')),
        foreign_secret("spec.imagePullSecrets[1]", "stolen"),
        missing_secret("spec.imagePullSecrets"),
    };
    for (auto const& one : all) {
        std::string const page = "read: " + docs_url + "/" + std::string(code_of(one.reason));
        std::string const denial = render_denial(context, std::vector{one});
        expect_well_formed(denial);
        EXPECT_TRUE(denial.ends_with(page)) << denial;
        std::string const warning = render_warning(context, one);
        EXPECT_TRUE(warning.ends_with(page)) << warning;
        EXPECT_LE(warning.size(), warning_bytes_max);
    }
    std::string const several = render_denial(context, all);
    expect_well_formed(several);
    EXPECT_TRUE(several.ends_with(docs_url + "/RT-NotAllowed")) << several;
    std::string const unavailable =
        render_policy_unavailable(std::string(63, 'n'), std::string(100, 'x'), docs_url);
    expect_well_formed(unavailable);
    EXPECT_TRUE(unavailable.ends_with(docs_url + "/RT-PolicyUnavailable")) << unavailable;
}

TEST(PageAddress, ThatIsTooLongIsLeftOutRatherThanCut) {
    auto const rules = policy(Json::array({{{"namespace", "cainiao"}}}),
                              "https://wiki.example.com/" + std::string(600, 'd'));
    std::string const denial =
        render_denial({"n", &rules, 1}, std::vector{finding(rules, "nginx")});
    expect_well_formed(denial);
    EXPECT_TRUE(denial.ends_with("  ask: #registry-help")) << denial;
    std::string const warning = render_warning({"n", &rules, 1}, finding(rules, "nginx"));
    EXPECT_EQ(warning.find("https://"), std::string::npos) << warning;
}

TEST(RenderWarnings, SayWhyItWasNotRefused) {
    Json spec =
        one_registry("shared-acr", {{{"namespace", "cainiao"}, {"deprecated", "use base"}}});
    spec["enforcement"] = "Warn";
    auto const rules = NamespacePolicy::compile({tenancy("t", spec)}, {}, catalog());
    MessageContext const context{"n", &rules, 2};
    EXPECT_EQ(render_warning(context, finding(rules, "evil.io/x")),
              "RT-NotAllowed (not refused: enforcement Warn): spec.containers[0].image \"web\": "
              "evil.io/x:latest: registry evil.io is not allowed here");
    EXPECT_EQ(render_warning(context, finding(rules, std::string(vpc_host) + "/cainiao/a")),
              "RT-Deprecated: spec.containers[0].image \"web\": " + std::string(vpc_host) +
                  "/cainiao/a:latest: use base");
    std::vector<Finding> const many(20, finding(rules, "evil.io/x"));
    auto const warnings = render_warnings(context, many);
    EXPECT_EQ(warnings.size(), warnings_per_response_max);
    EXPECT_NE(warnings.back().find("13 more"), std::string::npos) << warnings.back();
}

TEST(ReasonCodes, AreStable) {
    EXPECT_EQ(code_of(Reason::NotAllowed), "RT-NotAllowed");
    EXPECT_EQ(code_of(Reason::Unparseable), "RT-Unparseable");
    EXPECT_EQ(code_of(Reason::NoTenancy), "RT-NoTenancy");
    EXPECT_EQ(code_of(Reason::ForeignSecret), "RT-ForeignSecret");
    EXPECT_EQ(code_of(Reason::MissingSecret), "RT-MissingSecret");
    EXPECT_EQ(code_of(Reason::PolicyUnavailable), "RT-PolicyUnavailable");
    EXPECT_EQ(code_of(Reason::Deprecated), "RT-Deprecated");
    EXPECT_EQ(code_of(Reason::OtherSecret), "RT-ForeignSecret") << "one code for one thing";
}

TEST(AllowedList, CountsWhatItLeavesOut) {
    Json allow = Json::array();
    for (char name = 'a'; name <= 'j'; ++name) {
        allow.push_back({{"namespace", std::string(1, name)}});
    }
    std::string const list = allowed_list(policy(allow), 2);
    EXPECT_TRUE(list.ends_with("/b/*, and 8 more")) << list;
    auto const nothing = NamespacePolicy::compile(
        {tenancy("t", one_registry("nowhere", {{{"namespace", "a"}}}))}, {}, catalog());
    EXPECT_EQ(allowed_list(nothing, 2), "nothing");
}

}  // namespace
}  // namespace rt::tenancy
