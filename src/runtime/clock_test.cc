#include "runtime/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "runtime/loop.h"
#include "runtime/machine_time.h"
#include "runtime/nursery.h"

namespace millrace::runtime {
namespace {

const Time kStart = *parse_iso8601("2026-11-22T10:00:00Z");

Task<void> sleeps(Clock* clock, Time when, std::stop_token stop, std::vector<int>* woken, int id) {
  CO_TRY(co_await clock->sleep_until(when, std::move(stop)));
  woken->push_back(id);
  co_return ok;
}

Task<void> counts(Clock* clock, microseconds duration, std::stop_token stop,
                  std::atomic<int>* ended, std::atomic<int>* stopped) {
  const auto slept = co_await clock->sleep_for(duration, std::move(stop));
  ++*(slept ? ended : stopped);
  co_return ok;
}

Task<void> advances(Clock* clock, microseconds by) {
  clock->advance(by);
  co_return ok;
}

Task<void> closes(Nursery* nursery) { return nursery->close(); }

TEST(ManualClock, StandsStillUntilAdvanced) {
  const auto clock = make_manual_clock(kStart);
  EXPECT_EQ(clock->now(), kStart);
  clock->advance(seconds(90));
  EXPECT_EQ(clock->now(), kStart + seconds(90));
}

TEST(ManualClock, AMomentThatHasPassedNeedsNoWait) {
  const auto clock = make_manual_clock(kStart);
  Loop loop;
  std::vector<int> woken;
  EXPECT_TRUE(run_task(loop, sleeps(clock.get(), kStart, {}, &woken, 1)));
  EXPECT_EQ(woken, std::vector<int>{1});
}

TEST(ManualClock, WakesSleepersInTheOrderOfTheirTimes) {
  const auto clock = make_manual_clock(kStart);
  Loop loop;
  Nursery nursery(loop);
  std::vector<int> woken;
  for (const int id : {3, 1, 2}) {
    nursery.spawn(sleeps(clock.get(), kStart + seconds(id), {}, &woken, id));
  }
  nursery.spawn(advances(clock.get(), seconds(2)));
  nursery.spawn(advances(clock.get(), seconds(1)));
  EXPECT_TRUE(run_task(loop, closes(&nursery)));
  EXPECT_EQ(woken, (std::vector<int>{1, 2, 3}));
}

TEST(ManualClock, AStopEndsTheWait) {
  const auto clock = make_manual_clock(kStart);
  Loop loop;
  Nursery nursery(loop);
  std::vector<int> woken;
  std::optional<Error> error;
  nursery.spawn(sleeps(clock.get(), kStart + seconds(1), nursery.stop_token(), &woken, 1),
                [&error](const Error& e) { error = e; });
  EXPECT_TRUE(run_task(loop, closes(&nursery)));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::deadline);
  EXPECT_TRUE(woken.empty());
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_FALSE(
      run_task(loop, sleeps(clock.get(), kStart + seconds(9), stopped.get_token(), &woken, 1)));
}

TEST(SystemClock, ThoseOutsideDoNotSeeThatItWasAdvanced) {
  const auto clock = make_system_clock();
  const Time before = outside_time(*clock);
  clock->advance(std::chrono::hours(72));
  EXPECT_GE(clock->now() - outside_time(*clock), std::chrono::hours(71));
  EXPECT_LT(outside_time(*clock) - before, std::chrono::hours(1));
}

TEST(ManualClock, IsTheSameOutside) {
  const auto clock = make_manual_clock(Time(seconds(100)));
  clock->advance(seconds(7));
  EXPECT_EQ(outside_time(*clock), clock->now());
}

TEST(SystemClock, SleepsAndMayBeAdvanced) {
  Loop loop;
  const auto clock = make_system_clock();
  std::vector<int> woken;
  EXPECT_TRUE(run_task(loop, sleeps(clock.get(), clock->now() + milliseconds(1), {}, &woken, 1)));
  const Time before = clock->now();
  Nursery nursery(loop);
  nursery.spawn(sleeps(clock.get(), before + std::chrono::hours(5), {}, &woken, 2));
  nursery.spawn(advances(clock.get(), std::chrono::hours(6)));
  EXPECT_TRUE(run_task(loop, closes(&nursery)));
  EXPECT_GE(clock->now(), before + std::chrono::hours(6));
  EXPECT_EQ(woken, (std::vector<int>{1, 2}));
}

TEST(SystemClock, EndsAtOnceHoweverItIsTimed) {
  for (int i = 0; i < 300; ++i) {
    const auto clock = make_system_clock();
  }
}

// Sleepers register, come due and are stopped on several threads at once; each ends exactly once.
void race(std::unique_ptr<Clock> (*make)()) {
  static constexpr microseconds duration(1000);
  std::atomic<int> ended{0};
  std::atomic<int> stopped{0};
  constexpr int kSleepers = 400;
  {
    Loop first;
    Loop second;
    const auto owned = make();  // After the loops, which it posts to.
    Clock& clock = *owned;
    std::jthread first_runner([&first] { first.run(); });
    std::jthread second_runner([&second] { second.run(); });
    std::jthread advancer([&clock] {
      for (int i = 0; i < 200; ++i) clock.advance(duration / 100);
    });
    Nursery left(first);
    Nursery right(second);
    std::stop_source stop;
    for (int i = 0; i < kSleepers; ++i) {
      Nursery& nursery = i % 2 == 0 ? left : right;
      nursery.spawn(
          counts(&clock, duration + microseconds(i % 7), stop.get_token(), &ended, &stopped));
      if (i == kSleepers / 2) stop.request_stop();
    }
    advancer.join();
    ASSERT_TRUE(run_task(first, closes(&left), true));
    ASSERT_TRUE(run_task(second, closes(&right), true));
    first.stop();
    second.stop();
  }
  EXPECT_EQ(ended + stopped, kSleepers);
}

TEST(ManualClock, SleepersAndStopsMayRace) {
  for (int i = 0; i < 10; ++i) race([] { return make_manual_clock(kStart); });
}

TEST(SystemClock, SleepersAndStopsMayRace) {
  for (int i = 0; i < 10; ++i) race([] { return make_system_clock(); });
}

}  // namespace
}  // namespace millrace::runtime
