#include "runtime/repeat.h"

#include <gtest/gtest.h>

#include "runtime/loop.h"

namespace millrace::runtime {
namespace {

Task<int> fail_until(int* calls, int good, ErrorKind kind) {
  if (++*calls < good) co_return fail(kind, "try " + std::to_string(*calls));
  co_return *calls;
}

Task<void> keep(Task<int> task, Result<int>* answer) {
  *answer = co_await std::move(task);
  co_return ok;
}

Result<int> repeated(int good, ErrorKind kind, int& calls) {
  Loop loop;
  const std::unique_ptr<Clock> clock = make_system_clock();
  const std::function<Task<int>()> step = [&] { return fail_until(&calls, good, kind); };
  Result<int> answer = 0;
  EXPECT_TRUE(run_task(loop, keep(repeat(*clock, step), &answer)));
  return answer;
}

TEST(Repeat, UntilItSucceeds) {
  int calls = 0;
  EXPECT_EQ(repeated(3, ErrorKind::internal, calls).value(), 3);
  EXPECT_EQ(calls, 3);
}

TEST(Repeat, EndsWithTheLastErrorAtTheLimit) {
  int calls = 0;
  const Result<int> done = repeated(1000, ErrorKind::exhausted, calls);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "try " + std::to_string(kStepTriesMax));
  EXPECT_EQ(calls, kStepTriesMax);
}

TEST(Repeat, LeavesAloneWhatTimeDoesNotMend) {
  for (const ErrorKind kind : {ErrorKind::invalid, ErrorKind::not_found, ErrorKind::conflict,
                               ErrorKind::deadline, ErrorKind::denied}) {
    int calls = 0;
    EXPECT_EQ(repeated(2, kind, calls).error().kind, kind);
    EXPECT_EQ(calls, 1);
  }
}

}  // namespace
}  // namespace millrace::runtime
