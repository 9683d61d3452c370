#include "runtime/lane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtime/both.h"

namespace millrace::runtime {
namespace {

Task<void> gives_in_order(Pool* pool, Loop* loop) {
  std::vector<int> seen;  // Without a lock: a lane is never in two threads at a time.
  Lane lane(*pool);
  for (int i = 0; i < 1000; ++i) {
    CO_TRY(co_await lane.settled(3));
    EXPECT_EQ(Loop::current(), loop);
    lane.give([&seen, i] { seen.push_back(i); });
  }
  CO_TRY(co_await lane.settled());
  std::vector<int> wanted(1000);
  std::iota(wanted.begin(), wanted.end(), 0);
  EXPECT_EQ(seen, wanted);
  co_return ok;
}

TEST(Lane, KeepsTheOrder) {
  Loop loop;
  Pool pool("lane", 4);
  ASSERT_TRUE(run_task(loop, gives_in_order(&pool, &loop)));
}

Task<void> fills_two_lanes(Pool* pool) {
  std::latch met(2);
  Lane one(*pool);
  Lane other(*pool);
  for (Lane* lane : {&one, &other}) lane->give([&met] { met.arrive_and_wait(); });
  CO_TRY(co_await one.settled());
  co_return co_await other.settled();
}

TEST(Lane, RunsBesideOtherLanes) {
  Loop loop;
  Pool pool("lanes", 2);
  ASSERT_TRUE(run_task(loop, fills_two_lanes(&pool)));
}

Task<void> waits_for_all_but(Lane* lane, size_t unfinished, std::atomic<int>* done, int* seen) {
  CO_TRY(co_await lane->settled(unfinished));
  *seen = *done;
  co_return ok;
}

TEST(Lane, SettlesWhenFewEnoughAreLeft) {
  Loop loop;
  Pool pool("bounded", 1);
  std::atomic<int> done{0};
  std::latch held(1);
  Lane lane(pool);
  lane.give([&done] { ++done; });
  lane.give([&held] { held.wait(); });
  int seen = -1;
  ASSERT_TRUE(run_task(loop, waits_for_all_but(&lane, 1, &done, &seen)));
  EXPECT_EQ(seen, 1);
  held.count_down();
  ASSERT_TRUE(run_task(loop, waits_for_all_but(&lane, 0, &done, &seen)));
}

TEST(Lane, EndsAfterThePieceThatRuns) {
  std::atomic<bool> done{false};
  std::latch begun(1);
  std::latch held(1);
  Pool pool("ended", 2);
  std::jthread release;
  {
    Lane lane(pool);
    lane.give([&] {
      begun.count_down();
      held.wait();
      done = true;
    });
    begun.wait();
    release = std::jthread([&held] { held.count_down(); });
  }
  EXPECT_TRUE(done);
}

Task<int> answers(int value) { co_return value; }
Task<void> refuses() { co_return fail(ErrorKind::denied, "no"); }
Task<void> throws() {
  throw std::runtime_error("broken");
  co_return ok;
}
Task<int> answers_from(Pool* pool, int value) {
  const auto work = [value]() -> Result<int> { return value; };
  Task<int> run = pool->run(work);
  co_return co_await std::move(run);
}

Task<void> awaits_both(Pool* pool, Loop* loop) {
  for (int i = 0; i < 200; ++i) {
    Task<int> first = i % 2 == 0 ? answers_from(pool, i) : answers(i);
    CO_TRY(const auto sides, co_await both(std::move(first), answers_from(pool, -i)));
    EXPECT_EQ(sides.first.value(), i);
    EXPECT_EQ(sides.second.value(), -i);
    EXPECT_EQ(Loop::current(), loop);
  }
  CO_TRY(const auto at_once, co_await both(answers(1), refuses()));
  EXPECT_EQ(at_once.first.value(), 1);
  EXPECT_EQ(at_once.second.error().kind, ErrorKind::denied);
  co_return ok;
}

TEST(Both, EndsWhenBothHaveEnded) {
  Loop loop;
  Pool pool("both", 2);
  ASSERT_TRUE(run_task(loop, awaits_both(&pool, &loop)));
}

Task<void> awaits_a_throwing_one(Pool* pool) {
  CO_TRY(co_await both(throws(), answers_from(pool, 1)));
  co_return ok;
}

TEST(Both, PassesOnWhatIsThrown) {
  Loop loop;
  Pool pool("thrown", 1);
  EXPECT_THROW(static_cast<void>(run_task(loop, awaits_a_throwing_one(&pool))), std::runtime_error);
}

}  // namespace
}  // namespace millrace::runtime
