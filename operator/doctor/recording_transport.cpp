#include "operator/doctor/recording_transport.hpp"

#include <array>

#include "lib/base/text.hpp"

namespace rt::op {
namespace {

bool is_metadata_service(std::string_view authority) {
    static constexpr std::array<std::string_view, 5> known{"100.100.100.200", "169.254.169.254",
                                                           "169.254.170.23", "[fd00:ec2::23]",
                                                           "metadata.google.internal"};
    for (std::string_view const one : known) {
        if (authority == one) {
            return true;
        }
    }
    return false;
}

bool mentions(http::Request const& request, std::string_view word) {
    return request.body.find(word) != std::string::npos ||
           request.url.find(word) != std::string::npos ||
           request.headers.get("x-acs-action").find(word) != std::string_view::npos;
}

}  // namespace

std::string mint_step_of(http::Request const& request) {
    http::Url const url = http::split_url(request.url);
    if (is_metadata_service(url.authority) || url.authority == "sts.googleapis.com" ||
        mentions(request, "AssumeRoleWithWebIdentity") || mentions(request, "AssumeRoleWithOIDC")) {
        return "identity";
    }
    bool const tokens_of_tokens =
        url.authority.starts_with("sts.") || url.authority.starts_with("sts-") ||
        url.authority.starts_with("iamcredentials.") || url.authority.starts_with("login.");
    return tokens_of_tokens ? "assume role" : "registry token";
}

Result<http::Response> RecordingTransport::send(http::Request const& request,
                                                std::stop_token stop) {
    registry::Step step;
    step.name = mint_step_of(request);
    SteadyTime const began = clock_.steady_now();
    auto response = inner_.send(request, std::move(stop));
    step.took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - began);
    step.ok = response && response->status / 100 == 2;
    http::Url const url = http::split_url(request.url);
    last_proxy_ = proxy_of_ && url.scheme == "https" ? proxy_of_(url.authority) : std::string();
    step.saw = printable(url.authority, 260) +
               (last_proxy_.empty() ? "" : " through proxy " + last_proxy_) + ": " +
               (response ? "HTTP " + std::to_string(response->status)
                         : printable(response.error().message, 512));
    steps_.push_back(std::move(step));
    return response;
}

Result<http::Response> RecordingTransport::stream(http::Request const& request,
                                                  OnChunk const& on_chunk,
                                                  std::chrono::milliseconds idle_timeout,
                                                  std::stop_token stop) {
    return inner_.stream(request, on_chunk, idle_timeout, std::move(stop));
}

}  // namespace rt::op
