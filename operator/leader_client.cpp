#include "operator/leader_client.hpp"

#include <nlohmann/json.hpp>

namespace rt::op {

Result<void> LeaderClient::check() const {
    if (leading_()) {
        return {};
    }
    return fail({ErrorKind::Cancelled, "another replica may be leading by now"});
}

Result<Json> LeaderClient::get(kube::ResourceType const& type, kube::ObjectKey const& key,
                               std::stop_token stop) {
    return api_.get(type, key, std::move(stop));
}

Result<kube::ListPage> LeaderClient::list_page(kube::ResourceType const& type,
                                               kube::ListOptions const& options,
                                               std::string const& continue_token,
                                               std::stop_token stop) {
    return api_.list_page(type, options, continue_token, std::move(stop));
}

Result<Json> LeaderClient::create(kube::ResourceType const& type, std::string const& ns,
                                  Json const& object, std::stop_token stop) {
    RT_CHECK(check());
    return api_.create(type, ns, object, std::move(stop));
}

Result<Json> LeaderClient::update(kube::ResourceType const& type, Json const& object,
                                  std::string const& subresource, std::stop_token stop) {
    RT_CHECK(check());
    return api_.update(type, object, subresource, std::move(stop));
}

Result<Json> LeaderClient::apply(kube::ResourceType const& type, Json const& object,
                                 kube::ApplyOptions const& options, std::stop_token stop) {
    RT_CHECK(check());
    return api_.apply(type, object, options, std::move(stop));
}

Result<Json> LeaderClient::merge_patch(kube::ResourceType const& type, kube::ObjectKey const& key,
                                       Json const& patch, std::string const& subresource,
                                       std::stop_token stop) {
    RT_CHECK(check());
    return api_.merge_patch(type, key, patch, subresource, std::move(stop));
}

Result<void> LeaderClient::remove(kube::ResourceType const& type, kube::ObjectKey const& key,
                                  kube::Preconditions const& preconditions, std::stop_token stop) {
    RT_CHECK(check());
    return api_.remove(type, key, preconditions, std::move(stop));
}

Result<void> LeaderClient::watch(kube::ResourceType const& type, kube::WatchOptions const& options,
                                 std::function<bool(kube::WatchEvent const&)> const& on_event,
                                 std::stop_token stop) {
    return api_.watch(type, options, on_event, std::move(stop));
}

Result<Json> LeaderClient::create_subresource(kube::ResourceType const& type,
                                              kube::ObjectKey const& key,
                                              std::string const& subresource, Json const& body,
                                              std::stop_token stop) {
    RT_CHECK(check());
    return api_.create_subresource(type, key, subresource, body, std::move(stop));
}

Result<std::string> LeaderClient::raw_get(std::string const& path, std::stop_token stop) {
    return api_.raw_get(path, std::move(stop));
}

}  // namespace rt::op
