#include "operator/cloud/azure/scope_map_tokens.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/tenancy/session_policy.hpp"
#include "operator/cloud/answers.hpp"
#include "operator/cloud/azure/identity.hpp"
#include "operator/cloud/azure/requests.hpp"
#include "operator/cloud/azure/scope_map_responses.hpp"
#include "operator/cloud/plain_call.hpp"

namespace rt::op::azure {
namespace {

using namespace std::chrono_literals;

/// Renewed at half of it, it outlives a Resource Manager that is away for six hours; superseded
/// tokens are deleted, so that only what is left over for good lives that long.
constexpr auto password_life = 12h;
/// The calls of one mint or one deletion after the identity's token is there.
constexpr auto calls_max = 60s;
/// Between two looks at what Azure is still at, where it names no time of its own.
constexpr auto look_again = 2s;
constexpr auto look_again_max = 15s;
/// Azure: "Maximum 256 characters are allowed".
constexpr std::size_t description_bytes_max = 256;
/// 50,000 scope maps, the most that a registry of the tier Premium has, in pages of 50.
constexpr int pages_max = 1'000;
/// One sweep's deletions; what is left goes with the next.
constexpr std::size_t deletions_max = 200;

/// The calls of one mint, or of one sweep's page or deletion, within one time.
class Calls {
  public:
    Calls(CredentialSourceContext const& context, tenancy::AzureAcrSpec const& spec,
          ManagedRegistry const& registry, std::stop_token const& stop)
        : context_(context),
          host_(management_host(spec.cloud)),
          registry_(registry),
          deadline_(context.clock.steady_now() + calls_max),
          stop_(stop) {}

    /// One call. `read` gives its errors the step's name.
    template <class Read>
    auto send(std::string const& step, http::Request request, Read const& read)
        -> decltype(read(http::Response())) {
        auto const left = deadline_ - context_.clock.steady_now();
        if (left < 1ms) {
            return fail(
                Error{ErrorKind::DeadlineExceeded, step + " at " + host_ + " had no time left of " +
                                                       std::to_string(calls_max.count()) + " s"});
        }
        request.timeout =
            std::min(request.timeout, std::chrono::duration_cast<std::chrono::milliseconds>(left));
        return plain_call(
            context_.clouds, step + " at " + host_, request,
            [&](http::Response const& response) {
                answered_at_ = server_time(response);
                return read(response);
            },
            stop_);
    }

    /// PUT of a resource, until it is as asked for.
    Result<void> put(std::string const& step, http::Request const& request);
    Result<TokenPassword> generate_password(http::Request const& request);
    /// Azure's time of its last answer, else ours.
    [[nodiscard]] WallTime azures_now() const {
        return answered_at_.value_or(context_.clock.wall_now());
    }

  private:
    /// False: no time is left, or the stop came.
    bool pause(http::Response const& response) {
        auto const wanted = retry_after(response).value_or(look_again);
        auto const until =
            context_.clock.steady_now() +
            std::clamp<std::chrono::nanoseconds>(wanted, look_again / 2, look_again_max);
        return until < deadline_ && context_.clock.sleep_until(until, stop_);
    }
    [[nodiscard]] Error not_done() const {
        return stop_.stop_requested()
                   ? Error{ErrorKind::Cancelled, "stopped"}
                   : Error{ErrorKind::DeadlineExceeded, "Azure is not done with it in time"};
    }

    CredentialSourceContext const& context_;
    std::string host_;
    ManagedRegistry const& registry_;
    SteadyTime deadline_;
    std::optional<WallTime> answered_at_;
    std::stop_token const& stop_;
};

Result<void> Calls::put(std::string const& step, http::Request const& request) {
    http::Request next = request;
    while (true) {
        std::optional<http::Response> last;
        RT_TRY(bool const done, send(step, next, [&](http::Response const& response) {
                   last = response;
                   return read_provisioned(response);
               }));
        if (done) {
            return {};
        }
        if (!pause(*last)) {
            return fail(not_done().with_context(step + " at " + host_));
        }
        next = *follow_request(registry_, request.url);
    }
}

Result<TokenPassword> Calls::generate_password(http::Request const& request) {
    std::string const step = "password of the token";
    http::Request next = request;
    while (true) {
        std::optional<http::Response> last;
        auto password = send(step, next, [&](http::Response const& response) {
            last = response;
            return response.status == 202 ? Result<TokenPassword>(TokenPassword())
                                          : read_password(response);
        });
        if (!password || last->status != 202) {
            return password;
        }
        // Where it is asked again, an answer may name no other place.
        if (std::string_view const place = last->headers.get("location"); !place.empty()) {
            auto const there = follow_request(registry_, place);
            if (!there) {
                return fail(
                    unreadable(*last, "leads to another host").with_context(step + " at " + host_));
            }
            next = *there;
        } else if (next.method == "POST") {
            return fail(unreadable(*last, "names no Location").with_context(step + " at " + host_));
        }
        if (!pause(*last)) {
            return fail(not_done().with_context(step + " at " + host_));
        }
    }
}

std::vector<std::string> actions_of(tenancy::CredentialSpec const& spec) {
    std::vector<std::string> actions;
    for (tenancy::AllowEntry const& entry : tenancy::without_covered(spec.allow)) {
        actions.push_back("repositories/" + entry.display() + "/content/read");
    }
    return actions;
}

/// The token first: what is without one is found again by its scope map. False: Azure is still at
/// it, and the next sweep takes the rest.
Result<bool> remove(Calls& calls, ManagedRegistry const& registry, std::string const& name) {
    RT_TRY(bool const token_gone,
           calls.send("Deleting a token", delete_token_request(registry, name), read_deleted));
    if (!token_gone) {
        return false;
    }
    return calls.send("Deleting a scope map", delete_scope_map_request(registry, name),
                      read_deleted);
}

/// A token with the scope map of this name.
Result<TokenPassword> make_token(Calls& calls, ManagedRegistry const& registry,
                                 std::string const& name) {
    RT_CHECK(calls.put("token", put_token_request(registry, name)));
    return calls.generate_password(
        generate_password_request(registry, name, calls.azures_now() + password_life));
}

/// This cluster's, by name and description.
Result<std::vector<Leftover>> list(CredentialSourceContext const& context,
                                   tenancy::AzureAcrSpec const& spec,
                                   ManagedRegistry const& registry, std::string const& mark,
                                   std::stop_token const& stop) {
    std::vector<Leftover> found;
    std::optional<http::Request> next = list_scope_maps_request(registry);
    for (int page = 0; page < pages_max && next; ++page) {
        Calls calls(context, spec, registry, stop);
        RT_TRY(ScopeMapPage const read, calls.send("Listing scope maps", *next, read_scope_maps));
        for (ScopeMapPage::Entry const& entry : read.entries) {
            auto name = parse_scope_map_name(entry.name, mark);
            if (name && entry.description.starts_with(description_start)) {
                found.push_back({entry.name, std::move(name->owner), name->issued_at});
            }
        }
        next = read.next.empty() ? std::nullopt : follow_request(registry, read.next);
        if (!read.next.empty() && !next) {
            return fail(Error{ErrorKind::Corrupt, "the list of scope maps leads to another host"});
        }
    }
    return found;
}

}  // namespace

Result<RegistryCredential> ScopeMapTokens::mint(MintRequest const& request,
                                                std::stop_token const& stop) {
    std::string const& name = request.spec.registry->meta.name;
    tenancy::AzureAcrSpec const& spec = *request.spec.registry->azure_acr;
    RT_TRY(std::string const mark, mark_.get(stop));
    // Name and annotation say the same second: by it a token is found to be held.
    auto const issued_at = std::chrono::floor<std::chrono::seconds>(context_.clock.wall_now());
    NewScopeMap const scope_map{
        scope_map_name(mark, request.ns, name, issued_at),
        std::string(description_start) +
            printable("pulls of namespace " + request.ns + " of cluster " +
                          printable(request.cluster, 128) + ", Registry " + name,
                      description_bytes_max - description_start.size()),
        actions_of(request.spec)};
    if (scope_map.actions.empty()) {
        return fail(invalid_argument("nothing is allowed, so there is no token to make"));
    }
    RT_TRY(SecretString token, management_token(context_, spec, stop));
    ManagedRegistry const registry = managed_registry(spec, std::move(token));
    Calls calls(context_, spec, registry, stop);
    RT_CHECK(calls.put("scope map", put_scope_map_request(registry, scope_map)));
    auto made = make_token(calls, registry, scope_map.name);
    if (!made) {
        // A mint that fails each time must not fill the registry; what can't be deleted now is the
        // sweep's.
        Calls undo(context_, spec, registry, stop);
        static_cast<void>(remove(undo, registry, scope_map.name));
        return fail(std::move(made.error()));
    }
    WallTime const now = context_.clock.wall_now();
    // One that never ends, or later than asked for, is replaced as if it had done as told.
    RT_TRY(auto const life, life_left(made->expires_at, calls.azures_now(), password_life,
                                      "password of the token at " +
                                          std::string(management_host(spec.cloud)) + ": it"));
    return RegistryCredential{std::move(made->username), std::move(made->password), issued_at,
                              now + life};
}

Result<SweepResult> ScopeMapTokens::sweep(SweepRequest const& request,
                                          std::stop_token const& stop) {
    tenancy::AzureAcrSpec const& spec = *request.registry->azure_acr;
    RT_TRY(std::string const mark, mark_.get(stop));
    RT_TRY(SecretString token, management_token(context_, spec, stop));
    ManagedRegistry const registry = managed_registry(spec, std::move(token));
    RT_TRY(std::vector<Leftover> const all, list(context_, spec, registry, mark, stop));
    return sweeper_.sweep(request, registry.url, all, deletions_max, [&](std::string const& name) {
        Calls calls(context_, spec, registry, stop);
        return remove(calls, registry, name);
    });
}

}  // namespace rt::op::azure
