#include "e2e/sim/common/ecr_password.hpp"

#include <cpprest/json.h>

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view purpose = "ecr-password";

}  // namespace

std::string make_ecr_password(Sealer const& sealer, EcrLogin const& login) {
    auto const expires = std::chrono::system_clock::to_time_t(login.expires);
    value sealed = value::object();
    sealed["arn"] = value::string(login.caller.arn);
    sealed["session"] = value::string(login.caller.session);
    sealed["policy"] = value::string(login.caller.session_policy);
    sealed["region"] = value::string(login.region);
    sealed["expires"] = value::number(static_cast<int64_t>(expires));
    value content = value::object(true);
    content["payload"] = value::string(sealer.seal(purpose, sealed.serialize()));
    content["datakey"] = value::string("simulated");
    content["version"] = value::string("2");
    content["type"] = value::string("DATA_KEY");
    content["expiration"] = value::number(static_cast<int64_t>(expires));
    return base64_encode(content.serialize());
}

std::optional<EcrLogin> open_ecr_password(Sealer const& sealer, std::string_view password) {
    try {
        auto const outer = base64_decode(password);
        auto const plain =
            outer ? sealer.unseal(purpose, value::parse(*outer).at("payload").as_string())
                  : std::nullopt;
        if (!plain) {
            return std::nullopt;
        }
        value const content = value::parse(*plain);
        EcrLogin login;
        login.caller.arn = content.at("arn").as_string();
        login.caller.account = account_of(login.caller.arn);
        login.caller.session = content.at("session").as_string();
        login.caller.session_policy = content.at("policy").as_string();
        login.region = content.at("region").as_string();
        login.expires =
            std::chrono::system_clock::from_time_t(content.at("expires").as_number().to_int64());
        login.caller.expires = login.expires;
        return login;
    } catch (web::json::json_exception const&) {
        return std::nullopt;
    }
}

}  // namespace sim
