#include "webhook/app.hpp"

#include <unistd.h>

#include <array>

#include "lib/base/environment.hpp"
#include "lib/base/log.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "webhook/impact/preview.hpp"

namespace rt::webhook {
namespace {

using std::chrono::milliseconds;

/// How often freshness and graces are looked after. Both are measured in seconds.
constexpr milliseconds tick_interval{100};
/// Until the first sync, so that readiness follows it at once.
constexpr milliseconds first_tick_interval{5};
/// The kubelet itself brings a changed Secret only about once a minute.
constexpr int ticks_per_certificate_poll = 20;
constexpr int ticks_per_metrics = 10;
/// For answers in flight once serving has ended; none takes longer than its own 3 s deadline.
constexpr milliseconds stop_grace{5'000};

std::string instance_name() {
    if (std::string pod = environment_variable("POD_NAME"); !pod.empty()) {
        return pod;
    }
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

LogLevel level_of(std::string const& name) {
    return name == "error"  ? LogLevel::Error
           : name == "warn" ? LogLevel::Warn
           : name == "info" ? LogLevel::Info
                            : LogLevel::Debug;
}

http::ServerOptions server_options(tenancy::WebhookSettings const& settings) {
    http::ServerOptions options;
    options.port = settings.port;
    options.threads = settings.threads;
    options.limits.body_bytes_max = settings.limits.body_bytes_max;
    options.limits.body_bytes_in_flight_max = settings.limits.body_bytes_in_flight_max;
    options.limits.connections_max = settings.limits.connections_max;
    options.limits.connections_per_peer_max = settings.limits.connections_per_peer_max;
    options.limits.suspended_max = settings.limits.suspended_max;
    options.metrics_prefix = "registry_tenancy_webhook_server";
    return options;
}

}  // namespace

App::App(tenancy::Settings settings, std::unique_ptr<kube::Client> client, Clock& clock,
         Random& random)
    : settings_(std::move(settings)),
      clock_(clock),
      client_(std::move(client)),
      admission_metrics_(metrics_),
      recorder_(*client_, "registry-tenancy-webhook", instance_name(), clock),
      mirror_(recorder_, clock),
      feed_(
          *client_, clock, random, [this](std::string_view ns) { return settings_.excluded(ns); },
          settings_.grace, settings_.exception_life_max, settings_.webhook.staleness_max),
      endpoint_(feed_, AdmissionSettings::from(settings_), admission_metrics_, &mirror_, clock,
                settings_.webhook.client_subjects,
                [this](std::vector<NamespaceChange> const& changes, SteadyTime deadline,
                       std::stop_token stop) {
                    return preview_impact(*client_, clock_, changes, endpoint_.settings(), {},
                                          deadline, std::move(stop));
                }),
      certificate_(settings_.webhook.certificate_directory, settings_.webhook.client_ca_file,
                   [this](http::ServingCertificate const& certificate) {
                       return server_->set_certificate(certificate);
                   }) {}

Result<std::unique_ptr<App>> App::start(tenancy::Settings settings,
                                        std::unique_ptr<kube::Client> client, Clock& clock,
                                        Random& random) {
    set_log_level(level_of(settings.log_level));
    std::unique_ptr<App> app(new App(std::move(settings), std::move(client), clock, random));
    RT_CHECK(app->open());
    return app;
}

Result<void> App::open() {
    RT_TRY(server_, http::start_tls_server(server_options(settings_.webhook), endpoint_.handler(),
                                           metrics_));
    certificate_.poll();
    http::AdminProbes probes;
    probes.not_ready = [this] { return not_ready(); };
    RT_TRY(admin_,
           http::start_admin_server(settings_.webhook.admin_port, std::move(probes), metrics_));
    feed_.start();
    housekeeper_ = std::jthread([this](std::stop_token stop) { keep_house(std::move(stop)); });
    log_info("serving admission reviews",
             {{"port", server_->port()}, {"adminPort", admin_->port()}, {"version", RT_VERSION}});
    return {};
}

App::~App() {
    housekeeper_ = {};
    // Nobody may call into the endpoint once it goes.
    if (server_) {
        server_->stop(milliseconds{0});
    }
    admin_.reset();
    server_.reset();
}

void App::keep_house(std::stop_token stop) {
    bool synced = false;
    int count = 0;
    while (clock_.sleep_for(synced ? tick_interval : first_tick_interval, stop)) {
        feed_.tick();
        auto const view = feed_.view();
        if (view.synced && !synced) {
            log_info("index complete", {{"namespaces", view.index->namespaces()},
                                        {"tenancies", view.index->tenancies().size()}});
        }
        synced = view.synced;
        ++count;
        if (count % ticks_per_metrics == 0) {
            admission_metrics_.show(feed_.figures());
            admission_metrics_.show_snapshot(view.synced, view.age);
        }
        if (count % ticks_per_certificate_poll == 0) {
            certificate_.poll();
            if (auto const expiry = certificate_.expiry()) {
                admission_metrics_.show_certificate_expiry(
                    std::chrono::duration<double>(expiry->time_since_epoch()).count());
            }
        }
    }
}

std::string App::not_ready() const {
    if (draining_) {
        return "shutting down";
    }
    if (std::string reason = certificate_.not_ready(clock_.wall_now()); !reason.empty()) {
        return reason;
    }
    auto const view = feed_.view();
    if (!view.synced) {
        return "the index is not complete: " + feed_.trouble();
    }
    if (view.age > settings_.webhook.staleness_max) {
        return "the index was last proven complete " +
               std::to_string(std::chrono::duration_cast<std::chrono::seconds>(view.age).count()) +
               " s ago: " + feed_.trouble();
    }
    return {};
}

void App::run(std::stop_token stop) {
    while (clock_.sleep_for(std::chrono::hours{1}, stop)) {
    }
    log_info("stopping", {{"drainSeconds", settings_.webhook.drain.count()}});
    draining_ = true;
    server_->drain();
    clock_.sleep_for(settings_.webhook.drain, {});
    server_->stop(stop_grace);
    log_info("stopped");
}

}  // namespace rt::webhook
