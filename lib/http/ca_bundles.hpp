#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace rt::http {

/// Certificates that are trusted, as the files of a folder (or the keys of a ConfigMap) give them.
struct CaBundles {
    std::string everywhere{};  ///< PEM of all *.crt and *.pem: besides the system's own
    /// PEM of HOST.ca, by HOST without a port: for that host instead of everything else, so that
    /// a company's authority cannot speak for a cloud, nor a stranger's for the company's registry.
    std::map<std::string, std::string, std::less<>> of_host{};

    /// Takes over one file; one of another name is passed over.
    void add(std::string_view file_name, std::string_view pem);
    bool operator==(CaBundles const&) const = default;
};

}  // namespace rt::http
