#pragma once

#include <functional>

#include "lib/kube/client/client.hpp"

namespace rt::op {

/// A client that writes only while `leading` says so; otherwise writes are Cancelled before they
/// are sent. Leader election does not fence: this closes what can be closed from our side, the
/// preconditions on the writes close the rest.
class LeaderClient final : public kube::Client {
  public:
    LeaderClient(kube::Client& api, std::function<bool()> leading)
        : api_(api), leading_(std::move(leading)) {}

    Result<Json> get(kube::ResourceType const& type, kube::ObjectKey const& key,
                     std::stop_token stop) override;
    Result<kube::ListPage> list_page(kube::ResourceType const& type,
                                     kube::ListOptions const& options,
                                     std::string const& continue_token,
                                     std::stop_token stop) override;
    Result<Json> create(kube::ResourceType const& type, std::string const& ns, Json const& object,
                        std::stop_token stop) override;
    Result<Json> update(kube::ResourceType const& type, Json const& object,
                        std::string const& subresource, std::stop_token stop) override;
    Result<Json> apply(kube::ResourceType const& type, Json const& object,
                       kube::ApplyOptions const& options, std::stop_token stop) override;
    Result<Json> merge_patch(kube::ResourceType const& type, kube::ObjectKey const& key,
                             Json const& patch, std::string const& subresource,
                             std::stop_token stop) override;
    Result<void> remove(kube::ResourceType const& type, kube::ObjectKey const& key,
                        kube::Preconditions const& preconditions, std::stop_token stop) override;
    Result<void> watch(kube::ResourceType const& type, kube::WatchOptions const& options,
                       std::function<bool(kube::WatchEvent const&)> const& on_event,
                       std::stop_token stop) override;
    Result<Json> create_subresource(kube::ResourceType const& type, kube::ObjectKey const& key,
                                    std::string const& subresource, Json const& body,
                                    std::stop_token stop) override;
    Result<std::string> raw_get(std::string const& path, std::stop_token stop) override;

  private:
    [[nodiscard]] Result<void> check() const;

    kube::Client& api_;
    std::function<bool()> leading_;
};

}  // namespace rt::op
