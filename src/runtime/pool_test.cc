#include "runtime/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace millrace::runtime {
namespace {

Result<std::thread::id> thread_id() { return std::this_thread::get_id(); }
Result<int> refuses() { return fail(ErrorKind::denied, "no"); }
Result<int> throws() { throw std::runtime_error("broken"); }

Task<void> goes_and_returns(Pool* pool, Loop* loop) {
  CO_TRY(const std::thread::id there, co_await pool->run(thread_id));
  EXPECT_NE(there, std::this_thread::get_id());
  EXPECT_EQ(Loop::current(), loop);
  co_return ok;
}

TEST(Pool, RunsElsewhereAndContinuesAtHome) {
  Loop loop;
  Pool pool("elsewhere", 2);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(run_task(loop, goes_and_returns(&pool, &loop)));
}

TEST(Pool, PassesErrorsAndExceptions) {
  Loop loop;
  Pool pool("errors", 1);
  EXPECT_EQ(run_task_for<int>(loop, pool.run(refuses)).error().kind, ErrorKind::denied);
  EXPECT_THROW(static_cast<void>(run_task_for<int>(loop, pool.run(throws))), std::runtime_error);
}

TEST(Pool, FinishesWhatIsQueuedBeforeItEnds) {
  std::atomic<int> done{0};
  {
    Pool pool("finish", 2);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pool.submit([&done] { ++done; }));
  }
  EXPECT_EQ(done, 1000);
}

TEST(Pool, RefusesMoreThanItsQueueHolds) {
  std::latch blocked(1);
  std::latch started(1);
  Pool pool("full", 1);
  ASSERT_TRUE(pool.submit([&] {
    started.count_down();
    blocked.wait();
  }));
  started.wait();
  for (size_t i = 0; i < Pool::kQueueMax; ++i) ASSERT_TRUE(pool.submit([] {}));
  EXPECT_FALSE(pool.submit([] {}));
  Loop loop;
  EXPECT_EQ(run_task_for<int>(loop, pool.run(refuses)).error().kind, ErrorKind::exhausted);
  blocked.count_down();
}

}  // namespace
}  // namespace millrace::runtime
