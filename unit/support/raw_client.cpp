#include "unit/support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace rt::test {
namespace {

constexpr int patience_s = 30;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reader_of(std::string const& pem) {
    return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

void configure(SSL_CTX* context, RawTls const& tls) {
    Bio const authority = reader_of(tls.ca_pem);
    if (X509* const read = PEM_read_bio_X509(authority.get(), nullptr, nullptr, nullptr)) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), read);
        X509_free(read);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (!tls.certificate_pem.empty()) {
        Bio const certificate = reader_of(tls.certificate_pem);
        X509* const own = PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr);
        SSL_CTX_use_certificate(context, own);
        X509_free(own);
        Bio const key_source = reader_of(tls.key_pem);
        EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_source.get(), nullptr, nullptr, nullptr);
        SSL_CTX_use_PrivateKey(context, key);
        EVP_PKEY_free(key);
    }
    if (tls.max_version != 0) {
        SSL_CTX_set_security_level(context, 0);  // or this side refuses old versions by itself
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, tls.max_version);
    }
    if (!tls.alpn.empty()) {
        std::string const offer = static_cast<char>(tls.alpn.size()) + tls.alpn;
        SSL_CTX_set_alpn_protos(context, reinterpret_cast<unsigned char const*>(offer.data()),
                                static_cast<unsigned int>(offer.size()));
    }
}

}  // namespace

RawClient::RawClient(std::uint16_t port, RawTls const& tls)
    : context_(nullptr, &SSL_CTX_free), session_(nullptr, &SSL_free) {
    std::signal(SIGPIPE, SIG_IGN);
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval const patience{patience_s, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    int const on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (connected_ && !tls.ca_pem.empty()) {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        configure(context_.get(), tls);
        session_.reset(SSL_new(context_.get()));
        SSL_set_fd(session_.get(), socket_);
        connected_ = SSL_connect(session_.get()) == 1;
    }
}

RawClient::~RawClient() {
    if (session_ && connected_) {
        SSL_shutdown(session_.get());
    }
    ::close(socket_);
}

std::string RawClient::alpn() const {
    unsigned char const* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(session_.get(), &chosen, &size);
    return std::string(reinterpret_cast<char const*>(chosen), size);
}

std::string RawClient::server_name() const {
    X509* const certificate = SSL_get1_peer_certificate(session_.get());
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
    return name;
}

bool RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        std::size_t sent = 0;
        if (session_) {
            if (SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &sent) != 1) {
                return false;
            }
        } else {
            ssize_t const count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) {
                return false;
            }
            sent = static_cast<std::size_t>(count);
        }
        bytes.remove_prefix(sent);
    }
    return true;
}

std::size_t RawClient::receive(char* out, std::size_t size) {
    if (session_) {
        std::size_t count = 0;
        return SSL_read_ex(session_.get(), out, size, &count) == 1 ? count : 0;
    }
    ssize_t const count = ::recv(socket_, out, size, 0);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

RawAnswer RawClient::read_answer() {
    RawAnswer answer;
    char buffer[16384];
    while (true) {
        auto const end = held_.find("\r\n\r\n");
        if (end != std::string::npos) {
            std::string const head = held_.substr(0, end + 4);
            auto const field = head.find("Content-Length: ");
            std::size_t const length = field == std::string::npos
                                           ? 0
                                           : std::strtoul(head.c_str() + field + 16, nullptr, 10);
            if (held_.size() >= end + 4 + length) {
                answer.status = std::atoi(head.c_str() + 9);
                answer.head = head;
                answer.body = held_.substr(end + 4, length);
                held_.erase(0, end + 4 + length);
                return answer;
            }
        }
        std::size_t const count = receive(buffer, sizeof buffer);
        if (count == 0) {
            return answer;
        }
        held_.append(buffer, count);
    }
}

bool RawClient::closed_by_peer() {
    char byte = 0;
    errno = 0;
    bool const something = !held_.empty() || receive(&byte, 1) != 0;
    bool const patience_ended = errno == EAGAIN || errno == EWOULDBLOCK;
    return !something && !patience_ended;
}

}  // namespace rt::test
