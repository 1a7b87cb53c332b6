#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "lib/http/server.hpp"

namespace rt::http {

/// One connection's receive buffer: contiguous, so that parsers see whole heads and bodies without
/// a copy, and always with body_padding_bytes readable behind the last byte. Starts at a size that
/// holds a usual request in one read (a small buffer that grows costs Beast twice the CPU per
/// request), grows by doubling and only behind bytes that arrived, so a peer can't reserve memory
/// by announcing much.
class ConnectionBuffer {
  public:
    static constexpr std::size_t base_bytes = std::size_t{64} * 1024;

    ConnectionBuffer() { allocate(base_bytes); }

    [[nodiscard]] std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }

    /// Free space to receive into, never empty: moves what is held to the front or grows when full.
    /// Invalidates views.
    [[nodiscard]] std::span<char> free_space() {
        if (end_ == capacity_) {
            if (begin_ > 0) {
                std::memmove(data_.get(), data_.get() + begin_, size());
                end_ -= begin_;
                begin_ = 0;
            } else {
                grow();
            }
        }
        return {data_.get() + end_, capacity_ - end_};
    }
    /// `count` bytes of free_space() now hold received data.
    void commit(std::size_t count) { end_ += count; }
    /// Forgets the first `count` bytes.
    void consume(std::size_t count) {
        begin_ += std::min(count, size());
        if (begin_ == end_) {
            begin_ = end_ = 0;
            if (capacity_ > base_bytes) {
                allocate(base_bytes);  // one large request must not cost memory for the next hours
            }
        }
    }

  private:
    void allocate(std::size_t bytes) {
        data_ = std::make_unique_for_overwrite<char[]>(bytes + body_padding_bytes);
        capacity_ = bytes;
    }
    void grow() {
        std::unique_ptr<char[]> const old = std::move(data_);
        allocate(capacity_ * 2);
        std::memcpy(data_.get(), old.get(), end_);
    }

    std::unique_ptr<char[]> data_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace rt::http
