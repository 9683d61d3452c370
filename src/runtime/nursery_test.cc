#include "runtime/nursery.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace millrace::runtime {
namespace {

Task<void> records(std::vector<int>* out, int value) {
  out->push_back(value);
  co_return ok;
}

Task<void> fails() { co_return fail(ErrorKind::conflict, "lost"); }

Task<void> spawns_more(Nursery* nursery, std::atomic<int>* count, int depth) {
  ++*count;
  for (int i = 0; i < 2 && depth > 0; ++i) {
    nursery->spawn(spawns_more(nursery, count, depth - 1));
  }
  co_return ok;
}

Task<void> closes(Nursery* nursery) { return nursery->close(); }

TEST(Nursery, RunsTasksInOrderAndWaitsForAll) {
  Loop loop;
  Nursery nursery(loop);
  std::vector<int> out;
  for (int i = 0; i < 3; ++i) nursery.spawn(records(&out, i));
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(nursery.size(), 3U);
  EXPECT_TRUE(run_task(loop, closes(&nursery)));
  EXPECT_EQ(out, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(nursery.size(), 0U);
  EXPECT_TRUE(nursery.stop_token().stop_requested());
}

TEST(Nursery, TellsErrors) {
  Loop loop;
  Nursery nursery(loop);
  std::string message;
  nursery.spawn(fails(), [&message](const Error& error) { message = error.message; });
  nursery.spawn(fails());
  EXPECT_TRUE(run_task(loop, closes(&nursery)));
  EXPECT_EQ(message, "lost");
}

TEST(Nursery, WaitsForTasksThatTasksSpawn) {
  Loop loop;
  Nursery nursery(loop);
  std::atomic<int> count{0};
  nursery.spawn(spawns_more(&nursery, &count, 6));
  EXPECT_TRUE(run_task(loop, closes(&nursery)));
  EXPECT_EQ(count, 127);
  EXPECT_TRUE(run_task(loop, closes(&nursery)));
}

TEST(Nursery, EndsWithWhatItsTasksHeld) {
  Loop loop;
  std::jthread runner([&loop] { loop.run(); });
  for (int i = 0; i < 200; ++i) {
    auto held = std::make_shared<int>(0);
    std::weak_ptr<int> watch = held;
    {
      Nursery nursery(loop);
      nursery.spawn(fails(), [held = std::move(held)](const Error&) { ++*held; });
      ASSERT_TRUE(run_task(loop, closes(&nursery), true));
    }
    EXPECT_TRUE(watch.expired());
  }
  loop.stop();
}

TEST(Nursery, IsSpawnedIntoByManyThreads) {
  Loop loop;
  std::jthread runner([&loop] { loop.run(); });
  Nursery nursery(loop);
  std::atomic<int> count{0};
  {
    std::vector<std::jthread> spawners;
    for (int i = 0; i < 4; ++i) {
      spawners.emplace_back([&nursery, &count] {
        for (int j = 0; j < 100; ++j) nursery.spawn(spawns_more(&nursery, &count, 0));
      });
    }
  }
  ASSERT_TRUE(run_task(loop, closes(&nursery), true));
  EXPECT_EQ(count, 400);
  loop.stop();
}

}  // namespace
}  // namespace millrace::runtime
