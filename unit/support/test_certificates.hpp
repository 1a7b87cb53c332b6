#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace rt::test {

/// A certificate and its private key as PEM.
struct CertificateAndKey {
    std::string certificate_pem;
    std::string key_pem;
};

/// A certificate authority that lives as long as a test (ECDSA P-256, valid for a day around now).
class TestAuthority {
  public:
    explicit TestAuthority(std::string const& common_name);
    ~TestAuthority();
    TestAuthority(TestAuthority const&) = delete;
    TestAuthority& operator=(TestAuthority const&) = delete;

    [[nodiscard]] std::string const& certificate_pem() const { return pem_; }
    /// A server certificate for 127.0.0.1, localhost and `dns_name` (also its common name).
    [[nodiscard]] CertificateAndKey issue_server(std::string const& dns_name) const;
    [[nodiscard]] CertificateAndKey issue_client(std::string const& common_name) const;

  private:
    [[nodiscard]] CertificateAndKey issue(std::string const& common_name, char const* usage,
                                          std::string const& names) const;

    x509_st* certificate_ = nullptr;
    evp_pkey_st* key_ = nullptr;
    std::string pem_;
};

}  // namespace rt::test
