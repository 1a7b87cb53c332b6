#include "unit/support/test_certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace rt::test {
namespace {

constexpr long hour_s = 3600;

void must(bool succeeded) {
    if (!succeeded) {
        throw std::runtime_error("OpenSSL failed while making a test certificate");
    }
}

template <class Writer>
std::string pem_of(Writer write) {
    std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), &BIO_free);
    must(write(out.get()) == 1);
    char* data = nullptr;
    long const size = BIO_get_mem_data(out.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::string pem_of_certificate(X509* certificate) {
    return pem_of([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

void add_extension(X509* certificate, X509* issuer, int nid, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

X509* new_certificate(std::string const& common_name, EVP_PKEY* key) {
    X509* const certificate = X509_new();
    std::uint64_t serial = 0;
    must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    must(X509_set_version(certificate, 2) == 1);
    must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U) == 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -12 * hour_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 12 * hour_s);
    X509_NAME* const name = X509_get_subject_name(certificate);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<unsigned char const*>(common_name.c_str()), -1,
                                    -1, 0) == 1);
    must(X509_set_pubkey(certificate, key) == 1);
    return certificate;
}

}  // namespace

TestAuthority::TestAuthority(std::string const& common_name) : key_(EVP_EC_gen("P-256")) {
    must(key_ != nullptr);
    certificate_ = new_certificate(common_name, key_);
    must(X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_)) == 1);
    add_extension(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate_, certificate_, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate_, certificate_, NID_subject_key_identifier, "hash");
    must(X509_sign(certificate_, key_, EVP_sha256()) > 0);
    pem_ = pem_of_certificate(certificate_);
}

TestAuthority::~TestAuthority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
}

CertificateAndKey TestAuthority::issue_server(std::string const& dns_name) const {
    return issue(dns_name, "serverAuth", "IP:127.0.0.1,DNS:localhost,DNS:" + dns_name);
}

CertificateAndKey TestAuthority::issue_client(std::string const& common_name) const {
    return issue(common_name, "clientAuth", "");
}

CertificateAndKey TestAuthority::issue(std::string const& common_name, char const* usage,
                                       std::string const& names) const {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    must(key != nullptr);
    X509* const certificate = new_certificate(common_name, key);
    must(X509_set_issuer_name(certificate, X509_get_subject_name(certificate_)) == 1);
    add_extension(certificate, certificate_, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, certificate_, NID_ext_key_usage, usage);
    if (!names.empty()) {
        add_extension(certificate, certificate_, NID_subject_alt_name, names);
    }
    must(X509_sign(certificate, key_, EVP_sha256()) > 0);
    CertificateAndKey made;
    made.certificate_pem = pem_of_certificate(certificate);
    made.key_pem = pem_of([&](BIO* out) {
        return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

}  // namespace rt::test
