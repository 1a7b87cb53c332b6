#include "lib/kube/client/list_all.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace rt::kube {
namespace {

/// 10,000 pages of 500 are 5 million objects; a server that still has more is repeating itself.
constexpr int pages_max = 10'000;

}  // namespace

Result<ListPage> list_all(Client& client, ResourceType const& type, ListOptions options,
                          std::stop_token const& stop) {
    return list_all_reduced(client, type, std::move(options), {}, stop);
}

Result<ListPage> list_all_reduced(Client& client, ResourceType const& type, ListOptions options,
                                  Reduce const& reduce, std::stop_token const& stop) {
    ListPage all;
    std::string continue_token;
    for (int page_number = 0; page_number < pages_max; ++page_number) {
        auto page = client.list_page(type, options, continue_token, stop);
        if (!page && page.error().kind == ErrorKind::Expired && !continue_token.empty()) {
            // The version that the pages came from is compacted (after 5 minutes); whole, then.
            options.limit = 0;
            continue_token.clear();
            all.items.clear();
            continue;
        }
        if (!page) {
            return fail(page.error());
        }
        if (reduce) {
            std::for_each(page->items.begin(), page->items.end(), reduce);
        }
        std::move(page->items.begin(), page->items.end(), std::back_inserter(all.items));
        all.resource_version = std::move(page->resource_version);
        continue_token = std::move(page->continue_token);
        if (continue_token.empty()) {
            return all;
        }
    }
    return fail(Error{ErrorKind::Corrupt, "list " + type.plural + ": no end after " +
                                              std::to_string(pages_max) + " pages"});
}

}  // namespace rt::kube
