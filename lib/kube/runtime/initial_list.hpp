#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"

namespace rt::kube {

/// The objects of a list that the API server streams one by one (WatchList, KEP-3157) and may
/// change again before the list is complete. Not thread-safe.
class InitialList {
  public:
    InitialList();
    ~InitialList();
    InitialList(InitialList const&) = delete;
    InitialList& operator=(InitialList const&) = delete;

    /// Adds the object, or replaces the one of its key.
    void upsert(Json object);
    /// Nothing happens where there is no object of that key.
    void erase(ObjectKey const& key);
    void clear();
    /// All objects, in no particular order; none are left.
    [[nodiscard]] std::vector<Json> take();

  private:
    std::vector<Json> items_;
    std::unordered_map<ObjectKey, std::size_t> places_;  ///< into items_
};

}  // namespace rt::kube
