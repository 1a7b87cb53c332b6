// Small types: results, errors, files, metrics, published values.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "lib/base/file.hpp"
#include "lib/base/metrics.hpp"
#include "lib/base/published.hpp"
#include "lib/base/result.hpp"
#include "lib/base/strong.hpp"

namespace rt {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) {
        return fail(invalid_argument("odd"));
    }
    return number / 2;
}

Result<int> quarter(int number) {
    RT_TRY(int const once, half(number));
    RT_TRY(int const twice, half(once));
    return twice;
}

Result<void> divisible_by_four(int number) {
    RT_CHECK(quarter(number));
    return {};
}

TEST(ResultMacros, return_the_first_error) {
    EXPECT_EQ(*quarter(8), 2);
    EXPECT_EQ(quarter(6).error().message, "odd");
    EXPECT_TRUE(divisible_by_four(4));
    EXPECT_FALSE(divisible_by_four(2));
}

TEST(ErrorTest, says_what_a_retry_may_cure) {
    using enum ErrorKind;
    for (ErrorKind const kind :
         {Conflict, Throttled, Unavailable, DeadlineExceeded, Expired, Corrupt}) {
        EXPECT_TRUE((Error{kind, ""}.retryable())) << name_of(kind);
    }
    for (ErrorKind const kind : {InvalidArgument, NotFound, AlreadyExists, Unauthenticated,
                                 Forbidden, Cancelled, Internal}) {
        EXPECT_FALSE((Error{kind, ""}.retryable())) << name_of(kind);
    }
}

TEST(ErrorTest, context_goes_before_the_message_and_keeps_the_rest) {
    Error error{ErrorKind::Throttled, "slow down"};
    error.code = "Throttling";
    error.retry_after = std::chrono::milliseconds(7);
    Error const wrapped = error.with_context("sts");
    EXPECT_EQ(wrapped.message, "sts: slow down");
    EXPECT_EQ(wrapped.kind, ErrorKind::Throttled);
    EXPECT_EQ(wrapped.code, "Throttling");
    EXPECT_EQ(wrapped.retry_after, std::chrono::milliseconds(7));
}

class TemporaryFile {
  public:
    explicit TemporaryFile(std::string const& content) {
        int const descriptor = ::mkstemp(path_);
        EXPECT_EQ(::write(descriptor, content.data(), content.size()),
                  static_cast<ssize_t>(content.size()));
        ::close(descriptor);
    }
    ~TemporaryFile() { ::unlink(path_); }
    [[nodiscard]] std::string path() const { return path_; }

  private:
    char path_[64] = "/tmp/rt-unit-XXXXXX";
};

TEST(ReadFile, reads_up_to_its_limit) {
    TemporaryFile const file(std::string(40'000, 'x'));
    EXPECT_EQ(read_file(file.path(), 40'000)->size(), 40'000U);
    auto const over = read_file(file.path(), 39'999);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().kind, ErrorKind::InvalidArgument);
    EXPECT_NE(over.error().message.find(file.path()), std::string::npos);
}

TEST(ReadFile, names_what_it_cannot_read) {
    auto const missing = read_file("/no/such/file", 10);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
    EXPECT_NE(missing.error().message.find("/no/such/file"), std::string::npos);
    EXPECT_EQ(read_file("/tmp", 10).error().kind, ErrorKind::Unavailable);
}

TEST(MetricsTest, the_same_series_is_the_same_object) {
    Metrics metrics;
    Counter& first = metrics.counter("a_total", "A.", {{"kind", "x"}});
    Counter& again = metrics.counter("a_total", "A.", {{"kind", "x"}});
    EXPECT_EQ(&first, &again);
    first.Increment();
    metrics.gauge("b", "B.").Set(2);
    metrics.histogram("c_seconds", "C.", {0.1, 1}).Observe(0.5);
    std::string const text = metrics.text();
    EXPECT_NE(text.find("a_total{kind=\"x\"} 1\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\nb 2\n"), std::string::npos) << text;
    EXPECT_NE(text.find("c_seconds_bucket{le=\"1\"} 1\n"), std::string::npos) << text;
}

TEST(PublishedTest, readers_keep_the_version_they_saw) {
    Published<std::string> published;
    EXPECT_EQ(published.load(), nullptr);
    published.store(std::make_shared<std::string const>("one"));
    auto const seen = published.load();
    published.store(std::make_shared<std::string const>("two"));
    EXPECT_EQ(*seen, "one");
    EXPECT_EQ(*published.load(), "two");
}

TEST(PublishedTest, threads_may_read_while_another_writes) {
    Published<int> published(std::make_shared<int const>(0));
    std::jthread const writer([&] {
        for (int value = 1; value <= 1000; ++value) {
            published.store(std::make_shared<int const>(value));
        }
    });
    int last = 0;
    while (last < 1000) {
        int const now = *published.load();
        ASSERT_GE(now, last) << "versions never go back";
        last = now;
    }
}

TEST(StrongStringTest, two_tags_never_mix) {
    struct NameTag;
    struct RegionTag;
    using Name = StrongString<NameTag>;
    using Region = StrongString<RegionTag>;
    static_assert(!std::convertible_to<Name, Region>);
    static_assert(!std::convertible_to<std::string, Name>);
    EXPECT_EQ(Name("a"), Name("a"));
    EXPECT_LT(Name("a"), Name("b"));
    EXPECT_EQ(std::hash<Name>{}(Name("a")), std::hash<Name>{}(Name("a")));
}

}  // namespace
}  // namespace rt
