#include "lib/kube/client/http_client.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/kube/core/status.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

/// The API server's own limit for a request is 60 s; its answer to a timeout (504) is worth waiting
/// for.
constexpr std::chrono::milliseconds list_timeout = 65s;
constexpr std::chrono::milliseconds call_timeout = 34s;
/// Until the head of a watch's answer; priority and fairness may queue it.
constexpr std::chrono::milliseconds watch_head_timeout = 35s;
/// The server ends a watch by itself; silence this long after that means a dead connection.
constexpr std::chrono::seconds watch_grace = 15s;
/// As in the transport's body limit.
constexpr JsonLimits answer_limits{std::size_t{64} * 1024 * 1024, 64};

std::string described(std::string_view verb, ResourceType const& type, std::string const& name) {
    std::string text(verb);
    text += " " + type.plural;
    return name.empty() ? text : text + " " + name;
}

class HttpClient final : public Client {
  public:
    HttpClient(TransportFactory factory, UserConfig user, Clock& clock)
        : credentials_(std::move(user.config), std::move(factory), clock, std::move(user.exec)) {}

    Result<void> load() { return credentials_.load(); }

    Result<Json> get(ResourceType const& type, ObjectKey const& key,
                     std::stop_token stop) override {
        return call_json(get_request(type, key), described("get", type, key.str()), call_timeout,
                         std::move(stop));
    }

    Result<ListPage> list_page(ResourceType const& type, ListOptions const& options,
                               std::string const& continue_token, std::stop_token stop) override;

    Result<Json> create(ResourceType const& type, std::string const& ns, Json const& object,
                        std::stop_token stop) override {
        return call_json(create_request(type, ns, object),
                         described("create", type, ObjectKey{ns, key_of(object).name}.str()),
                         call_timeout, std::move(stop));
    }

    Result<Json> update(ResourceType const& type, Json const& object,
                        std::string const& subresource, std::stop_token stop) override {
        std::string const what = described("update", type, key_of(object).str());
        RT_CHECK(check_named(type, key_of(object), what));
        return call_json(update_request(type, object, subresource), what, call_timeout,
                         std::move(stop));
    }

    Result<Json> apply(ResourceType const& type, Json const& object, ApplyOptions const& options,
                       std::stop_token stop) override {
        std::string const what = described("apply", type, key_of(object).str());
        RT_CHECK(check_named(type, key_of(object), what));
        if (options.field_manager.empty()) {
            return fail(internal_error(what + ": a field manager is needed"));
        }
        return call_json(apply_request(type, object, options), what, call_timeout, std::move(stop));
    }

    Result<Json> merge_patch(ResourceType const& type, ObjectKey const& key, Json const& patch,
                             std::string const& subresource, std::stop_token stop) override {
        std::string const what = described("patch", type, key.str());
        RT_CHECK(check_named(type, key, what));
        return call_json(merge_patch_request(type, key, patch, subresource), what, call_timeout,
                         std::move(stop));
    }

    Result<void> remove(ResourceType const& type, ObjectKey const& key,
                        Preconditions const& preconditions, std::stop_token stop) override {
        std::string const what = described("delete", type, key.str());
        // Without a name the same request would mean the whole collection.
        RT_CHECK(check_named(type, key, what));
        RT_CHECK(
            call(delete_request(type, key, preconditions), what, call_timeout, std::move(stop)));
        return {};
    }

    Result<void> watch(ResourceType const& type, WatchOptions const& options,
                       std::function<bool(WatchEvent const&)> const& on_event,
                       std::stop_token stop) override;

    Result<Json> create_subresource(ResourceType const& type, ObjectKey const& key,
                                    std::string const& subresource, Json const& body,
                                    std::stop_token stop) override {
        std::string const what = described("create", type, key.str() + "/" + subresource);
        RT_CHECK(check_named(type, key, what));
        return call_json(create_subresource_request(type, key, subresource, body), what,
                         call_timeout, std::move(stop));
    }

    Result<std::string> raw_get(std::string const& path, std::stop_token stop) override {
        ApiRequest request;
        request.target = path;
        request.accept = "application/json, */*";
        RT_TRY(auto response, call(request, "get " + path, call_timeout, std::move(stop)));
        return std::move(response.body);
    }

  private:
    static Result<void> check_named(ResourceType const& type, ObjectKey const& key,
                                    std::string const& what);
    /// With the identity of now. `token` outlives the request's use, so that it is wiped after it.
    http::Request to_http(ApiRequest const& request, std::chrono::milliseconds timeout);
    /// Any 2xx; everything else is an error with `what` before its message.
    Result<http::Response> call(ApiRequest const& request, std::string const& what,
                                std::chrono::milliseconds timeout, std::stop_token stop);
    Result<Json> call_json(ApiRequest const& request, std::string const& what,
                           std::chrono::milliseconds timeout, std::stop_token stop);

    Credentials credentials_;
};

Error error_of(http::Response const& response, std::string const& what) {
    return error_of_response(response.status, response.body, response.headers.get("Retry-After"))
        .with_context(what);
}

bool is_success(int status) {
    return status >= 200 && status < 300;
}

Result<void> HttpClient::check_named(ResourceType const& type, ObjectKey const& key,
                                     std::string const& what) {
    if (key.name.empty() || (type.namespaced && key.ns.empty())) {
        return fail(internal_error(what + ": the object has no " +
                                   (key.name.empty() ? "name" : "namespace")));
    }
    return {};
}

http::Request HttpClient::to_http(ApiRequest const& request, std::chrono::milliseconds timeout) {
    ClientConfig const& config = credentials_.config();
    http::Request out;
    out.method = request.method;
    out.url = config.server + request.target;
    bool const limited = config.request_timeout.count() > 0;
    out.timeout = limited ? std::min(timeout, config.request_timeout) : timeout;
    out.headers.add("Accept", request.accept);
    if (!request.content_type.empty()) {
        out.headers.add("Content-Type", request.content_type);
        out.body = request.body;
    }
    if (SecretString const token = credentials_.token(); !token.empty()) {
        out.headers.add("Authorization", "Bearer " + std::string(token.reveal()));
    }
    if (!config.impersonate_user.empty()) {
        out.headers.add("Impersonate-User", config.impersonate_user);
    }
    for (std::string const& group : config.impersonate_groups) {
        out.headers.add("Impersonate-Group", group);
    }
    return out;
}

Result<http::Response> HttpClient::call(ApiRequest const& request, std::string const& what,
                                        std::chrono::milliseconds timeout, std::stop_token stop) {
    auto const send = [&] {
        return credentials_.transport()->send(to_http(request, timeout), stop);
    };
    auto response = send();
    if (response && response->status == 401 && credentials_.reload_after_refusal()) {
        response = send();
    }
    if (!response) {
        return fail(response.error().with_context(what));
    }
    if (!is_success(response->status)) {
        return fail(error_of(*response, what));
    }
    return *std::move(response);
}

Result<Json> HttpClient::call_json(ApiRequest const& request, std::string const& what,
                                   std::chrono::milliseconds timeout, std::stop_token stop) {
    RT_TRY(auto response, call(request, what, timeout, std::move(stop)));
    auto parsed = parse_json(response.body, answer_limits);
    if (!parsed) {
        return fail(parsed.error().with_context(what));
    }
    if (!parsed->is_object()) {
        return fail(Error{ErrorKind::Corrupt, what + ": the answer is no object"});
    }
    return *std::move(parsed);
}

Result<ListPage> HttpClient::list_page(ResourceType const& type, ListOptions const& options,
                                       std::string const& continue_token, std::stop_token stop) {
    std::string const what = described("list", type, options.ns);
    RT_TRY(Json document, call_json(list_request(type, options, continue_token), what, list_timeout,
                                    std::move(stop)));
    Json const* const metadata = find(document, "metadata");
    auto const items = document.find("items");
    ListPage page;
    if (metadata != nullptr) {
        page.resource_version = string_at(*metadata, "resourceVersion");
        page.continue_token = string_at(*metadata, "continue");
    }
    if (page.resource_version.empty()) {
        return fail(Error{ErrorKind::Corrupt, what + ": the answer is no list"});
    }
    if (items == document.end() || items->is_null()) {
        return page;
    }
    if (!items->is_array()) {
        return fail(Error{ErrorKind::Corrupt, what + ": items is no list"});
    }
    page.items.reserve(items->size());
    for (Json& item : *items) {
        if (item.is_object() && !options.metadata_only) {
            // Lists of built-in types leave these out of the items; events of a watch have them.
            item.emplace("apiVersion", type.api_version());
            item.emplace("kind", type.kind);
        }
        page.items.push_back(std::move(item));
    }
    return page;
}

Result<void> HttpClient::watch(ResourceType const& type, WatchOptions const& options,
                               std::function<bool(WatchEvent const&)> const& on_event,
                               std::stop_token stop) {
    std::string const what = described("watch", type, options.ns);
    LineSplitter splitter;
    Result<void> outcome;
    auto const on_line = [&](std::string_view line) {
        Json object;
        auto const event_type = parse_watch_line(line, object);
        if (!event_type) {
            outcome = fail(event_type.error().with_context(what));
            return false;
        }
        return on_event(WatchEvent{*event_type, &object});
    };
    auto const on_chunk = [&](std::string_view chunk) {
        auto const go_on = splitter.feed(chunk, on_line);
        if (!go_on) {
            outcome = fail(go_on.error().with_context(what));
            return false;
        }
        return *go_on;
    };
    ApiRequest const request = watch_request(type, options);
    auto const stream = [&] {
        return credentials_.transport()->stream(to_http(request, watch_head_timeout), on_chunk,
                                                options.timeout + watch_grace, stop);
    };
    auto response = stream();
    if (response && response->status == 401 && credentials_.reload_after_refusal()) {
        response = stream();
    }
    if (!outcome) {
        return outcome;
    }
    if (!response) {
        return fail(response.error().with_context(what));
    }
    if (!is_success(response->status)) {
        return fail(error_of(*response, what));
    }
    return {};
}

TransportFactory real_transports() {
    return [](http::CurlTransportOptions options) -> std::shared_ptr<http::Transport> {
        return http::make_curl_transport(std::move(options));
    };
}

}  // namespace

Result<std::unique_ptr<Client>> make_client_over(TransportFactory factory, UserConfig user,
                                                 Clock& clock) {
    auto client = std::make_unique<HttpClient>(std::move(factory), std::move(user), clock);
    RT_CHECK(client->load());
    return client;
}

Result<std::unique_ptr<Client>> make_client_over(TransportFactory factory, ClientConfig config,
                                                 Clock& clock) {
    return make_client_over(std::move(factory), UserConfig{std::move(config)}, clock);
}

Result<std::unique_ptr<Client>> make_client(ClientConfig config, Clock& clock) {
    return make_client_over(real_transports(), std::move(config), clock);
}

Result<std::unique_ptr<Client>> make_user_client(UserConfig user, Clock& clock) {
    return make_client_over(real_transports(), std::move(user), clock);
}

}  // namespace rt::kube
