#pragma once

#include <string>
#include <vector>

namespace rt::cli {

/// Columns as kubectl prints them: as wide as their widest cell, three spaces apart.
class Table {
  public:
    explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}

    /// As many cells as the head has. Cells are escaped and cut to 200 characters.
    void add(std::vector<std::string> const& cells);
    [[nodiscard]] bool empty() const { return rows_.size() == 1; }
    [[nodiscard]] std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace rt::cli
