#include "webhook/impact/preview.hpp"

#include <nlohmann/json.hpp>

#include "lib/tenancy/image_doors.hpp"
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
    /// False: the limits end it here.
    bool read(NamespaceChange const& change) {
        for (kube::ResourceType const& type : types_to_read()) {
            bool const read = read_list(type, change, [&](Json object) {
                // Items of a list say neither.
                object["apiVersion"] = type.api_version();
                object["kind"] = type.kind;
                impact_.look_at(object, change, settings_);
            });
            if (!read) {
                return false;
            }
        }
        return !begins_to_want_secret(change) ||
               read_list(kube::types::service_accounts, change,
                         [&](Json const& account) { impact_.look_at_account(account, change); });
    }

    template <class LookAt>
    bool read_list(kube::ResourceType const& type, NamespaceChange const& change,
                   LookAt const& look_at) {
        std::string next;
        do {
            if (stop_.stop_requested() || clock_.steady_now() >= deadline_ ||
                objects_ >= limits_.objects_max) {
                return false;
            }
            kube::ListOptions options;
            options.ns = change.ns;
            options.limit = limits_.page_size;
            auto const page = client_.list_page(type, options, next, stop_);
            if (!page && stop_.stop_requested()) {
                return false;
            }
            if (!page) {
                impact_.incomplete(type.plural + " could not be listed in namespace " + change.ns);
                return true;
            }
            for (Json const& object : page->items) {
                look_at(object);
                ++objects_;
            }
            next = page->continue_token;
        } while (!next.empty());
        return true;
    }

    kube::Client& client_;
    Clock& clock_;
    AdmissionSettings const& settings_;
    PreviewLimits const& limits_;
    SteadyTime deadline_;
    std::stop_token stop_;
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
