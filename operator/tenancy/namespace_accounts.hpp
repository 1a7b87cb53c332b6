#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/kube/runtime/controller.hpp"
#include "lib/tenancy/settings.hpp"
#include "operator/tenancy/cluster_view.hpp"

namespace rt::op {

/// True where the namespace's rules name a Registry of identity ServiceAccount, so that its
/// ServiceAccount in the operator's namespace is needed; also while rules that cannot be read may
/// name one. Pure.
[[nodiscard]] bool needs_service_account(Gathered const& gathered);

/// Removes the ServiceAccounts that namespace_token() made, once no namespace needs them for as
/// long as the grace. Only those that carry our labels and the name that follows from them. One
/// that is removed too early costs nothing: the next token makes it again, under the same subject.
/// One call at a time.
class NamespaceAccounts {
  public:
    NamespaceAccounts(kube::Client& api, ClusterView const& view, Clock& clock,
                      tenancy::Settings const& settings)
        : api_(api), view_(view), clock_(clock), settings_(settings) {}

    /// Looks at all of them; says when to look again.
    kube::Outcome sweep(std::stop_token const& stop);

  private:
    kube::Client& api_;
    ClusterView const& view_;
    Clock& clock_;
    tenancy::Settings const& settings_;
    std::map<std::string, SteadyTime> unneeded_since_;  ///< by name; a restart starts anew
};

}  // namespace rt::op
