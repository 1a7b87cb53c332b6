#include "operator/app.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "lib/base/environment.hpp"
#include "lib/base/file.hpp"
#include "lib/base/log.hpp"
#include "lib/base/metrics.hpp"
#include "lib/base/process.hpp"
#include "lib/base/text.hpp"
#include "lib/http/server.hpp"
#include "lib/http/transport.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/client/config.hpp"
#include "lib/kube/runtime/leader_election.hpp"
#include "lib/tenancy/settings.hpp"
#include "operator/cloud/token_source.hpp"
#include "operator/doctor/doctor.hpp"
#include "operator/leader_client.hpp"
#include "operator/publish/publisher.hpp"
#include "operator/tenancy_operator.hpp"

namespace rt::op {
namespace {

constexpr char lease_name[] = "registry-tenancy-operator";
/// A bundle of every public CA has about 250 KB.
constexpr std::size_t ca_file_bytes_max = std::size_t{2} * 1024 * 1024;
/// A page of Harbor's robots, each with its projects; all other answers are a few kilobytes.
constexpr std::size_t cloud_answer_bytes_max = std::size_t{1} * 1024 * 1024;
constexpr std::chrono::seconds start_retry{2};
constexpr std::chrono::seconds admin_grace{1};

struct Process {
    tenancy::Settings settings;
    std::unique_ptr<kube::Client> api;
    Metrics metrics;
};

LogLevel level_of(std::string const& name) {
    if (name == "debug" || name == "trace") {
        return LogLevel::Debug;
    }
    if (name == "warn") {
        return LogLevel::Warn;
    }
    return name == "error" ? LogLevel::Error : LogLevel::Info;
}

/// Reads settings and finds the API server. An error here is for the one who wrote the
/// configuration.
Result<std::unique_ptr<Process>> start(ProgramOptions const& options) {
    auto process = std::make_unique<Process>();
    RT_TRY(process->settings, tenancy::Settings::load(options.config_file));
    set_log_level(level_of(process->settings.log_level));
    RT_TRY(kube::ClientConfig config, kube::find_config(options.kubeconfig));
    RT_TRY(process->api, kube::make_client(std::move(config), system_clock()));
    return process;
}

/// What the directory says about trust, its files in the order of their names; nothing where it
/// doesn't exist.
Result<http::CaBundles> read_ca_bundles(std::string const& directory) {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
         it.increment(error)) {
        auto const extension = it->path().extension();
        if (extension == ".crt" || extension == ".pem" || extension == ".ca") {
            paths.push_back(it->path());
        }
    }
    std::sort(paths.begin(), paths.end());
    http::CaBundles bundles;
    for (auto const& path : paths) {
        RT_TRY(std::string const text, read_file(path.string(), ca_file_bytes_max));
        bundles.add(path.filename().string(), text);
    }
    return bundles;
}

/// How clouds and registries are reached: trust, proxy and private endpoints.
Result<http::CurlTransportOptions> cloud_transport(tenancy::Settings const& settings,
                                                   http::CaBundles const& trusted) {
    http::CurlTransportOptions options;
    options.tls = http::trusting(trusted);
    options.body_bytes_max = cloud_answer_bytes_max;
    options.connect_to = settings.op.connect_to;
    RT_TRY(options.proxy, http::find_proxy());
    if (options.proxy) {
        log_info("Clouds and registries are asked through a proxy",
                 {{"proxy", options.proxy->authority}, {"not_for", options.proxy->exceptions}});
    }
    return options;
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return "unknown";
    }
    return name.data();
}

int refuse(Error const& error) {
    log_error("Cannot start", {{"error", error.message}});
    flush_log();
    return ExitConfiguration;
}

/// What runs during one term of leadership, as far as others ask about it.
class Term {
  public:
    void begin(TenancyOperator* running) {
        std::lock_guard const lock(mutex_);
        running_ = running;
    }
    void end() { begin(nullptr); }
    /// A replica that stands by is ready: it could take over.
    [[nodiscard]] std::string not_ready() const {
        std::lock_guard const lock(mutex_);
        return running_ == nullptr ? std::string() : running_->not_ready();
    }

  private:
    mutable std::mutex mutex_;
    TenancyOperator* running_ = nullptr;
};

/// The name that stands for this cluster; waits for an API server that is not there yet.
std::string wait_for_cluster_name(Process& process, std::stop_token const& stop) {
    while (!stop.stop_requested()) {
        auto const name = find_cluster_name(process.settings, *process.api, stop);
        if (name) {
            return *name;
        }
        log_warn("Cluster name unknown", {{"error", name.error().message}});
        system_clock().sleep_for(start_retry, stop);
    }
    return {};
}

void lead(Process& process, http::Transport& clouds, kube::LeaderElector const& elector, Term& term,
          std::stop_token const& stop) {
    std::string const cluster = wait_for_cluster_name(process, stop);
    if (stop.stop_requested()) {
        return;
    }
    auto const leading = [&elector] { return elector.leading(); };
    LeaderClient api(*process.api, leading);
    auto const source = make_credential_sources(
        {clouds, api, system_clock(), system_random(), process.settings.product_namespace});
    TenancyOperator running({api, *source, system_clock(), system_random(), process.metrics,
                             process.settings, cluster, clouds, leading});
    term.begin(&running);
    running.run(stop);
    term.end();
}

}  // namespace

int run_operator(ProgramOptions const& options) {
    StopOnSignal signals;
    auto process = start(options);
    if (!process) {
        return refuse(process.error());
    }
    auto bundles = read_ca_bundles((*process)->settings.ca_bundle_directory);
    if (!bundles) {
        return refuse(bundles.error());
    }
    auto transport_options = cloud_transport((*process)->settings, *bundles);
    if (!transport_options) {
        return refuse(transport_options.error());
    }
    auto const clouds = http::make_curl_transport(*std::move(transport_options));

    kube::LeaderElectionOptions election;
    election.lease = {(*process)->settings.product_namespace, lease_name};
    election.identity = host_name() + "_" + system_random().hex(8);
    kube::LeaderElector elector(*(*process)->api, election, system_clock(), system_random());

    Term term;
    http::AdminProbes probes;
    probes.not_live = [&] {
        return elector.overdue() ? std::string("the lease ran out while we believed to hold it")
                                 : std::string();
    };
    probes.not_ready = [&] { return term.not_ready(); };
    auto admin = http::start_admin_server((*process)->settings.op.admin_port, std::move(probes),
                                          (*process)->metrics);
    if (!admin) {
        return refuse(admin.error());
    }
    Gauge& leading = (*process)->metrics.gauge("registry_tenancy_operator_leading",
                                               "1 where this replica holds the Lease and works");
    log_info("Standing by", {{"version", RT_VERSION}, {"identity", election.identity}});
    auto const end = elector.run(
        [&](std::stop_token const& stop) {
            log_info("Leading", {{"identity", election.identity}});
            leading.Set(1);
            lead(**process, *clouds, elector, term, stop);
            leading.Set(0);
        },
        signals.token());
    (*admin)->stop(admin_grace);
    log_info("Ended", {{"lease_lost", end == kube::LeaderElector::End::Lost}});
    flush_log();
    return end == kube::LeaderElector::End::Lost ? ExitLeaseLost : ExitClean;
}

int run_doctor(ProgramOptions const& options) {
    StopOnSignal signals;
    auto const request = read_doctor_request(environment_variable("REGISTRY_TENANCY_DOCTOR"));
    if (!request) {
        return refuse(request.error());
    }
    auto process = start(options);
    if (!process) {
        return refuse(process.error());
    }
    tenancy::Settings const& settings = (*process)->settings;
    auto bundles = read_ca_bundles(settings.ca_bundle_directory);
    if (!bundles) {
        return refuse(bundles.error());
    }
    auto transport_options = cloud_transport(settings, *bundles);
    if (!transport_options) {
        return refuse(transport_options.error());
    }
    auto const proxy_of = http::proxy_of(transport_options->proxy);
    auto const clouds = http::make_curl_transport(*std::move(transport_options));
    auto const cluster = find_cluster_name(settings, *(*process)->api, signals.token());
    if (!cluster) {
        return refuse(cluster.error());
    }
    kube::Client& api = *(*process)->api;
    DoctorContext context{
        api,
        registry::real_network(*clouds, *bundles, proxy_of, signals.token()),
        system_clock(),
        settings,
        *cluster,
        [&](http::Transport& transport) {
            return make_credential_sources(
                {transport, api, system_clock(), system_random(), settings.product_namespace});
        }};
    auto const tell = [](registry::Step const& step) {
        std::string const line = dump_json(registry::to_json(step)) + '\n';
        static_cast<void>(std::fwrite(line.data(), 1, line.size(), stdout));
        static_cast<void>(std::fflush(stdout));
    };
    auto const well = examine(*request, context, tell, signals.token());
    if (!well) {
        tell({"operator", false, {}, printable(well.error().message, 512), ""});
        return ExitConfiguration;
    }
    return *well ? ExitClean : ExitConfiguration;
}

int run_publisher(ProgramOptions const& options) {
    StopOnSignal signals;
    auto process = start(options);
    if (!process) {
        return refuse(process.error());
    }
    publish::Publisher publisher((*process)->settings, *(*process)->api, system_clock(),
                                 publish::tls_probe(), (*process)->metrics);
    http::AdminProbes probes;
    probes.not_ready = [&] {
        return publisher.published()
                   ? std::string()
                   : std::string("the webhook configurations are not written yet");
    };
    auto admin = http::start_admin_server((*process)->settings.op.admin_port, std::move(probes),
                                          (*process)->metrics);
    if (!admin) {
        return refuse(admin.error());
    }
    log_info("Publishing", {{"version", RT_VERSION}});
    publisher.run(signals.token());
    (*admin)->stop(admin_grace);
    log_info("Ended");
    flush_log();
    return ExitClean;
}

}  // namespace rt::op
