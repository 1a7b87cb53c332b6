#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace rt {

using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

/// The process's metrics. Resolve series once at start and keep the references (they live as long
/// as this object): a look-up takes a lock, an increment is one atomic operation. Label values come
/// from closed sets, so that the number of series is bounded.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(Metrics const&) = delete;
    Metrics& operator=(Metrics const&) = delete;

    Counter& counter(std::string const& name, std::string const& help, Labels const& labels = {});
    Gauge& gauge(std::string const& name, std::string const& help, Labels const& labels = {});
    /// `buckets` are upper bounds in the metric's unit, ascending.
    Histogram& histogram(std::string const& name, std::string const& help,
                         std::vector<double> const& buckets, Labels const& labels = {});

    /// Prometheus text exposition format 0.0.4.
    [[nodiscard]] std::string text() const;

  private:
    struct Registry;
    std::unique_ptr<Registry> registry_;
};

}  // namespace rt
