#include "engines/metrics/series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "engines/metrics/limits.h"
#include "engines/metrics/series_rows.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/loop_thread.h"
#include "runtime/nursery.h"
#include "store/faults.h"
#include "store/test_folder.h"

namespace millrace::metrics {
namespace {

const Realm kRealm{"000000000000", "us-east-1"};
const Time kStart{std::chrono::hours(24 * 365 * 50)};

class SeriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    open();
  }
  void open() {
    series_.reset();
    db_.reset();
    auto opened = store::Database::open({.path = folder_.path() / "rows", .faults = faults_});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
    series_.emplace(*db_, *clock_, *random_);
  }
  Result<void> run(Task<void> task) { return runtime::run_task(loop_, std::move(task)); }
  static Datum datum(double value, const std::string& endpoint = "e",
                     std::optional<Time> time = {}) {
    Datum out;
    out.space = "AWS/SageMaker";
    out.name = "Latency";
    out.dimensions = {{"Variant", "v"}, {"Endpoint", endpoint}};
    out.unit = "Microseconds";
    out.time = time;
    out.value = value;
    return out;
  }
  SeriesQuery query(const std::string& endpoint = "e", seconds period = seconds(60)) {
    SeriesQuery out;
    out.realm = kRealm;
    out.space = "AWS/SageMaker";
    out.name = "Latency";
    out.dimensions = {{"Endpoint", endpoint}, {"Variant", "v"}};
    out.start = kStart;
    out.end = kStart + std::chrono::hours(1);
    out.period = period;
    out.distribution = true;
    return out;
  }
  double sum_of(const SeriesQuery& query) {
    const auto points = series_->read(query);
    EXPECT_TRUE(points);
    double sum = 0;
    for (const SeriesPoint& point : *points) sum += point.samples.sum;
    return sum;
  }

  store::TestFolder folder_;
  std::shared_ptr<store::FaultPlan> faults_ = std::make_shared<store::FaultPlan>();
  runtime::Loop loop_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(kStart);
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(5);
  std::unique_ptr<store::Database> db_;
  std::optional<Series> series_;
};

TEST_F(SeriesTest, WhatWasPutIsThereAfterReopening) {
  ASSERT_TRUE(run(series_->put(kRealm, {datum(1), datum(3), datum(10, "other")})));
  ASSERT_TRUE(run(series_->put(kRealm, {datum(5)})));
  open();
  const auto points = series_->read(query());
  ASSERT_TRUE(points);
  ASSERT_EQ(points->size(), 1U);
  const SeriesPoint& point = points->front();
  EXPECT_EQ(point.time, kStart);
  EXPECT_EQ(point.unit, "Microseconds");
  EXPECT_EQ(point.samples.count, 3);
  EXPECT_EQ(point.samples.sum, 9);
  EXPECT_EQ(evaluate(*parse_statistic("p50"), point.samples), 3);
}

TEST_F(SeriesTest, RecordedIsReadBeforeDuringAndAfterItsFlush) {
  for (int i = 1; i <= 100; ++i) series_->record(kRealm, datum(i));
  EXPECT_EQ(sum_of(query()), 5050);
  EXPECT_EQ(series_->list({.realm = kRealm})->series.size(), 1U);
  ASSERT_TRUE(run(series_->flush()));
  EXPECT_EQ(sum_of(query()), 5050);
  series_->record(kRealm, datum(1));
  EXPECT_EQ(sum_of(query()), 5051);
  EXPECT_EQ(series_->read(query())->front().samples.count, 101);
  ASSERT_TRUE(run(series_->close()));
  open();
  EXPECT_EQ(sum_of(query()), 5051);
}

TEST_F(SeriesTest, EverySampleIsSeenOnceWhileFlushing) {
  runtime::LoopThread thread("flush");
  runtime::Nursery nursery(thread.loop());
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 50; ++i) series_->record(kRealm, datum(1));
    nursery.spawn(series_->flush());
    for (int i = 0; i < 20; ++i) EXPECT_EQ(sum_of(query()), 50.0 * (round + 1));
  }
  ASSERT_TRUE(runtime::run_task(thread.loop(), nursery.close(), true));
  ASSERT_TRUE(run(series_->flush()));
  EXPECT_EQ(sum_of(query()), 2'000);
}

TEST_F(SeriesTest, AFullDiskLosesNothing) {
  series_->record(kRealm, datum(7));
  faults_->set([](store::FileOperation operation, std::string_view) {
    return operation == store::FileOperation::append ? store::Fault::no_space : store::Fault::none;
  });
  EXPECT_FALSE(run(series_->flush()));
  EXPECT_FALSE(run(series_->put(kRealm, {datum(100)})));
  EXPECT_EQ(sum_of(query()), 7);
  series_->record(kRealm, datum(1));
  faults_->clear();
  const auto healed = run(series_->flush());
  ASSERT_TRUE(healed) << healed.error().message;
  ASSERT_TRUE(run(series_->flush()));
  EXPECT_EQ(sum_of(query()), 8);
  open();
  EXPECT_EQ(sum_of(query()), 8);
}

TEST_F(SeriesTest, TheFlusherFollowsTheClock) {
  runtime::LoopThread thread("flush");
  runtime::Nursery nursery(thread.loop());
  series_->start(nursery);
  series_->record(kRealm, datum(7));
  const auto stored = [this] {
    store::Txn txn = db_->begin();
    return txn.scan(kPointRows, {})->size();
  };
  while (stored() == 0) clock_->advance(kFlushPeriod);
  ASSERT_TRUE(runtime::run_task(thread.loop(), nursery.close(), true));
  ASSERT_TRUE(run(series_->close()));
}

TEST_F(SeriesTest, PeriodsBeginAtTheStart) {
  for (int minute = 0; minute < 10; ++minute) {
    ASSERT_TRUE(run(series_->put(
        kRealm, {datum(minute, "e", kStart + std::chrono::minutes(minute) + seconds(59))})));
  }
  SeriesQuery asked = query("e", seconds(180));
  asked.start = kStart + std::chrono::minutes(2);
  asked.end = kStart + std::chrono::minutes(9);
  const auto points = series_->read(asked);
  ASSERT_EQ(points->size(), 3U);
  EXPECT_EQ(points->at(0).time, asked.start);
  EXPECT_EQ(points->at(0).samples.sum, 2 + 3 + 4);
  EXPECT_EQ(points->at(2).samples.sum, 8);
  asked.end = asked.start;
  EXPECT_TRUE(series_->read(asked)->empty());
}

TEST_F(SeriesTest, HighResolution) {
  Datum fine = datum(2, "e", kStart + seconds(61));
  fine.high_resolution = true;
  ASSERT_TRUE(run(series_->put(kRealm, {datum(1), fine})));
  EXPECT_EQ(series_->read(query("e", seconds(1)))->back().time, kStart + seconds(61));
  EXPECT_EQ(series_->read(query("e", seconds(300)))->front().samples.sum, 3);
}

TEST_F(SeriesTest, Units) {
  Datum other = datum(5);
  other.unit = "Seconds";
  ASSERT_TRUE(run(series_->put(kRealm, {datum(1), other})));
  EXPECT_EQ(series_->read(query())->front().unit, "None");
  EXPECT_EQ(series_->read(query())->front().samples.sum, 6);
  SeriesQuery asked = query();
  asked.by_unit = true;
  EXPECT_EQ(series_->read(asked)->size(), 2U);
  asked.unit = "Seconds";
  EXPECT_EQ(series_->read(asked)->front().samples.sum, 5);
}

TEST_F(SeriesTest, RefusesWhatIsNoSample) {
  std::vector<Datum> broken(7, datum(1));
  broken[0].value = std::numeric_limits<double>::quiet_NaN();
  broken[1].value.reset();
  broken[2].values = {1};
  broken[3].value.reset();
  broken[3].values = {1, 2};
  broken[3].counts = {1};
  broken[4].value.reset();
  broken[4].values = {1};
  broken[4].counts = {0};
  broken[5].value.reset();
  broken[5].summary = Datum::Summary{2, 3, 5, 1};
  broken[6].value.reset();
  broken[6].values.assign(kDatumValuesMax + 1, 1);
  for (const Datum& each : broken) {
    std::vector<Datum> data{datum(1), each};
    EXPECT_EQ(run(series_->put(kRealm, std::move(data))).error().kind, ErrorKind::invalid);
    series_->record(kRealm, each);
  }
  EXPECT_EQ(series_->dropped(), 7U);
  EXPECT_TRUE(series_->read(query())->empty());  // All or nothing.
  EXPECT_FALSE(run(series_->put(kRealm, std::vector<Datum>(kPutDataMax + 1, datum(1)))));
  SeriesQuery wide = query("e", seconds(1));
  wide.start = Time::min();
  wide.end = Time::max();
  EXPECT_EQ(series_->read(wide).error().kind, ErrorKind::invalid);
}

TEST_F(SeriesTest, ValuesWithCountsAndSummaries) {
  Datum many = datum(0);
  many.value.reset();
  many.values = {1, 10, 100};
  many.counts = {50, 49, 1};
  ASSERT_TRUE(run(series_->put(kRealm, {many})));
  const Aggregate samples = series_->read(query())->front().samples;
  EXPECT_EQ(samples.count, 100);
  EXPECT_EQ(evaluate(*parse_statistic("p50"), samples), 1);
  EXPECT_EQ(evaluate(*parse_statistic("p99"), samples), 10);
  Datum summary = datum(0);
  summary.value.reset();
  summary.summary = Datum::Summary{10, 50, 1, 200};
  ASSERT_TRUE(run(series_->put(kRealm, {summary})));
  const Aggregate both = series_->read(query())->front().samples;
  EXPECT_EQ(both.max, 200);
  EXPECT_FALSE(evaluate(*parse_statistic("p50"), both));
}

TEST_F(SeriesTest, RollsUpAndForgets) {
  Datum fine = datum(1);
  fine.high_resolution = true;
  for (int second = 0; second < 120; ++second) {
    fine.time = kStart + seconds(second);
    ASSERT_TRUE(run(series_->put(kRealm, {fine})));
  }
  const auto rows = [this] {
    store::Txn txn = db_->begin();
    return txn.scan(kPointRows, {})->size();
  };
  EXPECT_EQ(rows(), 120U);
  ASSERT_TRUE(run(series_->roll_up()));
  EXPECT_EQ(rows(), 120U);
  for (const auto& [after, left] :
       std::vector<std::pair<std::chrono::hours, size_t>>{{std::chrono::hours(4), 2},
                                                          {std::chrono::hours(16 * 24), 1},
                                                          {std::chrono::hours(50 * 24), 1}}) {
    clock_->advance(after);
    ASSERT_TRUE(run(series_->roll_up()));
    EXPECT_EQ(rows(), left);
    SeriesQuery asked = query("e", seconds(3'600));
    EXPECT_EQ(series_->read(asked)->front().samples.count, 120);
  }
  clock_->advance(std::chrono::hours(500 * 24));
  ASSERT_TRUE(run(series_->roll_up()));
  EXPECT_EQ(rows(), 0U);
  EXPECT_TRUE(series_->list({.realm = kRealm})->series.empty());
}

TEST_F(SeriesTest, Lists) {
  for (const char* endpoint : {"a", "b", "c"}) {
    ASSERT_TRUE(run(series_->put(kRealm, {datum(1, endpoint)})));
  }
  Datum other;
  other.space = "Shop";
  other.name = "Orders";
  other.value = 1;
  series_->record(kRealm, other);
  ListQuery all{.realm = kRealm};
  EXPECT_EQ(series_->list(all)->series.size(), 4U);
  all.space = "AWS/SageMaker";
  all.dimensions = {{"Endpoint", "b"}};
  ASSERT_EQ(series_->list(all)->series.size(), 1U);
  EXPECT_EQ(series_->list(all)->series[0].dimensions[0].value, "b");
  all.dimensions = {{"Endpoint", {}}, {"Variant", "v"}};
  EXPECT_EQ(series_->list(all)->series.size(), 3U);
  all = {.realm = kRealm};
  all.name = "Orders";
  EXPECT_EQ(series_->list(all)->series.size(), 1U);
  all = {.realm = kRealm};
  all.limit = 1;
  std::vector<SeriesName> seen;
  do {
    const auto page = series_->list(all);
    ASSERT_TRUE(page);
    seen.insert(seen.end(), page->series.begin(), page->series.end());
    all.after = page->next;
  } while (!all.after.empty() && seen.size() < 10);
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  all.after = "00";
  EXPECT_EQ(series_->list(all).error().kind, ErrorKind::invalid);
  ASSERT_TRUE(run(series_->flush()));
  clock_->advance(std::chrono::hours(4));
  ASSERT_TRUE(run(series_->put(kRealm, {datum(1, "a")})));
  all = {.realm = kRealm};
  all.active_since = clock_->now() - std::chrono::hours(3);
  EXPECT_EQ(series_->list(all)->series.size(), 1U);
}

}  // namespace
}  // namespace millrace::metrics
