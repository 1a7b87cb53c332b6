#include "webhook/impact/preview.hpp"

#include <nlohmann/json.hpp>

#include "lib/kube/client/discovery.hpp"
#include "lib/tenancy/image_doors.hpp"
#include "lib/tenancy/object_images.hpp"
#include "webhook/impact/impact.hpp"

namespace rt::webhook {
namespace {

/// Workloads first: they say more than their Pods, and there are fewer of them.
std::vector<kube::ResourceType> const& types_to_read() {
    static std::vector<kube::ResourceType> const types = [] {
        std::vector<kube::ResourceType> all;
        for (tenancy::TemplateKind const& kind : tenancy::template_kinds()) {
            all.push_back({std::string(kind.group), std::string(kind.version),
                           std::string(kind.resource), std::string(kind.kind), true});
        }
        all.push_back(kube::types::pods);
        return all;
    }();
    return types;
}

/// A custom kind that the cluster has.
struct CustomType {
    kube::ResourceType type;
    tenancy::CustomKind const* kind;
};

/// How reading one list ended.
enum class Listed {
    All,
    Failed,  ///< said; the others can be read
    Ended,   ///< by the limits
};

class Reader {
  public:
    Reader(kube::Client& client, Clock& clock, AdmissionSettings const& settings,
           PreviewLimits const& limits, SteadyTime deadline, std::stop_token stop)
        : client_(client),
          clock_(clock),
          settings_(settings),
          limits_(limits),
          deadline_(deadline),
          stop_(std::move(stop)) {}

    std::vector<std::string> read(std::vector<NamespaceChange> const& changes) {
        if (!changes.empty() && may_go_on()) {
            look_for_custom_types();
        }
        std::size_t done = 0;
        for (NamespaceChange const& change : changes) {
            if (done == limits_.namespaces_max || !read(change)) {
                break;
            }
            ++done;
        }
        if (done < changes.size()) {
            impact_.incomplete("it looked at " + std::to_string(done) + " of " +
                               std::to_string(changes.size()) + " namespaces");
        }
        return impact_.warnings();
    }

  private:
    [[nodiscard]] bool may_go_on() const {
        return !stop_.stop_requested() && clock_.steady_now() < deadline_ &&
               objects_ < limits_.objects_max;
    }

    void look_for_custom_types() {
        std::vector<kube::GroupResource> wanted;
        for (tenancy::CustomKind const& kind : settings_.custom_kinds) {
            wanted.push_back({kind.group, kind.resource});
        }
        auto const types = kube::discover(client_, wanted, stop_);
        if (!types) {
            impact_.incomplete("the cluster could not be asked which custom kinds it has");
            return;
        }
        for (std::size_t i = 0; i < types->size(); ++i) {
            auto const& type = (*types)[i];
            if (type && type->namespaced) {
                custom_types_.push_back({*type, &settings_.custom_kinds[i]});
            }
        }
    }

    /// False: the limits end it here.
    bool read(NamespaceChange const& change) {
        return read_custom(change) && read_built_in(change) &&
               (!begins_to_want_secret(change) ||
                read_list(kube::types::service_accounts, change, [&](Json const& account) {
                    impact_.look_at_account(account, change);
                }) != Listed::Ended);
    }

    /// First, because what they control is not to be told once more.
    bool read_custom(NamespaceChange const& change) {
        for (auto one = custom_types_.begin(); one != custom_types_.end();) {
            auto const listed = read_list(one->type, change, [&](Json const& object) {
                impact_.look_at(object, tenancy::images_of_custom(object, *one->kind), change,
                                settings_);
            });
            if (listed == Listed::Ended) {
                return false;
            }
            if (listed == Listed::Failed) {
                // Mostly a right that is missing, in every namespace.
                one = custom_types_.erase(one);
                continue;
            }
            impact_.looks_at(one->type);
            ++one;
        }
        return true;
    }

    bool read_built_in(NamespaceChange const& change) {
        for (kube::ResourceType const& type : types_to_read()) {
            auto const listed = read_list(type, change, [&](Json object) {
                // Items of a list say neither.
                object["apiVersion"] = type.api_version();
                object["kind"] = type.kind;
                if (auto const images = tenancy::images_of(object)) {
                    impact_.look_at(object, *images, change, settings_);
                }
            });
            if (listed == Listed::Ended) {
                return false;
            }
        }
        return true;
    }

    template <class LookAt>
    Listed read_list(kube::ResourceType const& type, NamespaceChange const& change,
                     LookAt const& look_at) {
        std::string next;
        do {
            if (!may_go_on()) {
                return Listed::Ended;
            }
            kube::ListOptions options;
            options.ns = change.ns;
            options.limit = limits_.page_size;
            auto const page = client_.list_page(type, options, next, stop_);
            if (!page && stop_.stop_requested()) {
                return Listed::Ended;
            }
            if (!page) {
                impact_.incomplete(why_not_listed(type, change, page.error()));
                return Listed::Failed;
            }
            for (Json const& object : page->items) {
                look_at(object);
                ++objects_;
            }
            next = page->continue_token;
        } while (!next.empty());
        return Listed::All;
    }

    static std::string why_not_listed(kube::ResourceType const& type, NamespaceChange const& change,
                                      Error const& error) {
        std::string const name = type.plural + (type.group.empty() ? "" : '.' + type.group);
        return error.kind == ErrorKind::Forbidden
                   ? "the webhook may not list " + name +
                         "; grant its ServiceAccount registry-tenancy-webhook the right"
                   : name + " could not be listed in namespace " + change.ns;
    }

    kube::Client& client_;
    Clock& clock_;
    AdmissionSettings const& settings_;
    PreviewLimits const& limits_;
    SteadyTime deadline_;
    std::stop_token stop_;
    std::vector<CustomType> custom_types_{};
    std::size_t objects_ = 0;
    Impact impact_;
};

}  // namespace

std::vector<std::string> preview_impact(kube::Client& client, Clock& clock,
                                        std::vector<NamespaceChange> const& changes,
                                        AdmissionSettings const& settings,
                                        PreviewLimits const& limits, SteadyTime deadline,
                                        std::stop_token stop) {
    return Reader(client, clock, settings, limits, deadline, std::move(stop)).read(changes);
}

}  // namespace rt::webhook
