#include "operator/cloud/harbor/source.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/log.hpp"
#include "lib/base/text.hpp"
#include "lib/kube/core/object.hpp"
#include "operator/cloud/answers.hpp"
#include "operator/cloud/harbor/requests.hpp"
#include "operator/cloud/harbor/responses.hpp"
#include "operator/cloud/harbor/robot_name.hpp"
#include "operator/cloud/key_cache.hpp"
#include "operator/cloud/leftovers.hpp"
#include "operator/cloud/plain_call.hpp"
#include "operator/cloud/secret_data.hpp"

namespace rt::op::harbor {
namespace {

using namespace std::chrono_literals;

/// Harbor counts in whole days. Renewed at half of it, a robot outlives a Harbor that is away for
/// three days; superseded ones are deleted, so that a longer life leaves nothing lying about.
constexpr int robot_days = 7;
/// How long the login of a Secret is used before it is read again.
constexpr auto login_reread = 60s;
/// 50,000 robots: twice what the largest cluster that we were measured with has.
constexpr int pages_max = 1'000;
/// One sweep's deletions; what is left goes with the next.
constexpr std::size_t deletions_max = 500;

class HarborSource final : public CredentialSource {
  public:
    explicit HarborSource(CredentialSourceContext context)
        : context_(std::move(context)),
          logins_(context_.clock),
          mark_(context_.api),
          sweeper_(context_.clock) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override;
    Result<SweepResult> sweep(SweepRequest const& request, std::stop_token stop) override;
    [[nodiscard]] bool leaves_behind(tenancy::Registry const& registry) const override {
        return registry.harbor.has_value();
    }

  private:
    Result<KeyCache::Fetched> read_login(std::string const& secret, std::stop_token const& stop);
    /// One call as the Registry's identity: `make(login)` gives the request. Where Harbor does not
    /// know the login, once more with what the Secret holds now.
    template <class Make, class Read>
    auto call(std::string const& name, tenancy::HarborSpec const& harbor, Make const& make,
              Read const& read, std::stop_token const& stop) -> decltype(read(http::Response()));
    template <class Make, class Read>
    auto call_once(std::string const& name, tenancy::HarborSpec const& harbor, Make const& make,
                   Read const& read, std::stop_token const& stop)
        -> decltype(read(http::Response()));
    /// Of this cluster's robots alone.
    Result<std::vector<Leftover>> list(tenancy::HarborSpec const& harbor, std::string const& mark,
                                       std::stop_token const& stop);

    CredentialSourceContext context_;
    KeyCache logins_;
    ClusterMark mark_;
    Sweeper sweeper_;
};

Result<KeyCache::Fetched> HarborSource::read_login(std::string const& secret,
                                                   std::stop_token const& stop) {
    RT_TRY(Json const object,
           context_.api.get(kube::types::secrets, {context_.product_namespace, secret}, stop));
    AccessKeys keys;
    RT_TRY(SecretString const username, secret_data(object, "username"));
    RT_TRY(keys.access_key_secret, secret_data(object, "password"));
    keys.access_key_id = username.reveal();
    SteadyTime const again = context_.clock.steady_now() + login_reread;
    return KeyCache::Fetched{std::move(keys), again, again};
}

template <class Make, class Read>
auto HarborSource::call_once(std::string const& name, tenancy::HarborSpec const& harbor,
                             Make const& make, Read const& read, std::stop_token const& stop)
    -> decltype(read(http::Response())) {
    std::string const& secret = harbor.identity.secret_name;
    RT_TRY(AccessKeys keys, logins_.get(secret, [&] { return read_login(secret, stop); }));
    ApiLogin const login{std::move(keys.access_key_id), std::move(keys.access_key_secret)};
    return plain_call(context_.clouds, name + " at " + harbor.url, make(login), read, stop);
}

template <class Make, class Read>
auto HarborSource::call(std::string const& name, tenancy::HarborSpec const& harbor,
                        Make const& make, Read const& read, std::stop_token const& stop)
    -> decltype(read(http::Response())) {
    auto value = call_once(name, harbor, make, read, stop);
    if (!value && value.error().http_status == 401) {
        logins_.forget(harbor.identity.secret_name);
        value = call_once(name, harbor, make, read, stop);
    }
    return value;
}

/// The projects that `allow` lies in, or "*" alone. What a robot cannot be narrowed to is refused
/// unless the Registry accepts it.
Result<std::vector<std::string>> projects_of(tenancy::CredentialSpec const& spec) {
    std::set<std::string> projects;
    for (tenancy::AllowEntry const& entry : spec.allow) {
        bool const whole = entry.kind == tenancy::AllowEntry::Kind::WholeRegistry;
        auto const slash = entry.path.find('/');
        if (!tenancy::is_harbor_project(entry) && !spec.registry->allow_unnarrowed) {
            return fail(invalid_argument(
                "Registry " + spec.registry->meta.name +
                ": a robot of Harbor cannot be narrowed to " + entry.display() +
                ", only to whole projects; allow the project, or set spec.allowUnnarrowed: true to "
                "accept that the credential opens more than tenancies allow"));
        }
        if (entry.kind == tenancy::AllowEntry::Kind::Repository && slash == std::string::npos) {
            return fail(
                invalid_argument("Registry " + spec.registry->meta.name + ": " + entry.display() +
                                 " lies in no project of Harbor; write PROJECT/REPOSITORY"));
        }
        projects.insert(whole ? "*" : entry.path.substr(0, slash));
    }
    if (projects.contains("*")) {
        return std::vector<std::string>{"*"};
    }
    return std::vector<std::string>(projects.begin(), projects.end());
}

Result<RegistryCredential> HarborSource::mint(MintRequest const& request, std::stop_token stop) {
    tenancy::Registry const& registry = *request.spec.registry;
    if (!registry.harbor) {
        return fail(invalid_argument("Registry " + registry.meta.name + " has no block harbor"));
    }
    tenancy::HarborSpec const& harbor = *registry.harbor;
    RT_TRY(std::string const cluster_mark, mark_.get(stop));
    // Name and annotation say the same second: by it a robot is found to be held.
    auto const issued_at = std::chrono::floor<std::chrono::seconds>(context_.clock.wall_now());
    NewRobot robot;
    RT_TRY(robot.projects, projects_of(request.spec));
    robot.name =
        robot_name(cluster_mark, request.cluster, request.ns, registry.meta.name, issued_at);
    robot.description = "registry-tenancy: pulls of namespace " + request.ns + " of cluster " +
                        printable(request.cluster, 128) + ", Registry " + registry.meta.name;
    robot.days = robot_days;
    std::optional<WallTime> answered_at;
    RT_TRY(CreatedRobot created, call(
                                     "Creating a robot", harbor,
                                     [&](ApiLogin const& login) {
                                         return create_robot_request(harbor.url, login, robot);
                                     },
                                     [&](http::Response const& response) {
                                         answered_at = server_time(response);
                                         return read_created_robot(response);
                                     },
                                     stop));

    WallTime const now = context_.clock.wall_now();
    // One that never ends, or later than asked for, is replaced as if it had done as told.
    constexpr WallTime::duration life_max = std::chrono::hours(24) * robot_days;
    RT_TRY(auto const life, life_left(created.expires_at, answered_at.value_or(now), life_max,
                                      "Creating a robot at " + harbor.url + ": it", "of Harbor"));
    return RegistryCredential{std::move(created.name), std::move(created.secret), issued_at,
                              now + life};
}

Result<std::vector<Leftover>> HarborSource::list(tenancy::HarborSpec const& harbor,
                                                 std::string const& mark,
                                                 std::stop_token const& stop) {
    std::map<std::int64_t, ListedRobot> found;
    for (int page = 1; page <= pages_max; ++page) {
        RT_TRY(std::vector<ListedRobot> robots,
               call(
                   "Listing robots", harbor,
                   [&](ApiLogin const& login) {
                       return list_robots_request(harbor.url, login, robot_name_start(mark), page);
                   },
                   read_robots, stop));
        bool const last = robots.size() < robots_per_page;
        for (ListedRobot& robot : robots) {
            found.insert_or_assign(robot.id, std::move(robot));
        }
        if (last) {
            break;
        }
    }
    std::vector<Leftover> result;
    for (auto const& [id, robot] : found) {
        if (auto name = parse_robot_name(robot.name, mark)) {
            result.push_back({std::to_string(id), std::move(name->owner), name->issued_at});
        }
    }
    return result;
}

Result<SweepResult> HarborSource::sweep(SweepRequest const& request, std::stop_token stop) {
    tenancy::Registry const& registry = *request.registry;
    if (!registry.harbor) {
        return SweepResult{};
    }
    tenancy::HarborSpec const& harbor = *registry.harbor;
    RT_TRY(std::string const cluster_mark, mark_.get(stop));
    RT_TRY(std::vector<Leftover> const robots, list(harbor, cluster_mark, stop));
    auto const remove = [&](std::string const& id) -> Result<bool> {
        RT_CHECK(call(
            "Deleting a robot", harbor,
            [&](ApiLogin const& login) { return delete_robot_request(harbor.url, login, id); },
            read_deleted_robot, stop));
        return true;
    };
    return sweeper_.sweep(request, harbor.url, robots, deletions_max, remove);
}

}  // namespace

std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context) {
    return std::make_unique<HarborSource>(std::move(context));
}

}  // namespace rt::op::harbor
