#include "operator/publish/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "lib/base/random.hpp"

namespace rt::op::publish {
namespace {

template <class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* pointer) const { Free(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
struct FreeBio {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

/// PEM beyond this is not ours (parsing crafted PEM is expensive).
constexpr std::size_t pem_bytes_max = std::size_t{64} * 1024;

std::string contents(BIO* bio) {
    char* data = nullptr;
    long const size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string to_pem(X509* certificate) {
    Bio const bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return contents(bio.get());
}

SecretString to_pem(EVP_PKEY* key) {
    Bio const bio(BIO_new(BIO_s_secmem()));
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    long const size = BIO_get_mem_data(bio.get(), &data);
    return SecretString(std::string_view(data, static_cast<std::size_t>(size)));
}

Certificate read_pem(std::string const& pem) {
    if (pem.size() > pem_bytes_max) {
        return nullptr;
    }
    Bio const bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

bool add_extension(X509* certificate, X509* issuer, int nid, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) {
        return false;
    }
    bool const added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

struct Subject {
    std::string common_name;
    WallTime not_before;
    WallTime not_after;
};

/// A certificate with everything but extensions and signature.
Certificate blank(Subject const& subject, EVP_PKEY* key, X509* issuer) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    BIGNUM* serial = nullptr;
    BN_hex2bn(&serial, ("1" + system_random().hex(15)).c_str());
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate.get()));
    BN_free(serial);
    ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                  std::chrono::system_clock::to_time_t(subject.not_before));
    ASN1_TIME_set(X509_getm_notAfter(certificate.get()),
                  std::chrono::system_clock::to_time_t(subject.not_after));
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>(subject.common_name.c_str()),
                               -1, -1, 0);
    X509_set_issuer_name(certificate.get(),
                         issuer == nullptr ? name : X509_get_subject_name(issuer));
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

std::string alternative_names(std::vector<std::string> const& dns_names) {
    std::string text;
    for (std::string const& name : dns_names) {
        text += (text.empty() ? "DNS:" : ",DNS:") + name;
    }
    return text;
}

std::optional<WallTime> to_wall(ASN1_TIME const* time) {
    tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::nullopt;
    }
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::vector<std::string> dns_names_of(X509* certificate) {
    std::vector<std::string> names;
    auto* const general = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int index = 0; index < sk_GENERAL_NAME_num(general); ++index) {
        GENERAL_NAME const* const name = sk_GENERAL_NAME_value(general, index);
        if (name->type == GEN_DNS) {
            names.emplace_back(
                reinterpret_cast<char const*>(ASN1_STRING_get0_data(name->d.dNSName)),
                static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        }
    }
    GENERAL_NAMES_free(general);
    return names;
}

}  // namespace

Result<ServingPair> make_serving_pair(std::vector<std::string> const& dns_names, WallTime now,
                                      std::chrono::hours life) {
    auto const broken = [] { return fail(internal_error("OpenSSL could not make a certificate")); };
    Key const ca_key(EVP_EC_gen("P-256"));
    Key const key(EVP_EC_gen("P-256"));
    if (!ca_key || !key || dns_names.empty()) {
        return broken();
    }
    Subject subject{"registry-tenancy-webhook-ca-" + system_random().hex(4),
                    now - std::chrono::hours(1), now + life};
    Certificate const ca = blank(subject, ca_key.get(), nullptr);
    bool done = add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE") &&
                add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign") &&
                add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
                X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0;

    subject.common_name = dns_names.front().substr(0, 64);
    Certificate const leaf = blank(subject, key.get(), ca.get());
    done =
        done && add_extension(leaf.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(leaf.get(), ca.get(), NID_key_usage, "critical,digitalSignature") &&
        add_extension(leaf.get(), ca.get(), NID_ext_key_usage, "serverAuth") &&
        add_extension(leaf.get(), ca.get(), NID_authority_key_identifier, "keyid") &&
        add_extension(leaf.get(), ca.get(), NID_subject_alt_name, alternative_names(dns_names)) &&
        X509_sign(leaf.get(), ca_key.get(), EVP_sha256()) > 0;
    if (!done) {
        return broken();
    }
    return ServingPair{to_pem(leaf.get()), to_pem(key.get()), to_pem(ca.get())};
}

Result<CertificateInfo> inspect_certificate(std::string const& pem) {
    Certificate const certificate = read_pem(pem);
    if (!certificate) {
        return fail(Error{ErrorKind::Corrupt, "not a PEM certificate"});
    }
    auto const not_before = to_wall(X509_get0_notBefore(certificate.get()));
    auto const not_after = to_wall(X509_get0_notAfter(certificate.get()));
    if (!not_before || !not_after) {
        return fail(Error{ErrorKind::Corrupt, "a certificate without a readable validity"});
    }
    return CertificateInfo{*not_before, *not_after, dns_names_of(certificate.get())};
}

std::vector<std::string> split_bundle(std::string const& pem) {
    static constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    static constexpr std::string_view end = "-----END CERTIFICATE-----";
    std::vector<std::string> blocks;
    std::size_t at = 0;
    while ((at = pem.find(begin, at)) != std::string::npos) {
        std::size_t const stop = pem.find(end, at);
        if (stop == std::string::npos) {
            break;
        }
        blocks.push_back(pem.substr(at, stop + end.size() - at) + "\n");
        at = stop;
    }
    return blocks;
}

bool signed_by(std::string const& leaf_pem, std::string const& bundle_pem) {
    Certificate const leaf = read_pem(leaf_pem);
    for (std::string const& block : split_bundle(bundle_pem)) {
        Certificate const ca = read_pem(block);
        if (leaf && ca && X509_verify(leaf.get(), X509_get0_pubkey(ca.get())) == 1) {
            return true;
        }
    }
    return false;
}

}  // namespace rt::op::publish
