#include "runtime/loop.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace millrace::runtime {
namespace {

Task<int> answer(int value) { co_return value; }

Task<int> sum(int depth) {
  if (depth == 0) co_return 0;
  CO_TRY(const int rest, co_await sum(depth - 1));
  CO_TRY(const int one, co_await answer(1));
  co_return rest + one;
}

Task<int> failing() { co_return fail(ErrorKind::not_found, "no such thing"); }

Task<int> passes_errors_on() {
  CO_TRY(const int value, co_await failing());
  co_return value;
}

Task<int> throwing() {
  throw std::runtime_error("broken");
  co_return 1;
}

Task<void> on_loop(Loop* loop, std::vector<Loop*>* seen) {
  seen->push_back(Loop::current());
  co_await loop->resume_here();
  seen->push_back(Loop::current());
  co_return ok;
}

struct Ends {
  bool* ended;
  ~Ends() { *ended = true; }
};

Task<void> holds(std::unique_ptr<Ends> ends) {
  static_cast<void>(ends);
  co_return ok;
}

TEST(Task, ReturnsValuesErrorsAndExceptions) {
  Loop loop;
  EXPECT_EQ(*run_task_for<int>(loop, answer(7)), 7);
  EXPECT_EQ(run_task_for<int>(loop, passes_errors_on()).error().message, "no such thing");
  EXPECT_THROW(static_cast<void>(run_task_for<int>(loop, throwing())), std::runtime_error);
}

TEST(Task, ManyInARowUseNoStack) {
  Loop loop;
  EXPECT_EQ(*run_task_for<int>(loop, sum(2000)), 2000);
}

TEST(Task, OneThatNeverStartsIsFreed) {
  bool ended = false;
  {
    const Task<void> never = holds(std::make_unique<Ends>(&ended));
  }
  EXPECT_TRUE(ended);
}

TEST(Loop, RunsWhatWasPostedBeforeTheStop) {
  Loop loop;
  int ran = 0;
  for (int i = 0; i < 3; ++i) loop.post([&ran] { ++ran; });
  loop.stop();
  loop.run();
  EXPECT_EQ(ran, 3);
  EXPECT_EQ(Loop::current(), nullptr);
  loop.post([&ran] { ++ran; });
  loop.stop();
  loop.run();
  EXPECT_EQ(ran, 4);
}

TEST(Loop, RunsTasksOnAnotherThread) {
  Loop loop;
  std::jthread runner([&loop] { loop.run(); });
  for (int i = 0; i < 200; ++i) {
    std::vector<Loop*> seen;
    ASSERT_TRUE(run_task(loop, on_loop(&loop, &seen), true));
    EXPECT_EQ(seen, (std::vector<Loop*>{&loop, &loop}));
    bool ended = false;
    ASSERT_TRUE(run_task(loop, holds(std::make_unique<Ends>(&ended)), true));
    EXPECT_TRUE(ended);
  }
  loop.stop();
}

}  // namespace
}  // namespace millrace::runtime
