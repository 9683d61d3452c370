// Series: numbers over time, each series told apart by its namespace, name and dimensions.
//
// Samples are kept as aggregates (aggregate.h) of one second or one minute, and rolled up as they
// age: seconds for 3 hours, minutes for 15 days, five minutes for 63 days, hours for 455 days;
// every sample is in exactly one row (docs/formats/metric-series.md). put() is durable when it
// answers. record() costs about a microsecond: it adds to memory, which is written every second and
// by close(); what was recorded in the last second before a crash is lost. Reads see both at once,
// each sample exactly once. `db`, `clock` and `random` outlive this object. Knows nothing of AWS.
//
// Threads: thread-safe; start() once. Reads answer on the caller's thread.
// Errors: invalid (a value that is not finite, counts that are not positive, too many data or
// points), exhausted and internal (the disk).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "engines/metrics/aggregate.h"
#include "runtime/clock.h"
#include "runtime/nursery.h"
#include "runtime/random.h"
#include "runtime/task.h"
#include "store/database.h"

namespace millrace::metrics {

struct Dimension {
  std::string name;
  std::string value;
  auto operator<=>(const Dimension&) const = default;
};

// Samples of one series. `dimensions` may stand in any order.
struct Datum {
  std::string space;  // The namespace: "AWS/SageMaker"
  std::string name;
  std::vector<Dimension> dimensions;
  std::string unit = "None";
  std::optional<Time> time;  // Now, where there is none.
  bool high_resolution = false;
  // One of: a value; values, each with its count (1 where counts are missing); a summary.
  std::optional<double> value;
  std::vector<double> values;
  std::vector<double> counts;
  struct Summary {
    double count = 0, sum = 0, min = 0, max = 0;
  };
  std::optional<Summary> summary;
};

struct SeriesName {
  std::string space;
  std::string name;
  std::vector<Dimension> dimensions;  // Sorted.
  auto operator<=>(const SeriesName&) const = default;
};

struct SeriesQuery {
  Realm realm;
  std::string space;
  std::string name;
  std::vector<Dimension> dimensions;  // All of them, in any order: exactly this series.
  Time start{};                       // Where the first period begins.
  Time end{};                         // Exclusive.
  seconds period{60};
  std::optional<std::string> unit;  // Only samples of this unit.
  bool by_unit = false;             // Points for each unit, instead of one for all of them.
  bool distribution = false;        // Whether percentiles will be asked of the points.
};

struct SeriesPoint {
  Time time{};       // Where its period begins.
  std::string unit;  // "None" where samples of several units were put together.
  Aggregate samples;
};

struct ListQuery {
  Realm realm;
  std::optional<std::string> space;
  std::optional<std::string> name;
  struct Filter {
    std::string name;
    std::optional<std::string> value;
  };
  std::vector<Filter> dimensions;    // The series has all of them (and maybe others).
  std::optional<Time> active_since;  // Series with samples that arrived since.
  std::string after;                 // ListPage::next of the page before.
  size_t limit = 500;
};

struct ListPage {
  std::vector<SeriesName> series;
  std::string next;  // Empty at the end.
};

class Series final {
 public:
  Series(store::Database& db, runtime::Clock& clock, runtime::Random& random);
  ~Series();
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  // Writes what was recorded every second, and rolls up what has aged every hour.
  void start(runtime::Nursery& nursery);
  // Writes what was recorded; after the nursery is closed, before destruction.
  Task<void> close();

  // All or nothing, durable.
  Task<void> put(Realm realm, std::vector<Datum> data);
  // Never waits. A datum that breaks the rules, or more than kPendingPointsMax points while the
  // disk fails, is dropped and counted in dropped().
  void record(const Realm& realm, Datum datum);
  uint64_t dropped() const;

  // Points in ascending order of time; periods without samples have none.
  Result<std::vector<SeriesPoint>> read(const SeriesQuery& query);
  // By namespace, name and dimensions.
  Result<ListPage> list(const ListQuery& query);

  // Writes what was recorded until now. Errors: exhausted, internal (nothing is lost then),
  // conflict (start()'s task is at it).
  Task<void> flush();
  // One pass of rolling up and erasing what is too old; for tests.
  Task<void> roll_up();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::metrics
