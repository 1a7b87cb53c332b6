// Mints one ECR credential as the operator does, with its own source and its own HTTP client, from
// a server that plays AWS on loopback. Prints what came of it in one line:
//   OK user=AWS hours=12      or      ERROR kind=Forbidden code=AccessDenied message=...
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/digest.hpp"
#include "lib/base/random.hpp"
#include "operator/cloud/token_source.hpp"
#include "unit/support/fake_api_server.hpp"

namespace rt::op {
namespace {

/// Leads every request to one server; its Host header, which is signed, stays the cloud's.
class Diverted final : public http::Transport {
  public:
    explicit Diverted(std::string server)
        : server_(std::move(server)), inner_(http::make_curl_transport({})) {}

    Result<http::Response> send(http::Request const& request, std::stop_token stop) override {
        http::Request diverted = request;
        http::Url const url = http::split_url(request.url);
        diverted.url = server_ + url.path + (url.query.empty() ? "" : "?" + url.query);
        return inner_->send(diverted, std::move(stop));
    }
    Result<http::Response> stream(http::Request const&, OnChunk const&, std::chrono::milliseconds,
                                  std::stop_token) override {
        return fail(internal_error("nothing is streamed here"));
    }

  private:
    std::string server_;
    std::unique_ptr<http::Transport> inner_;
};

struct Wanted {
    std::string server;
    std::string key_id;
    std::string key_secret;
    std::string role;
    std::string external_id;
};

/// The Registry and the Secret that an admin would write, and one mint for them.
Result<RegistryCredential> mint(Wanted const& wanted) {
    test::FakeApiServer api{system_clock()};
    api.put(kube::types::secrets,
            {{"apiVersion", "v1"},
             {"kind", "Secret"},
             {"metadata", {{"name", "aws-key"}, {"namespace", "registry-tenancy-system"}}},
             {"data",
              {{"accessKeyID", base64_encode(wanted.key_id)},
               {"accessKeySecret", base64_encode(wanted.key_secret)}}}});
    std::string const host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    auto registry = tenancy::Registry::parse(
        {{"metadata", {{"name", "ecr"}}},
         {"spec",
          {{"hosts", {host}},
           {"type", "AmazonECR"},
           {"amazonECR",
            {{"registryID", "123456789012"},
             {"region", "eu-central-1"},
             {"sessionTags", true},
             {"identity",
              {{"type", "AccessKey"}, {"accessKey", {{"secretName", "aws-key"}}}}}}}}}});
    if (!registry) {
        return fail(internal_error("the Registry does not parse"));
    }
    auto const role = tenancy::Role::parse(wanted.role);
    if (!role) {
        return fail(invalid_argument(wanted.role + " is no role"));
    }
    tenancy::CredentialSpec spec;
    spec.registry = std::make_shared<tenancy::Registry const>(std::move(*registry));
    spec.role = *role;
    spec.external_id = wanted.external_id;
    spec.allow = {{tenancy::AllowEntry::Kind::Namespace, "payments", ""}};
    Diverted clouds(wanted.server);
    auto const source = make_credential_sources(
        {clouds, api, system_clock(), system_random(), "registry-tenancy-system"});
    return source->mint({spec, "payments-prod", "demo"}, {});
}

int run(Wanted const& wanted) {
    auto const credential = mint(wanted);
    if (!credential) {
        Error const& error = credential.error();
        std::cout << "ERROR kind=" << name_of(error.kind) << " code=" << error.code
                  << " message=" << error.message << '\n';
        return 1;
    }
    auto const life = *credential->expires_at - credential->issued_at;
    std::cout << "OK user=" << credential->username
              << " hours=" << std::chrono::round<std::chrono::hours>(life).count()
              << " password=" << (credential->password.empty() ? "none" : "given") << '\n';
    return 0;
}

}  // namespace
}  // namespace rt::op

int main(int argc, char** argv) {
    CLI::App app("Mints an ECR credential from a server that plays AWS");
    rt::op::Wanted wanted;
    app.add_option("--server", wanted.server, "http://ADDR:PORT")->required();
    app.add_option("--key-id", wanted.key_id)->required();
    app.add_option("--key-secret", wanted.key_secret)->required();
    app.add_option("--role", wanted.role)->required();
    app.add_option("--external-id", wanted.external_id);
    CLI11_PARSE(app, argc, argv);
    return rt::op::run(wanted);
}
