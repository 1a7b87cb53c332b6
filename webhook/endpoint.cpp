#include "webhook/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "webhook/admission/decide.hpp"
#include "webhook/admission/json_patch.hpp"
#include "webhook/admission/resources.hpp"
#include "webhook/admission/respond.hpp"
#include "webhook/admission/review.hpp"
#include "webhook/admission/review_fields.hpp"

namespace rt::webhook {
namespace {

using std::chrono::milliseconds;

/// A namespace created together with its Pods is told by the watch within milliseconds; longer than
/// this means that something is wrong, and a client waits.
constexpr milliseconds suspended_max{2'000};

/// The largest Registry and RegistryTenancy that the CRDs accept, old and new, with managedFields
/// and the annotation of kubectl apply. It is read into a tree of some ten times its size.
constexpr std::size_t resource_body_bytes_max = std::size_t{4} * 1024 * 1024;

/// How long a preview of what a change does may read. Its webhook has 10 s, half of which are the
/// API server's own margin; people wait for it.
constexpr milliseconds preview_patience_max{4'000};

/// A suspended request is read again whenever it is asked again, so the wait grows with the time it
/// has waited already and with its size: a thousand of them cost a few per cent of a core.
milliseconds ask_again_after(http::ServerRequest const& request) {
    auto const waited = std::chrono::duration_cast<milliseconds>(request.waited);
    constexpr std::size_t bytes_per_ms = 20'000;
    return std::clamp(waited / 4, milliseconds{10}, milliseconds{100}) +
           milliseconds(request.body.size() / bytes_per_ms);
}

http::ServerResponse ok(std::string body) {
    http::ServerResponse response;
    response.body = std::move(body);
    return response;
}

bool is_json(std::string_view content_type) {
    constexpr std::string_view json = "application/json";
    return content_type.starts_with(json) &&
           (content_type.size() == json.size() || content_type[json.size()] == ';' ||
            content_type[json.size()] == ' ');
}

/// Adds the time from here to the end of its life, plus what the request had waited, to a
/// histogram.
class Stopwatch {
  public:
    Stopwatch(AdmissionMetrics& metrics, EndpointName endpoint, Clock& clock,
              std::chrono::nanoseconds waited)
        : metrics_(metrics),
          endpoint_(endpoint),
          clock_(clock),
          waited_(waited),
          start_(clock.steady_now()) {}
    void stop() { metrics_.observe(endpoint_, waited_ + (clock_.steady_now() - start_)); }

  private:
    AdmissionMetrics& metrics_;
    EndpointName endpoint_;
    Clock& clock_;
    std::chrono::nanoseconds waited_;
    SteadyTime start_;
};

}  // namespace

milliseconds parse_timeout(std::string_view query, milliseconds fallback) {
    std::size_t at = query.find("timeout=");
    if (at == std::string_view::npos || (at > 0 && query[at - 1] != '&' && query[at - 1] != '?')) {
        return fallback;
    }
    std::string_view rest = query.substr(at + 8);
    rest = rest.substr(0, rest.find('&'));
    double total_ms = 0;
    if (rest.empty()) {
        return fallback;
    }
    while (!rest.empty()) {
        double number = 0;
        auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number,
                                                  std::chars_format::fixed);
        if (error != std::errc{} || number < 0) {
            return fallback;
        }
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        auto const unit_end = std::min(rest.find_first_of("0123456789."), rest.size());
        std::string_view const unit = rest.substr(0, unit_end);
        rest.remove_prefix(unit_end);
        double const factor = unit == "ms" ? 1 : unit == "s" ? 1'000 : unit == "m" ? 60'000 : -1;
        if (factor < 0) {
            return fallback;
        }
        total_ms += number * factor;
    }
    // Kubernetes allows 1 to 30 s; whoever else asks gets no more.
    return milliseconds(static_cast<std::int64_t>(std::min(total_ms, 30'000.0)));
}

Endpoint::Endpoint(PolicySource const& policies, AdmissionSettings settings,
                   AdmissionMetrics& metrics, DecisionObserver* observer, Clock& clock,
                   std::vector<std::string> client_subjects, ImpactPreview preview)
    : policies_(policies),
      settings_(std::move(settings)),
      fields_(std::make_shared<ReviewFields const>(settings_.custom_kinds)),
      metrics_(metrics),
      observer_(observer),
      clock_(clock),
      client_subjects_(std::move(client_subjects)),
      preview_(std::move(preview)),
      desk_(std::make_unique<ResourceDesk>(
          [this](std::string const& body, SteadyTime deadline, std::stop_token stop) {
              return examine(body, deadline, std::move(stop));
          },
          clock_)) {}

http::ServerResponse Endpoint::refuse(int status) const {
    metrics_.refused();
    http::ServerResponse response;
    response.status = status;
    response.content_type = {};
    return response;
}

std::chrono::nanoseconds Endpoint::patience(std::string_view query) const {
    return std::min(suspended_max, parse_timeout(query, settings_.timeout) / 2);
}

/// The thread's own, made for this endpoint's kinds.
ReviewReader& Endpoint::thread_reader() const {
    thread_local std::unique_ptr<ReviewReader> reader;
    if (!reader || reader->fields() != fields_) {
        reader = std::make_unique<ReviewReader>(fields_);
    }
    return *reader;
}

http::Answer Endpoint::answer(http::ServerRequest const& request) const {
    ReviewReader& reader = thread_reader();
    std::string_view const path = request.target.substr(0, request.target.find('?'));
    bool const mutating = path == "/mutate";
    bool const validating = path == "/validate";
    if (!mutating && !validating && path != "/validate-registrytenancy") {
        return refuse(404);
    }
    if (!client_subjects_.empty() &&
        std::find(client_subjects_.begin(), client_subjects_.end(), request.client_common_name) ==
            client_subjects_.end()) {
        return refuse(403);
    }
    if (request.method != "POST") {
        return refuse(405);
    }
    if (!is_json(request.content_type)) {
        return refuse(415);
    }
    try {
        return mutating     ? mutate(request, reader)
               : validating ? validate(request, reader)
                            : validate_resource(request);
    } catch (std::exception const& error) {
        log_error("an admission request failed", {{"path", path}, {"error", error.what()}});
    } catch (...) {
        log_error("an admission request failed", {{"path", path}});
    }
    metrics_.failed();
    std::string_view const uid = mutating || validating ? reader.review().uid : std::string_view();
    if (uid.empty()) {
        // The API server applies the failurePolicy.
        http::ServerResponse response;
        response.status = 500;
        response.content_type = {};
        return response;
    }
    if (mutating) {
        return ok(respond_allowed(uid));
    }
    Decision const decision = deny_failed();
    return ok(respond_decision(uid, decision, wording_of(reader.review(), decision), {}));
}

void Endpoint::notify(Review const& review, Decision const& decision,
                      Wording const& wording) const {
    if (observer_ == nullptr) {
        return;
    }
    try {
        for (Note const& note : wording.notes) {
            observer_->observe(review, decision, note);
        }
    } catch (std::exception const& error) {
        // What is told afterwards must not change what was decided.
        log_error("a decision could not be noted", {{"error", error.what()}});
    }
}

http::Answer Endpoint::mutate(http::ServerRequest const& request, ReviewReader& reader) const {
    Stopwatch watch(metrics_, EndpointName::Mutate, clock_, request.waited);
    ReadStatus const status = reader.read(request.body);
    if (status == ReadStatus::Unanswerable) {
        return refuse(400);
    }
    std::string patch;
    if (status == ReadStatus::Readable) {
        Review const& review = reader.review();
        if (review.target == Target::Pod && review.operation == Operation::Create) {
            PolicyView const view = policies_.view();
            patch = json_patch(review, decide_injection(review, view, settings_));
        }
    }
    auto response = ok(respond_patch(reader.review().uid, patch));
    metrics_.mutated(!patch.empty());
    watch.stop();
    return response;
}

http::Answer Endpoint::validate(http::ServerRequest const& request, ReviewReader& reader) const {
    Stopwatch watch(metrics_, EndpointName::Validate, clock_, request.waited);
    ReadStatus const status = reader.read(request.body);
    if (status == ReadStatus::Unanswerable) {
        return refuse(400);
    }
    Review const& review = reader.review();
    PolicyView const view = policies_.view();
    Decision decision =
        status == ReadStatus::Readable ? decide(review, view, settings_) : deny_unreadable();
    if (decision.outcome == Outcome::NamespaceUnknown) {
        auto const query =
            request.target.substr(std::min(request.target.find('?'), request.target.size()));
        if (request.waited < patience(query)) {
            return http::Suspend{ask_again_after(request)};
        }
        decision = give_up_waiting(std::move(decision));
    }
    Wording wording = wording_of(review, decision);
    if (status == ReadStatus::Refused) {
        // Which field it was is for whoever looks after the API server, not for the user.
        log_warn("an AdmissionReview cannot be understood", {{"problem", reader.problem()}});
    }
    auto response = ok(respond_decision(review.uid, decision, wording, view.age));
    notify(review, decision, wording);
    metrics_.decided(EndpointName::Validate, decision.outcome, decision.reason);
    metrics_.found(decision);
    watch.stop();
    return response;
}

http::Answer Endpoint::validate_resource(http::ServerRequest const& request) const {
    if (request.body.size() > resource_body_bytes_max) {
        return refuse(413);
    }
    Stopwatch watch(metrics_, EndpointName::Resources, clock_, request.waited);
    if (request.kept == nullptr) {
        auto response = examine(request.body, clock_.steady_now() + preview_patience_max, {});
        watch.stop();
        return response;
    }
    auto const query =
        request.target.substr(std::min(request.target.find('?'), request.target.size()));
    auto answer = desk_->answer(
        request, std::min<std::chrono::nanoseconds>(preview_patience_max,
                                                    parse_timeout(query, settings_.timeout) / 2));
    if (std::holds_alternative<http::ServerResponse>(answer)) {
        watch.stop();
    }
    return answer;
}

http::ServerResponse Endpoint::examine(std::string_view body, SteadyTime deadline,
                                       std::stop_token stop) const {
    auto const document = parse_json(body, {.bytes_max = resource_body_bytes_max});
    Json const* const request = document ? find(*document, "request") : nullptr;
    std::string const uid = request != nullptr ? string_at(*request, "uid") : std::string();
    if (request == nullptr || uid.empty() || uid.size() > 256) {
        return refuse(400);
    }
    PolicyView const view = policies_.view();
    ResourceReview result = review_resource(*request, view, settings_, clock_.wall_now());
    if (preview_ && result.errors.empty() && usable(view, settings_)) {
        if (auto const change =
                proposed_change(*request, {clock_.wall_now(), settings_.exception_life_max})) {
            auto more = preview_(what_if(*view.index, *change, settings_), deadline, stop);
            result.warnings.insert(result.warnings.end(), std::make_move_iterator(more.begin()),
                                   std::make_move_iterator(more.end()));
        }
    }
    metrics_.decided(EndpointName::Resources,
                     result.errors.empty() ? Outcome::Allowed : Outcome::Denied, std::nullopt);
    return ok(respond_resource(uid, result.kind, result.name, result.errors, result.warnings));
}

}  // namespace rt::webhook
