#pragma once

#include <functional>
#include <stop_token>

#include "lib/kube/client/client.hpp"

namespace rt::kube {

/// Cuts an object down to what its reader needs.
using Reduce = std::function<void(Json& object)>;

/// list_all() that applies `reduce` page by page, so that large objects are never all in memory.
[[nodiscard]] Result<ListPage> list_all_reduced(Client& client, ResourceType const& type,
                                                ListOptions options, Reduce const& reduce,
                                                std::stop_token const& stop);

}  // namespace rt::kube
