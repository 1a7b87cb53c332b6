#include "operator/inventory/workload_board.hpp"

#include <gtest/gtest.h>

namespace rt::op {
namespace {

using Names = std::vector<std::string>;

tenancy::Workloads foreign(std::size_t denied, std::string const& image) {
    tenancy::Workloads result;
    result.denied = denied;
    result.images.push_back({tenancy::Workloads::Kind::Denied, image, ""});
    return result;
}

TEST(WorkloadBoardTest, TellsWhoseStatusChanges) {
    WorkloadBoard board;
    EXPECT_EQ(board.put("n", {"a"}, {}), Names{"a"}) << "it was unknown before";
    EXPECT_EQ(board.put("n", {"a"}, {}), Names{});
    EXPECT_EQ(board.put("n", {"b"}, {}), (Names{"a", "b"}));
    EXPECT_EQ(board.put("n", {"b"}, foreign(1, "x")), Names{"b"});
    EXPECT_EQ(board.remove("n"), Names{"b"});
    EXPECT_EQ(board.remove("n"), Names{});
}

TEST(WorkloadBoardTest, SumsUpAndNamesTheFirst) {
    WorkloadBoard board;
    board.put("n2", {"a"}, foreign(2, "second"));
    board.put("n1", {"a"}, foreign(1, "first"));
    board.put("n0", {"a"}, {});
    auto const tally = board.tally({"n2", "n1", "n0", "n9"});
    EXPECT_EQ(tally.denied, 3U);
    EXPECT_EQ(tally.namespaces, 2U);
    EXPECT_EQ(tally.unknown, 1U);
    EXPECT_EQ(tally.first_namespace + " " + tally.first_image, "n1 first");
    EXPECT_EQ(board.total().denied, 3U);
}

}  // namespace
}  // namespace rt::op
