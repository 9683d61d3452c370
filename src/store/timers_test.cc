#include "store/timers.h"

#include <gtest/gtest.h>

#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/signal.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

const Time kStart{seconds(1'800'000'000)};

struct Fired {
  std::vector<std::string> payloads;
  int failures = 0;
  Signal changed;
};

Task<void> fire(Fired* fired, Timer timer) {
  if (fired->failures > 0) {
    --fired->failures;
    fired->changed.notify(*runtime::Loop::current());
    co_return fail(ErrorKind::internal, "not now");
  }
  fired->payloads.push_back(timer.payload);
  fired->changed.notify(*runtime::Loop::current());
  co_return ok;
}

class TimersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    open();
  }
  void open() {
    db_.reset();
    auto opened = Database::open({.path = folder_.path() / "rows", .clock = clock_.get()});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
  }

  TestFolder folder_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(kStart);
  std::unique_ptr<Database> db_;
  runtime::Loop loop_;
};

Task<void> set(Database* db, std::string id, seconds after, std::string payload) {
  Txn txn = db->begin();
  const Timer timer{"test", id, kStart + after, payload, 0};
  CO_TRY(Timers::set(txn, timer));
  co_return co_await txn.commit();
}

Task<void> cancel(Database* db, std::string id) {
  Txn txn = db->begin();
  CO_TRY(Timers::cancel(txn, "test", id));
  co_return co_await txn.commit();
}

using Script = Task<void> (*)(Database* db, runtime::Clock* clock, Fired* fired);
Task<void> with_timers(Database* db, runtime::Clock* clock, Fired* fired, Script script) {
  runtime::Nursery nursery(*runtime::Loop::current());
  Timers timers(*db, *clock);
  timers.on("test", [fired](Timer timer) { return fire(fired, std::move(timer)); });
  timers.start(nursery);
  const Result<void> done = co_await script(db, clock, fired);
  CO_TRY(co_await nursery.close());
  co_return done;
}

Task<void> wait_for(Fired* fired, size_t count) {
  while (fired->payloads.size() < count) co_await fired->changed.wait();
  co_return ok;
}

Task<void> three_in_time(Database* db, runtime::Clock* clock, Fired* fired) {
  CO_TRY(co_await set(db, "c", seconds(3600), "third"));
  CO_TRY(co_await set(db, "a", seconds(10), "first"));
  CO_TRY(co_await set(db, "b", seconds(20), "second"));
  CO_TRY(co_await set(db, "moved", seconds(5), "never"));
  CO_TRY(co_await set(db, "moved", seconds(7200), "fourth"));
  CO_TRY(co_await set(db, "cancelled", seconds(5), "never"));
  CO_TRY(co_await cancel(db, "cancelled"));
  clock->advance(seconds(10));
  CO_TRY(co_await wait_for(fired, 1));
  clock->advance(seconds(10));
  CO_TRY(co_await wait_for(fired, 2));
  clock->advance(seconds(7200));
  co_return co_await wait_for(fired, 4);
}

TEST_F(TimersTest, FireInTimeAndOnce) {
  Fired fired;
  ASSERT_TRUE(
      runtime::run_task(loop_, with_timers(db_.get(), clock_.get(), &fired, three_in_time)));
  EXPECT_EQ(fired.payloads, (std::vector<std::string>{"first", "second", "third", "fourth"}));
  Txn txn = db_->begin();
  EXPECT_TRUE(txn.scan(kTimers, {})->empty());
}

Task<void> wait_for_one(Database*, runtime::Clock*, Fired* fired) {
  co_return co_await wait_for(fired, 1);
}

TEST_F(TimersTest, SurviveARestart) {
  ASSERT_TRUE(runtime::run_task(loop_, set(db_.get(), "a", seconds(10), "due meanwhile")));
  open();
  clock_->advance(seconds(60));
  Fired fired;
  ASSERT_TRUE(runtime::run_task(loop_, with_timers(db_.get(), clock_.get(), &fired, wait_for_one)));
  EXPECT_EQ(fired.payloads, (std::vector<std::string>{"due meanwhile"}));
}

Task<void> retry(Database* db, runtime::Clock* clock, Fired* fired) {
  fired->failures = 3;
  CO_TRY(co_await set(db, "a", seconds(0), "late"));
  while (fired->payloads.empty()) {
    Txn turn = db->begin();
    turn.put_raw("test.turn", "x", "y");
    CO_TRY(co_await turn.commit());
    clock->advance(seconds(1));
  }
  co_return ok;
}

TEST_F(TimersTest, FailedHandlerIsCalledAgainLater) {
  Fired fired;
  ASSERT_TRUE(runtime::run_task(loop_, with_timers(db_.get(), clock_.get(), &fired, retry)));
  EXPECT_EQ(fired.payloads, (std::vector<std::string>{"late"}));
  EXPECT_GE(clock_->now(), kStart + seconds(1 + 2 + 4));
}

}  // namespace
}  // namespace millrace::store
