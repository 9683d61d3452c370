#include "runtime/read_ahead.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

namespace millrace::runtime {
namespace {

// Makes 0, 1, 2, … below `end`.
auto numbers(int end) {
  return [next = 0, end](int& piece) mutable -> Result<bool> {
    if (next == end) return false;
    piece = next++;
    return true;
  };
}

TEST(ReadAhead, HandsOutEverythingInOrder) {
  for (const size_t depth : {1, 2, 7}) {
    ReadAhead<int> ahead("numbers", depth);
    ahead.start(numbers(1000));
    int piece = -1;
    for (int expected = 0; expected < 1000; ++expected) {
      const Result<bool> taken = ahead.take(piece);
      ASSERT_TRUE(taken.has_value());
      ASSERT_TRUE(*taken);
      ASSERT_EQ(piece, expected);
    }
    EXPECT_FALSE(*ahead.take(piece));
    EXPECT_FALSE(*ahead.take(piece));
  }
}

TEST(ReadAhead, MakesOnAnotherThreadAndNoMoreThanItsDepth) {
  std::atomic<int> made{0};
  std::latch three(3);
  const auto here = std::this_thread::get_id();
  ReadAhead<int> ahead("depth", 3);
  ahead.start([&](int& piece) -> Result<bool> {
    EXPECT_NE(std::this_thread::get_id(), here);
    piece = ++made;
    if (made <= 3) three.count_down();
    return true;
  });
  three.wait();  // Without anybody taking.
  ahead.stop();
  EXPECT_EQ(made, 3);
}

TEST(ReadAhead, BeginsAnew) {
  ReadAhead<int> ahead("anew", 4);
  int piece = -1;
  for (int round = 0; round < 50; ++round) {
    ahead.start(numbers(100));
    for (int i = 0; i <= round; ++i) ASSERT_TRUE(*ahead.take(piece));
    EXPECT_EQ(piece, round);
  }
}

TEST(ReadAhead, HandsOutWhatCameBeforeAnError) {
  ReadAhead<int> ahead("error", 2);
  ahead.start([next = 0](int& piece) mutable -> Result<bool> {
    if (next == 3) return fail(ErrorKind::invalid, "the fourth is bad");
    piece = next++;
    return true;
  });
  int piece = -1;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(*ahead.take(piece));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ahead.take(piece).error().message, "the fourth is bad");
}

TEST(ReadAhead, PassesExceptions) {
  ReadAhead<int> ahead("throws", 2);
  ahead.start([](int&) -> Result<bool> { throw std::runtime_error("broken"); });
  int piece = 0;
  EXPECT_THROW(static_cast<void>(ahead.take(piece)), std::runtime_error);
}

TEST(ReadAhead, EndsUntaken) {
  ReadAhead<int> ahead("untaken", 2);
  ahead.start(numbers(1000));
}

}  // namespace
}  // namespace millrace::runtime
