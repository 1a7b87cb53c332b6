#include "cli/table.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace rt::cli {

void Table::add(std::vector<std::string> const& cells) {
    std::vector<std::string> row;
    row.reserve(cells.size());
    for (std::string const& cell : cells) {
        row.push_back(cell.empty() ? "-" : printable(cell, 200));
    }
    rows_.push_back(std::move(row));
}

std::string Table::text() const {
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (auto const& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string out;
    for (auto const& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += row[i];
            if (i + 1 < row.size()) {
                out.append(widths[i] - row[i].size() + 3, ' ');
            }
        }
        out += '\n';
    }
    return out;
}

}  // namespace rt::cli
