#include "cli/explain.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/pull_key.hpp"
#include "cli/table.hpp"
#include "cli/verdicts.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "lib/tenancy/judge.hpp"
#include "lib/tenancy/messages.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::cli {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr std::size_t allowed_shown_max = 12;
constexpr std::size_t image_bytes_max = 512;

/// All that there is to tell, as lines for people and as JSON.
class Explanation {
  public:
    void add(std::string const& label, std::string const& key, std::string const& text) {
        if (!text.empty()) {
            lines_.push_back({label, text});
            json_[key] = text;
        }
    }
    void add_json(std::string const& key, Ordered value) { json_[key] = std::move(value); }

    [[nodiscard]] std::string text() const {
        std::string out;
        for (auto const& [label, text] : lines_) {
            std::string head = label;
            head.resize(12, ' ');
            for (std::string_view const line : split(text, '\n')) {
                out += head + printable(line, 2048) + '\n';
                head = std::string(12, ' ');
            }
        }
        return out;
    }
    [[nodiscard]] std::string json() const {
        return json_.dump(2, ' ', false, Ordered::error_handler_t::replace) + '\n';
    }

  private:
    std::vector<std::pair<std::string, std::string>> lines_;
    Ordered json_;
};

/// "in 42 minutes", "3 hours ago".
std::string relative(WallTime time, WallTime now) {
    using namespace std::chrono;
    auto const span = time > now ? time - now : now - time;
    auto const in = [span]<typename Unit>(Unit unit, char const* name) {
        return std::to_string(span / unit) + name;
    };
    std::string const amount = span >= 2 * days(1)    ? in(days(1), " days")
                               : span >= 2 * hours(1) ? in(hours(1), " hours")
                               : span >= minutes(2)   ? in(minutes(1), " minutes")
                                                      : in(seconds(1), " seconds");
    return time > now ? "in " + amount : amount + " ago";
}

std::string parsed_form(tenancy::ImageReference const& image) {
    std::string out =
        "registry " + std::string(image.registry()) + ", repository " + image.repository();
    if (image.tag()) {
        out += ", tag " + std::string(*image.tag());
    }
    if (image.digest()) {
        out += ", digest " + std::string(*image.digest());
    }
    return out;
}

std::string quoted_names(std::vector<std::string> const& names) {
    std::string out;
    for (std::string const& name : names) {
        out += (out.empty() ? "" : ", ") + printable(name, 128);
    }
    return out;
}

/// Which credential a node would use, from the namespace's Secret.
void explain_key(Explanation& told, Connection const& connection, std::string const& ns,
                 tenancy::ImageReference const& image, tenancy::Verdict const& verdict,
                 WallTime now) {
    std::string const name(tenancy::pull_secret_name);
    std::string const secret_name = "Secret " + ns + '/' + name;
    auto const secret = connection.client->get(kube::types::secrets, {ns, name}, {});
    if (!secret && secret.error().kind == ErrorKind::Forbidden) {
        told.add("pull key", "pullKeyUnknown",
                 "not known: you may not read " + secret_name +
                     "; ask for the right to get Secrets there, or somebody who has it to run "
                     "this command");
        return;
    }
    if (!secret && secret.error().kind == ErrorKind::NotFound) {
        told.add("pull key", "pullKeyUnknown",
                 "none: there is no " + secret_name + "; the pull is anonymous" +
                     (verdict.registry != nullptr && verdict.registry->has_credentials
                          ? " (look at kubectl get registrygrant effective -n " + ns +
                                " -o yaml for what is wrong)"
                          : ""));
        return;
    }
    if (!secret) {
        told.add("pull key", "pullKeyUnknown", "not known: " + secret.error().message);
        return;
    }
    auto const key = pull_key_of(
        *secret, verdict.registry == nullptr ? std::string() : verdict.registry->name, image);
    if (!key) {
        told.add("pull key", "pullKeyUnknown",
                 secret_name + " cannot be read: " + key.error().message);
        return;
    }
    if (key->key.empty()) {
        told.add("pull key", "pullKeyUnknown",
                 "none of " + secret_name + " matches: the pull is anonymous");
        return;
    }
    std::string text = key->key + " in " + secret_name;
    if (key->expires_at) {
        text += ", until " + format_rfc3339(*key->expires_at) + " (" +
                relative(*key->expires_at, now) + ')';
        told.add_json("pullKeyExpiresAt", format_rfc3339(*key->expires_at));
    } else if (key->known_registry) {
        text += ", a fixed credential without an end";
    }
    told.add("pull key", "pullKeyText", text);
    told.add_json("pullKey", key->key);
}

/// The verdict's words and the exit code.
struct Outcome {
    std::string verdict;
    std::string code;
    int exit_code = ExitOk;
};

Outcome unjudged(std::string const& why) {
    return {"not judged: " + why, "RT-PolicyUnavailable", ExitUsage};
}

Outcome without_policy(World& world, NamespaceView const& view, std::string const& image) {
    if (view.excluded) {
        return {"allowed: admission does not judge this namespace", "", ExitOk};
    }
    if (!view.unreadable.empty()) {
        return unjudged("RegistryTenancy \"" + view.unreadable + "\" cannot be read; correct it");
    }
    if (!view.unknown.empty()) {
        return unjudged(view.unknown);
    }
    if (world.settings().unmanaged_namespaces == tenancy::UnmanagedNamespaces::Deny) {
        if (view.exceptions_alone) {
            auto const judgement = tenancy::judge_image(*view.exceptions_alone, image);
            if (auto const* const exception = judgement.verdict.exception) {
                return {"allowed by RegistryException " + exception->name + " until " +
                            format_rfc3339(exception->ends_at),
                        "RT-Exception", ExitOk};
            }
        }
        return {
            "denied: no RegistryTenancy governs this namespace, and this cluster refuses "
            "images there; a cluster admin can add the namespace to one",
            "RT-NoTenancy", ExitFailed};
    }
    return {"allowed: no RegistryTenancy governs this namespace", "", ExitOk};
}

Outcome by_policy(NamespaceView const& view, tenancy::ImageJudgement const& judgement) {
    auto const& policy = *view.policy;
    if (judgement.verdict.allowed()) {
        std::string text = "allowed";
        if (judgement.verdict.allow != nullptr) {
            text += " by RegistryTenancy " + quoted_names(judgement.verdict.allow->tenancies) +
                    " (" + judgement.verdict.allow->entry.display() + ')';
        } else if (judgement.verdict.exception != nullptr) {
            auto const& exception = *judgement.verdict.exception;
            return {text + " by RegistryException " + exception.name + " (" +
                        exception.entry.display() + ") until " + format_rfc3339(exception.ends_at),
                    std::string(tenancy::code_of(judgement.finding->reason)), ExitOk};
        }
        if (judgement.finding) {
            text += ", with a warning: " + judgement.finding->why;
            return {text, std::string(tenancy::code_of(judgement.finding->reason)), ExitOk};
        }
        return {text, "", ExitOk};
    }
    if (!view.unknown.empty()) {
        return unjudged(view.unknown);
    }
    std::string const code(tenancy::code_of(judgement.finding->reason));
    bool const denied = policy.enforcement() == tenancy::Enforcement::Deny;
    std::string const word = denied
                                 ? "denied: "
                                 : "allowed only because enforcement is " +
                                       std::string(tenancy::name_of(policy.enforcement())) + ": ";
    return {word + judgement.finding->why, code, denied ? ExitFailed : ExitOk};
}

}  // namespace

int explain_image(ExplainOptions const& options, Environment& env) {
    auto rules = load_rules(options.world, env);
    if (!rules) {
        return report_error(env, rules.error().message, ExitUsage);
    }
    NamespaceView const& view = rules->world.view(rules->ns);
    auto const image = tenancy::ImageReference::parse(options.image);
    Explanation told;
    told.add("image", "image", options.image);
    if (!image) {
        told.add("verdict", "verdictText",
                 "refused wherever a tenancy governs: " +
                     tenancy::explain(image.error(), options.image));
        told.add_json("verdict", "deny");
        told.add_json("code", "RT-Unparseable");
        print(env.out, options.json ? told.json() : told.text());
        return view.policy == nullptr && view.unknown.empty() && view.unreadable.empty()
                   ? ExitOk
                   : ExitFailed;
    }
    told.add("understood", "understood", image->canonical());
    told.add("", "parsed", parsed_form(*image));
    std::string governed = rules->ns;
    tenancy::ImageJudgement judgement;
    Outcome outcome;
    if (view.policy && view.unreadable.empty()) {
        judgement = tenancy::judge_image(*view.policy, options.image);
        outcome = by_policy(view, judgement);
        governed += " (RegistryTenancy " + quoted_names(view.policy->tenancies()) +
                    ", enforcement " + std::string(tenancy::name_of(view.policy->enforcement())) +
                    ')';
    } else {
        outcome = without_policy(rules->world, view, options.image);
    }
    told.add("namespace", "namespaceText", governed);
    told.add_json("namespace", rules->ns);
    told.add("verdict", "verdictText",
             outcome.verdict + (outcome.code.empty() ? "" : " [" + outcome.code + ']'));
    told.add_json("verdict", outcome.exit_code == ExitOk ? "allow" : "deny");
    told.add_json("code", outcome.code);
    if (view.policy) {
        if (judgement.finding) {
            told.add("nearest", "nearest", judgement.finding->suggestion);
        }
        told.add("allowed", "allowed", tenancy::allowed_list(*view.policy, allowed_shown_max));
        told.add("ask", "contact", view.policy->contact());
    }
    if (rules->connection) {
        explain_key(told, *rules->connection, rules->ns, *image, judgement.verdict,
                    rules->world.now());
    }
    print(env.out, options.json ? told.json() : told.text());
    return outcome.exit_code;
}

namespace {

struct Who {
    std::string ns;
    std::string how;
    std::vector<std::string> tenancies;
};

/// nullopt: the namespace may not run it, or is nobody's business.
std::optional<Who> who_in(std::string const& ns, NamespaceView const& view,
                          std::string const& image) {
    if (!view.policy || !view.unreadable.empty()) {
        return std::nullopt;
    }
    auto const judgement = tenancy::judge_image(*view.policy, image);
    auto const enforcement = view.policy->enforcement();
    if (judgement.verdict.allowed()) {
        Who who{ns,
                judgement.finding ? std::string(tenancy::code_of(judgement.finding->reason))
                                  : "allowed",
                {}};
        if (judgement.verdict.allow != nullptr) {
            who.tenancies = judgement.verdict.allow->tenancies;
        } else if (judgement.verdict.exception != nullptr) {
            who.how = "RegistryException " + judgement.verdict.exception->name + " until " +
                      format_rfc3339(judgement.verdict.exception->ends_at);
        }
        return who;
    }
    if (enforcement != tenancy::Enforcement::Deny) {
        return Who{ns, "not allowed, enforcement " + std::string(tenancy::name_of(enforcement)),
                   view.policy->tenancies()};
    }
    return std::nullopt;
}

}  // namespace

int who_can(WhoCanOptions const& options, Environment& env) {
    if (auto const image = tenancy::ImageReference::parse(options.image); !image) {
        return report_error(env, tenancy::explain(image.error(), options.image), ExitUsage);
    }
    auto rules = load_rules(options.world, env);
    if (!rules) {
        return report_error(env, rules.error().message, ExitUsage);
    }
    Table table({"NAMESPACE", "VERDICT", "TENANCIES"});
    Ordered list = Ordered::array();
    std::size_t ungoverned = 0;
    for (std::string const& ns : rules->world.namespaces()) {
        NamespaceView const& view = rules->world.view(ns);
        ungoverned += view.policy || !view.unreadable.empty() ? 0U : 1U;
        if (auto const who = who_in(ns, view, options.image)) {
            table.add({who->ns, who->how, join(who->tenancies, ",")});
            list.push_back(
                {{"namespace", who->ns}, {"verdict", who->how}, {"tenancies", who->tenancies}});
        }
    }
    if (options.json) {
        print(env.out, list.dump(2) + '\n');
        return ExitOk;
    }
    print(env.out, table.empty() ? "no governed namespace may run " +
                                       printable(options.image, image_bytes_max) + '\n'
                                 : table.text());
    if (ungoverned > 0 &&
        rules->world.settings().unmanaged_namespaces == tenancy::UnmanagedNamespaces::Allow) {
        print(env.out, "and " + std::to_string(ungoverned) +
                           " namespaces that no tenancy governs (unmanagedNamespaces: Allow)\n");
    }
    return ExitOk;
}

}  // namespace rt::cli
