#include "e2e/sim/common/session.hpp"

#include <cpprest/json.h>

namespace sim {
namespace {

using web::json::value;

// How real tokens begin.
constexpr std::string_view alibaba_prefix = "CAIS";
constexpr std::string_view amazon_prefix = "FwoGZXIvYXdz";
constexpr std::string_view session_purpose = "sts-session";
constexpr std::string_view password_purpose = "registry-password";

long seconds(TimePoint time) {
    return std::chrono::system_clock::to_time_t(time);
}

std::string upper_case(std::string text) {
    for (char& c : text) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text;
}

TimePoint from_seconds(value const& number) {
    return std::chrono::system_clock::from_time_t(number.as_number().to_int64());
}

value text(std::string const& content) {
    return value::string(content);
}

}  // namespace

Session new_session(std::string role_arn, std::string name, std::string policy, TimePoint expires) {
    Session session;
    session.access_key_id = cloud_of(role_arn) == Cloud::Amazon
                                ? "ASIA" + upper_case(random_name(16))
                                : "STS." + random_name(25);
    session.access_key_secret = random_name(44);
    session.role_arn = std::move(role_arn);
    session.name = std::move(name);
    session.policy = std::move(policy);
    session.expires = expires;
    return session;
}

std::string seal_session(Sealer const& sealer, Session const& session) {
    value content = value::object();
    content["accessKeyID"] = text(session.access_key_id);
    content["accessKeySecret"] = text(session.access_key_secret);
    content["role"] = text(session.role_arn);
    content["name"] = text(session.name);
    content["policy"] = text(session.policy);
    content["expires"] = value::number(seconds(session.expires));
    std::vector<value> tags;
    for (std::string const& key : session.transitive_tags) {
        tags.push_back(text(key));
    }
    content["transitiveTags"] = value::array(tags);
    std::string_view const prefix =
        cloud_of(session.role_arn) == Cloud::Amazon ? amazon_prefix : alibaba_prefix;
    return std::string(prefix) + sealer.seal(session_purpose, content.serialize());
}

std::optional<Session> unseal_session(Sealer const& sealer, std::string_view token) {
    std::string_view const prefix =
        token.substr(0, amazon_prefix.size()) == amazon_prefix ? amazon_prefix : alibaba_prefix;
    if (token.substr(0, prefix.size()) != prefix) {
        return std::nullopt;
    }
    auto const plain = sealer.unseal(session_purpose, token.substr(prefix.size()));
    if (!plain) {
        return std::nullopt;
    }
    value const content = value::parse(*plain);
    Session session;
    session.access_key_id = content.at("accessKeyID").as_string();
    session.access_key_secret = content.at("accessKeySecret").as_string();
    session.role_arn = content.at("role").as_string();
    session.name = content.at("name").as_string();
    session.policy = content.at("policy").as_string();
    session.expires = from_seconds(content.at("expires"));
    for (value const& key : content.at("transitiveTags").as_array()) {
        session.transitive_tags.push_back(key.as_string());
    }
    return session;
}

std::string Caller::full_arn() const {
    std::size_t const at = arn.find(":role/");
    if (session.empty() || at == std::string::npos) {
        return arn;
    }
    if (cloud_of(arn) == Cloud::Amazon) {  // arn:aws:iam::1234:role/PATH/NAME, without the path
        auto const parts = split(arn, ':');
        return "arn:" + parts[1] + ":sts::" + account + ":assumed-role/" +
               arn.substr(arn.rfind('/') + 1) + "/" + session;
    }
    return arn.substr(0, at) + ":assumed-role/" + arn.substr(at + 6) + "/" + session;
}

Verdict evaluate(World const& world, Caller const& caller, std::string_view action,
                 std::string_view resource) {
    Policy const* identity = nullptr;
    if (Role const* role = world.find_role(caller.arn)) {
        identity = &role->policy;
    }
    for (User const& user : world.users) {
        if (user.arn == caller.arn) {
            identity = &user.policy;
        }
    }
    if (identity == nullptr) {
        return Verdict::ImplicitDeny;
    }
    Verdict const verdict = identity->evaluate(action, resource);
    if (verdict != Verdict::Allowed || caller.session_policy.empty()) {
        return verdict;
    }
    std::string problem;
    auto const narrowing = Policy::parse(caller.session_policy, problem, cloud_of(caller.arn));
    return narrowing ? narrowing->evaluate(action, resource) : Verdict::ImplicitDeny;
}

Caller caller_of(Session const& session) {
    return {session.role_arn, account_of(session.role_arn), session.name, session.policy,
            session.expires,  session.transitive_tags};
}

Caller caller_of(User const& user) {
    return {user.arn, account_of(user.arn), "", "", TimePoint::max(), {}};
}

std::string make_registry_password(Sealer const& sealer, Caller const& caller,
                                   std::string const& instance, TimePoint now, TimePoint expires) {
    value sealed = value::object();
    sealed["arn"] = text(caller.arn);
    sealed["session"] = text(caller.session);
    sealed["policy"] = text(caller.session_policy);
    sealed["instance"] = text(instance);
    sealed["expires"] = value::number(seconds(expires));
    value content = value::object(true);
    content["instanceId"] = text(instance);
    content["time"] = text(std::to_string(seconds(now)) + "000");
    content["type"] = text(caller.session.empty() ? "user" : "sts");
    content["userId"] = text(caller.account);
    content["grant"] = text(sealer.seal(password_purpose, sealed.serialize()));
    std::string const first = base64_encode(content.serialize());
    return first + ":" + sealer.tag40(first);
}

std::optional<RegistryLogin> open_registry_password(Sealer const& sealer,
                                                    std::string_view password) {
    std::size_t const colon = password.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view const first = password.substr(0, colon);
    if (!equal_constant_time(password.substr(colon + 1), sealer.tag40(first))) {
        return std::nullopt;
    }
    auto const outer = base64_decode(first);
    if (!outer) {
        return std::nullopt;
    }
    auto const plain =
        sealer.unseal(password_purpose, value::parse(*outer).at("grant").as_string());
    if (!plain) {
        return std::nullopt;
    }
    value const content = value::parse(*plain);
    RegistryLogin login;
    login.caller.arn = content.at("arn").as_string();
    login.caller.account = account_of(login.caller.arn);
    login.caller.session = content.at("session").as_string();
    login.caller.session_policy = content.at("policy").as_string();
    login.instance = content.at("instance").as_string();
    login.expires = from_seconds(content.at("expires"));
    login.caller.expires = login.expires;
    return login;
}

}  // namespace sim
