#pragma once

#include <string>

namespace rt::op {

/// Where Events go; the program hands them to kube::EventRecorder, tests collect them. Notes are
/// for cluster admins (they stand on cluster-scoped objects) and hold no secrets; those of
/// on_exception() and on_pod() are for developers, too. Thread-safe, never blocks.
class EventSink {
  public:
    virtual ~EventSink() = default;
    virtual void on_tenancy(std::string const& tenancy, bool warning, std::string const& reason,
                            std::string const& action, std::string const& note) = 0;
    /// On the exception, and on the RegistryGrant of each of its namespaces, where developers look.
    virtual void on_exception(std::string const& exception, bool warning, std::string const& reason,
                              std::string const& note) = 0;
    virtual void on_pod(std::string const& ns, std::string const& pod, std::string const& uid,
                        bool warning, std::string const& reason, std::string const& note) = 0;
};

}  // namespace rt::op
