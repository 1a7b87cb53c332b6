#include "e2e/sim/common/acs3.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

constexpr std::string_view scheme = "ACS3-HMAC-SHA256";
constexpr auto clock_tolerance = std::chrono::minutes(15);
constexpr std::size_t nonce_bytes_at_most = 128;

/// The three parts of the Authorization header.
struct Authorization {
    std::string credential;
    std::vector<std::string> signed_names;
    std::string signature;
};

std::optional<Authorization> parse_authorization(std::string_view header) {
    if (header.substr(0, scheme.size()) != scheme) {
        return std::nullopt;
    }
    header.remove_prefix(scheme.size());
    if (header.empty() || header.front() != ' ') {
        return std::nullopt;
    }
    auto const parts = split(header.substr(1), ',');
    constexpr std::string_view names[] = {"Credential=", "SignedHeaders=", "Signature="};
    if (parts.size() != 3) {
        return std::nullopt;
    }
    std::vector<std::string> values;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].compare(0, names[i].size(), names[i]) != 0) {
            return std::nullopt;
        }
        values.push_back(parts[i].substr(names[i].size()));
        if (values.back().empty()) {
            return std::nullopt;
        }
    }
    Authorization out{values[0], split(values[1], ';'), values[2]};
    // Sorted and without repetition, as the canonical form demands.
    auto const& list = out.signed_names;
    if (std::adjacent_find(list.begin(), list.end(), std::greater_equal<>()) != list.end()) {
        return std::nullopt;
    }
    return out;
}

CloudError incomplete(std::string const& why) {
    return {400, "IncompleteSignature",
            "The request signature does not conform to Aliyun standards. " + why};
}

/// The headers that the signature covers, or what is not covered though it has to be.
std::variant<std::map<std::string, std::string>, CloudError> covered_headers(
    Request const& request, Authorization const& authorization) {
    std::map<std::string, std::string> covered;
    for (std::string const& name : authorization.signed_names) {
        auto const at = request.headers.find(name);
        if (at == request.headers.end()) {
            return incomplete("The signed header " + name + " is not in the request.");
        }
        covered.insert(*at);
    }
    for (auto const& [name, ignored] : request.headers) {
        bool const must = name == "host" || name.compare(0, 6, "x-acs-") == 0 ||
                          (name == "content-type" && !request.body.empty());
        if (must && covered.count(name) == 0) {
            return incomplete("The header " + name + " must be signed.");
        }
    }
    return covered;
}

/// The checks that need no key: presence of headers, the clock and the body's hash.
std::optional<CloudError> check_envelope(Request const& request, TimePoint now) {
    for (char const* name : {"host", "x-acs-action", "x-acs-version", "x-acs-date",
                             "x-acs-signature-nonce", "x-acs-content-sha256"}) {
        if (request.header(name).empty()) {
            return incomplete(std::string("The header ") + name + " is missing.");
        }
    }
    auto const date = parse_time(request.header("x-acs-date"));
    if (!date) {
        return CloudError{400, "InvalidTimeStamp.Format",
                          "Specified time stamp or date value is not well formatted."};
    }
    if (*date > now + clock_tolerance || *date < now - clock_tolerance) {
        return CloudError{400, "InvalidTimeStamp.Expired",
                          "Specified time stamp or date value is expired."};
    }
    if (request.header("x-acs-content-sha256") != sha256_hex(request.body)) {
        return CloudError{400, "SignatureDoesNotMatch",
                          "x-acs-content-sha256 is not the SHA-256 of the body."};
    }
    if (request.header("x-acs-signature-nonce").size() > nonce_bytes_at_most) {
        return CloudError{400, "InvalidParameter.SignatureNonce", "The nonce is too long."};
    }
    return std::nullopt;
}

struct KeyHolder {
    Caller caller;
    std::string secret;
};

std::variant<KeyHolder, CloudError> find_key(Request const& request, std::string const& key_id,
                                             World const& world, Sealer const& sealer,
                                             TimePoint now) {
    std::string const& token = request.header("x-acs-security-token");
    if (key_id.compare(0, 4, "STS.") != 0) {
        User const* user = world.find_access_key(key_id);
        if (user == nullptr) {
            return CloudError{404, "InvalidAccessKeyId.NotFound",
                              "Specified access key is not found."};
        }
        if (!user->active) {
            return CloudError{400, "InvalidAccessKeyId.Inactive",
                              "Specified access key is disabled."};
        }
        return KeyHolder{caller_of(*user), user->access_key_secret};
    }
    if (token.empty()) {
        return CloudError{400, "MissingSecurityToken",
                          "SecurityToken is mandatory for this action."};
    }
    auto const session = unseal_session(sealer, token);
    if (!session) {
        return CloudError{400, "InvalidSecurityToken.Malformed",
                          "Specified SecurityToken is malformed."};
    }
    if (session->access_key_id != key_id) {
        return CloudError{400, "InvalidSecurityToken.MismatchWithAccessKey",
                          "Specified SecurityToken mismatch with the AccessKey."};
    }
    if (session->expires <= now) {
        return CloudError{400, "InvalidSecurityToken.Expired",
                          "Specified SecurityToken is expired."};
    }
    return KeyHolder{caller_of(*session), session->access_key_secret};
}

/// Query and form parameters; the content type must fit the body.
std::variant<Parameters, CloudError> all_parameters(Request const& request,
                                                    Parameters const& query) {
    Parameters out = query;
    if (request.body.empty()) {
        return out;
    }
    std::string const type = lower_case(trim(split(request.header("content-type"), ';').front()));
    if (type != "application/x-www-form-urlencoded") {
        return CloudError{400, "InvalidParameter.ContentType",
                          "The content type of the body must be "
                          "application/x-www-form-urlencoded."};
    }
    auto const form = parse_form(request.body);
    if (!form) {
        return CloudError{400, "InvalidParameter", "The form is not well encoded."};
    }
    out.insert(out.end(), form->begin(), form->end());
    return out;
}

}  // namespace

std::string acs3_canonical_request(std::string_view method, std::string_view path, Parameters query,
                                   std::map<std::string, std::string> const& signed_headers,
                                   std::string_view payload_hash) {
    std::sort(query.begin(), query.end());
    std::string query_text;
    for (auto const& [key, value] : query) {
        query_text +=
            (query_text.empty() ? "" : "&") + percent_encode(key) + "=" + percent_encode(value);
    }
    std::string lines;
    std::string names;
    for (auto const& [name, value] : signed_headers) {
        lines += name + ":" + value + "\n";
        names += (names.empty() ? "" : ";") + name;
    }
    return std::string(method) + "\n" + std::string(path) + "\n" + query_text + "\n" + lines +
           "\n" + names + "\n" + std::string(payload_hash);
}

std::string acs3_signature(std::string_view secret, std::string_view canonical_request) {
    return hmac_sha256_hex(secret, std::string(scheme) + "\n" + sha256_hex(canonical_request));
}

bool NonceMemory::first_use(std::string const& nonce) {
    std::lock_guard const lock(mutex_);
    if (!seen_.insert(nonce).second) {
        return false;
    }
    order_.push_back(nonce);
    if (order_.size() > capacity_) {
        seen_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

std::variant<SignedRequest, CloudError> verify_acs3(Request const& request, World const& world,
                                                    Sealer const& sealer, NonceMemory& nonces,
                                                    TimePoint now) {
    auto const authorization = parse_authorization(request.header("authorization"));
    if (!authorization) {
        return incomplete("The Authorization header is missing or malformed.");
    }
    if (auto wrong = check_envelope(request, now)) {
        return *wrong;
    }
    auto const query = parse_form(request.query);
    if (!query) {
        return CloudError{400, "InvalidParameter", "The query is not well encoded."};
    }
    auto const headers = covered_headers(request, *authorization);
    if (auto const* error = std::get_if<CloudError>(&headers)) {
        return *error;
    }
    auto const key = find_key(request, authorization->credential, world, sealer, now);
    if (auto const* error = std::get_if<CloudError>(&key)) {
        return *error;
    }
    auto const& holder = std::get<KeyHolder>(key);

    std::string const canonical =
        acs3_canonical_request(request.method, request.path.empty() ? "/" : request.path, *query,
                               std::get<0>(headers), sha256_hex(request.body));
    if (!equal_constant_time(acs3_signature(holder.secret, canonical), authorization->signature)) {
        return CloudError{400, "SignatureDoesNotMatch",
                          "Specified signature is not matched with our calculation. server "
                          "CanonicalRequest has the SHA-256 " +
                              sha256_hex(canonical)};
    }
    // Only a nonce under a good signature is remembered: nobody can spend another's.
    if (!nonces.first_use(authorization->credential + " " +
                          request.header("x-acs-signature-nonce"))) {
        return CloudError{400, "SignatureNonceUsed", "Specified signature nonce was used already."};
    }
    auto const parameters = all_parameters(request, *query);
    if (auto const* error = std::get_if<CloudError>(&parameters)) {
        return *error;
    }
    return SignedRequest{holder.caller, request.header("x-acs-action"),
                         request.header("x-acs-version"), std::get<Parameters>(parameters)};
}

}  // namespace sim
