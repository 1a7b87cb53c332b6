#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/base/result.hpp"
#include "lib/http/transport.hpp"
#include "lib/kube/client/config.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/kube/core/request.hpp"
#include "lib/kube/core/watch_stream.hpp"

namespace rt::kube {

struct ListPage {
    std::vector<Json> items;
    std::string resource_version;
    std::string continue_token;
};

/// The Kubernetes API as blocking calls. Thread-safe. Every error carries the server's Status
/// reason in `code`, the HTTP status, and Retry-After where it was given; the message is the Status
/// message with what we were doing before it. Throttled (429) and 5xx are not retried here: callers
/// have queues with back-off.
class Client {
  public:
    virtual ~Client() = default;

    virtual Result<Json> get(ResourceType const& type, ObjectKey const& key,
                             std::stop_token stop) = 0;
    /// One page; `continue_token` empty for the first.
    virtual Result<ListPage> list_page(ResourceType const& type, ListOptions const& options,
                                       std::string const& continue_token, std::stop_token stop) = 0;
    virtual Result<Json> create(ResourceType const& type, std::string const& ns, Json const& object,
                                std::stop_token stop) = 0;
    /// PUT; `object` carries metadata.resourceVersion (Conflict otherwise decides).
    virtual Result<Json> update(ResourceType const& type, Json const& object,
                                std::string const& subresource, std::stop_token stop) = 0;
    /// Server-side apply. `object` has apiVersion, kind and metadata.name.
    virtual Result<Json> apply(ResourceType const& type, Json const& object,
                               ApplyOptions const& options, std::stop_token stop) = 0;
    /// RFC 7386 merge patch.
    virtual Result<Json> merge_patch(ResourceType const& type, ObjectKey const& key,
                                     Json const& patch, std::string const& subresource,
                                     std::stop_token stop) = 0;
    /// NotFound is an error value like any other; Conflict where a precondition does not hold.
    virtual Result<void> remove(ResourceType const& type, ObjectKey const& key,
                                Preconditions const& preconditions, std::stop_token stop) = 0;
    /// Streams events until the server ends the watch (success), `on_event` returns false
    /// (success), the stop is requested, or the server reports an ERROR event (returned as Error;
    /// 410 = Expired).
    virtual Result<void> watch(ResourceType const& type, WatchOptions const& options,
                               std::function<bool(WatchEvent const&)> const& on_event,
                               std::stop_token stop) = 0;
    /// POST without an object of ours in return semantics, e.g. serviceaccounts/token.
    virtual Result<Json> create_subresource(ResourceType const& type, ObjectKey const& key,
                                            std::string const& subresource, Json const& body,
                                            std::stop_token stop) = 0;
    /// GET of any path, e.g. "/version", "/readyz".
    virtual Result<std::string> raw_get(std::string const& path, std::stop_token stop) = 0;
};

/// A client for `config`: re-reads token files, reloads CA and client certificates when they
/// change.
[[nodiscard]] Result<std::unique_ptr<Client>> make_client(ClientConfig config, Clock& clock);

/// All pages of a list. A continue token that expired (410) starts over without paging, once.
[[nodiscard]] Result<ListPage> list_all(Client& client, ResourceType const& type,
                                        ListOptions options, std::stop_token const& stop);

}  // namespace rt::kube
