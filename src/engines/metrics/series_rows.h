// The rows of series. Format: docs/formats/metric-series.md. Private to the module.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "engines/metrics/aggregate.h"
#include "store/database.h"

namespace millrace::metrics {

struct SeriesRow {
  Realm realm;
  std::string space, name;
  std::vector<std::string> dimensions;  // Name, value, name, value …, sorted by name.
  uint64_t id = 0;                      // Of its points; never used again.
  Time last_seen{};                     // The minute in which samples last arrived.

  using Key = std::tuple<Realm, std::string, std::string, std::string>;
  Key key() const {
    std::string encoded;
    for (const std::string& part : dimensions) store::append_key_part(encoded, part);
    return {realm, space, name, encoded};
  }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.space), v(3, self.name), v(4, self.dimensions), v(5, self.id);
    v(6, self.last_seen);
  }
};
inline constexpr store::Table<SeriesRow> kSeriesRows{"metrics.series"};

// The samples of `resolution` seconds from `time` on.
struct PointRow {
  uint64_t series = 0;
  int64_t resolution = 60;
  Time time{};
  std::string unit;
  Aggregate samples;

  using Key = std::tuple<uint64_t, int64_t, Time, std::string>;
  Key key() const { return {series, resolution, time, unit}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.series), v(2, self.resolution), v(3, self.time), v(4, self.unit), v(5, self.samples);
  }
};
inline constexpr store::Table<PointRow> kPointRows{"metrics.points"};

// The last batch of recorded samples that is in the store, written with it.
struct FlushMark {
  uint64_t writer = 0;  // The Series object that wrote it.
  uint64_t batch = 0;

  using Key = std::tuple<uint64_t>;
  Key key() const { return {0}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.writer), v(2, self.batch);
  }
};
inline constexpr store::Table<FlushMark> kFlushMarks{"metrics.flush_mark"};

// How long rows of one resolution stay, and what they become then.
struct Tier {
  int64_t resolution;
  std::chrono::hours kept;
  int64_t coarser;  // 0: erased.
};
inline constexpr std::array<Tier, 4> kTiers{{
    {1, std::chrono::hours(3), 60},
    {60, std::chrono::hours(15 * 24), 300},
    {300, std::chrono::hours(63 * 24), 3600},
    {3600, std::chrono::hours(455 * 24), 0},
}};

// `time` taken down to a multiple of `period` since 1970.
inline Time aligned(Time time, seconds period) {
  const int64_t step = microseconds(period).count();
  const int64_t at = time.time_since_epoch().count();
  const int64_t rest = ((at % step) + step) % step;
  return Time(microseconds(at - rest));
}

}  // namespace millrace::metrics
