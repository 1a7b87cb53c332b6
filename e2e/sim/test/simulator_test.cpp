#include "e2e/sim/test/simulator_test.hpp"

#include <cpprest/json.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "e2e/sim/common/crypto.hpp"

namespace sim {
namespace {

void write(std::filesystem::path const& path, std::string const& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

/// A P-256 key, its public half and a self-signed certificate for it.
void write_key(std::string const& certificate_file, std::string const& key_file,
               std::string const& public_key_file) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* out = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    out = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    out = std::fopen(public_key_file.c_str(), "w");
    PEM_write_PUBKEY(out, key);
    std::fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

}  // namespace

SimulatorTest::SimulatorTest()
    : folder(testing::TempDir() + "sim-test-" + std::to_string(getpid())) {
    std::filesystem::create_directories(folder);
    write_key(certificate_file, key_file, public_key_file);
}

SimulatorTest::~SimulatorTest() {
    std::filesystem::remove_all(folder);
}

Response SimulatorTest::ask(Simulator& simulator, std::string const& name, Request const& request) {
    auto& faults = fault_files_[name];
    if (!faults) {
        faults = std::make_unique<FaultFile>(folder + "/faults.yaml", name);
    }
    RequestLog const log(folder + "/requests.jsonl", name);
    return Answerer(simulator, world, *faults, log).answer(request, now);
}

void SimulatorTest::write_faults(std::string const& text) const {
    write(folder + "/faults.yaml", text);
}

std::string SimulatorTest::log_text() const {
    return read_file(folder + "/requests.jsonl");
}

void SimulatorTest::store(std::string const& repository) const {
    std::string const manifest =
        R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","name":")" + repository +
        "\"}";
    std::string const hex = sha256_hex(manifest);
    std::string const root = folder + "/docker/registry/v2/";
    write(root + "repositories/" + repository + "/_manifests/tags/v0.1/current/link",
          "sha256:" + hex);
    write(root + "blobs/sha256/" + hex.substr(0, 2) + "/" + hex + "/data", manifest);
}

std::string SimulatorTest::cluster_token(std::string const& subject, std::string const& audience,
                                         long life_seconds, std::string const& issuer) const {
    using web::json::value;
    value claims = value::object();
    claims["iss"] = value::string(issuer);
    claims["sub"] = value::string(subject);
    claims["aud"] = value::array({value::string(audience)});
    claims["exp"] = value::number(
        static_cast<int64_t>(std::chrono::system_clock::to_time_t(now) + life_seconds));
    return TokenSigner(certificate_file, key_file).sign(claims.serialize());
}

}  // namespace sim
