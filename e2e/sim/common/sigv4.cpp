#include "e2e/sim/common/sigv4.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

constexpr std::string_view scheme = "AWS4-HMAC-SHA256";
constexpr auto clock_tolerance = std::chrono::minutes(5);

struct Authorization {
    std::string key_id, date, region, service;
    std::vector<std::string> signed_names;
    std::string signature;
};

std::optional<std::string> part(std::string_view text, std::string_view name) {
    std::string const trimmed = trim(text);
    if (trimmed.compare(0, name.size(), name) != 0 || trimmed.size() == name.size()) {
        return std::nullopt;
    }
    return trimmed.substr(name.size());
}

std::optional<Authorization> parse_authorization(std::string_view header) {
    if (header.substr(0, scheme.size()) != scheme || header.substr(scheme.size(), 1) != " ") {
        return std::nullopt;
    }
    auto const parts = split(header.substr(scheme.size() + 1), ',');
    if (parts.size() != 3) {
        return std::nullopt;
    }
    auto const credential = part(parts[0], "Credential=");
    auto const names = part(parts[1], "SignedHeaders=");
    auto const signature = part(parts[2], "Signature=");
    if (!credential || !names || !signature) {
        return std::nullopt;
    }
    auto const scope = split(*credential, '/');
    if (scope.size() != 5 || scope[4] != "aws4_request") {
        return std::nullopt;
    }
    Authorization out{scope[0], scope[1], scope[2], scope[3], split(*names, ';'), *signature};
    auto const& list = out.signed_names;
    if (std::adjacent_find(list.begin(), list.end(), std::greater_equal<>()) != list.end()) {
        return std::nullopt;
    }
    return out;
}

/// 20240102T030405Z -> the time.
std::optional<TimePoint> parse_amz_date(std::string const& text) {
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') {
        return std::nullopt;
    }
    return parse_time(text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 5) + ":" +
                      text.substr(11, 2) + ":" + text.substr(13, 3));
}

std::string raw(std::string const& hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    return out;
}

/// Spaces at the ends go, runs of spaces become one.
std::string folded(std::string_view text) {
    std::string out;
    for (char const c : trim(text)) {
        if (c != ' ' || out.empty() || out.back() != ' ') {
            out.push_back(c);
        }
    }
    return out;
}

SignatureError incomplete(std::string const& why) {
    return {SignatureProblem::Incomplete, why};
}

std::variant<std::map<std::string, std::string>, SignatureError> covered_headers(
    Request const& request, Authorization const& authorization) {
    std::map<std::string, std::string> covered;
    for (std::string const& name : authorization.signed_names) {
        auto const at = request.headers.find(name);
        if (at == request.headers.end()) {
            return incomplete("The signed header '" + name + "' is not in the request.");
        }
        covered.insert(*at);
    }
    for (auto const& [name, ignored] : request.headers) {
        bool const must = name == "host" || name.compare(0, 6, "x-amz-") == 0;
        if (must && covered.count(name) == 0) {
            return incomplete("'" + name + "' must be a 'SignedHeader' in the AWS Authorization.");
        }
    }
    if (covered.count("host") == 0) {
        return incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.");
    }
    return covered;
}

struct KeyHolder {
    Caller caller;
    std::string secret;
};

std::variant<KeyHolder, SignatureError> find_key(Request const& request, std::string const& key_id,
                                                 World const& world, Sealer const& sealer,
                                                 TimePoint now) {
    SignatureError const unknown{SignatureProblem::UnknownKey,
                                 "The security token included in the request is invalid."};
    std::string const& token = request.header("x-amz-security-token");
    if (token.empty()) {
        User const* user = world.find_access_key(key_id);
        if (user == nullptr || !user->active || cloud_of(user->arn) != Cloud::Amazon) {
            return unknown;
        }
        return KeyHolder{caller_of(*user), user->access_key_secret};
    }
    auto const session = unseal_session(sealer, token);
    if (!session || session->access_key_id != key_id ||
        cloud_of(session->role_arn) != Cloud::Amazon) {
        return unknown;
    }
    if (session->expires <= now) {
        return SignatureError{SignatureProblem::Expired,
                              "The security token included in the request is expired"};
    }
    return KeyHolder{caller_of(*session), session->access_key_secret};
}

std::optional<SignatureError> check_scope(Authorization const& authorization,
                                          std::string const& date, std::string_view region,
                                          std::string_view service, TimePoint now) {
    auto const signed_at = parse_amz_date(date);
    if (!signed_at) {
        return incomplete("Date must be in ISO-8601 'basic format'. Got '" + date + "'.");
    }
    if (authorization.date != date.substr(0, 8)) {
        return incomplete(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
            "of date from HTTP.");
    }
    if (authorization.region != region) {
        return SignatureError{SignatureProblem::Wrong,
                              "Credential should be scoped to a valid region."};
    }
    if (authorization.service != service) {
        return SignatureError{
            SignatureProblem::Wrong,
            "Credential should be scoped to correct service: '" + std::string(service) + "'."};
    }
    if (*signed_at < now - clock_tolerance) {
        return SignatureError{SignatureProblem::Clock, "Signature expired: " + date +
                                                           " is now earlier than " +
                                                           format_time(now - clock_tolerance)};
    }
    if (*signed_at > now + clock_tolerance) {
        return SignatureError{SignatureProblem::Clock, "Signature not yet current: " + date +
                                                           " is still later than " +
                                                           format_time(now + clock_tolerance)};
    }
    return std::nullopt;
}

}  // namespace

std::string sigv4_canonical_request(std::string_view method, std::string_view path,
                                    Parameters query,
                                    std::map<std::string, std::string> const& signed_headers,
                                    std::string_view payload_hash) {
    std::sort(query.begin(), query.end());
    std::string query_text;
    for (auto const& [key, value] : query) {
        query_text +=
            (query_text.empty() ? "" : "&") + percent_encode(key) + "=" + percent_encode(value);
    }
    std::string uri;
    for (std::string const& segment : split(path, '/')) {
        uri += (uri.empty() && segment.empty() ? "" : "/") + percent_encode(segment);
    }
    std::string lines;
    std::string names;
    for (auto const& [name, value] : signed_headers) {
        lines += name + ":" + folded(value) + "\n";
        names += (names.empty() ? "" : ";") + name;
    }
    return std::string(method) + "\n" + (uri.empty() ? "/" : uri) + "\n" + query_text + "\n" +
           lines + "\n" + names + "\n" + std::string(payload_hash);
}

std::string sigv4_signature(std::string_view secret, std::string_view amz_date,
                            std::string_view region, std::string_view service,
                            std::string_view canonical_request) {
    std::string const date(amz_date.substr(0, 8));
    std::string key = raw(hmac_sha256_hex("AWS4" + std::string(secret), date));
    key = raw(hmac_sha256_hex(key, region));
    key = raw(hmac_sha256_hex(key, service));
    key = raw(hmac_sha256_hex(key, "aws4_request"));
    return hmac_sha256_hex(key, std::string(scheme) + "\n" + std::string(amz_date) + "\n" + date +
                                    "/" + std::string(region) + "/" + std::string(service) +
                                    "/aws4_request\n" + sha256_hex(canonical_request));
}

std::variant<Caller, SignatureError> verify_sigv4(Request const& request, World const& world,
                                                  Sealer const& sealer, std::string_view region,
                                                  std::string_view service, TimePoint now) {
    if (request.header("authorization").empty()) {
        return SignatureError{SignatureProblem::Missing, "Request is missing Authentication Token"};
    }
    auto const authorization = parse_authorization(request.header("authorization"));
    if (!authorization) {
        return incomplete("The Authorization header is malformed.");
    }
    std::string const& date = request.header("x-amz-date");
    if (auto wrong = check_scope(*authorization, date, region, service, now)) {
        return *wrong;
    }
    auto const query = parse_form(request.query);
    auto const headers = covered_headers(request, *authorization);
    if (auto const* error = std::get_if<SignatureError>(&headers)) {
        return *error;
    }
    auto const key = find_key(request, authorization->key_id, world, sealer, now);
    if (auto const* error = std::get_if<SignatureError>(&key)) {
        return *error;
    }
    auto const& holder = std::get<KeyHolder>(key);
    std::string const canonical =
        sigv4_canonical_request(request.method, request.path, query.value_or(Parameters()),
                                std::get<0>(headers), sha256_hex(request.body));
    if (!equal_constant_time(sigv4_signature(holder.secret, date, region, service, canonical),
                             authorization->signature)) {
        return SignatureError{
            SignatureProblem::Wrong,
            "The request signature we calculated does not match the signature you "
            "provided. Check your AWS Secret Access Key and signing method."};
    }
    return holder.caller;
}

}  // namespace sim
