#include "lib/base/metrics.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace rt {

struct Metrics::Registry {
    prometheus::Registry families;
};

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string const& name, std::string const& help, Labels const& labels) {
    return prometheus::BuildCounter()
        .Name(name)
        .Help(help)
        .Register(registry_->families)
        .Add(labels);
}

Gauge& Metrics::gauge(std::string const& name, std::string const& help, Labels const& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_->families).Add(labels);
}

Histogram& Metrics::histogram(std::string const& name, std::string const& help,
                              std::vector<double> const& buckets, Labels const& labels) {
    return prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Register(registry_->families)
        .Add(labels, buckets);
}

std::string Metrics::text() const {
    return prometheus::TextSerializer().Serialize(registry_->families.Collect());
}

}  // namespace rt
