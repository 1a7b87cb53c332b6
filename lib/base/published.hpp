#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace rt {

/// An immutable value that one thread replaces and many read: readers hold a shared_ptr to the
/// version they saw. A mutex around one pointer copy instead of std::atomic<std::shared_ptr>, whose
/// GCC 12 implementation the thread sanitizer reports.
template <class T>
class Published {
  public:
    Published() = default;
    explicit Published(std::shared_ptr<T const> value) : value_(std::move(value)) {}

    [[nodiscard]] std::shared_ptr<T const> load() const {
        std::lock_guard const lock(mutex_);
        return value_;
    }

    void store(std::shared_ptr<T const> value) {
        {
            std::lock_guard const lock(mutex_);
            value_.swap(value);
        }
        // `value` now holds the old version and frees it here, outside the lock: it may be large.
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<T const> value_;
};

}  // namespace rt
