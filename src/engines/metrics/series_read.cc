#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "engines/metrics/limits.h"
#include "engines/metrics/series_state.h"

namespace millrace::metrics {
namespace {

constexpr int kReadRetries = 1'000;

// Recorded samples that may not be in the store yet.
struct Copied {
  uint64_t batch = 0;
  Time time{};
  std::string unit;
  Aggregate samples;
};

// Puts samples into periods.
class Periods {
 public:
  explicit Periods(const SeriesQuery& query) : query_(query) {}

  bool wants(Time time, const std::string& unit) const {
    return time >= query_.start && time < query_.end && (!query_.unit || *query_.unit == unit);
  }
  void add(Time time, const std::string& unit, Aggregate samples) {
    if (!wants(time, unit)) return;
    if (!query_.distribution) {
      samples.values.clear();
      samples.weights.clear();
    }
    const microseconds period = query_.period;
    const Time begin = query_.start + (time - query_.start) / period * period;
    const auto [found, fresh] =
        points_.try_emplace({begin, query_.by_unit ? unit : ""}, SeriesPoint{begin, unit, {}});
    SeriesPoint& point = found->second;
    if (!fresh && point.unit != unit) point.unit = "None";
    point.samples.merge(samples);
  }
  std::vector<SeriesPoint> take() {
    std::vector<SeriesPoint> out;
    out.reserve(points_.size());
    for (auto& [key, point] : points_) out.push_back(std::move(point));
    return out;
  }

 private:
  const SeriesQuery& query_;
  std::map<std::pair<Time, std::string>, SeriesPoint> points_;
};

void copy_from(const Samples& samples, uint64_t batch, const Realm& realm, const SeriesName& name,
               const Periods& periods, std::vector<Copied>& out) {
  const Slot first{.realm = realm, .name = name, .time = Time::min(), .resolution = 0, .unit = {}};
  for (auto it = samples.lower_bound(first); it != samples.end(); ++it) {
    if (it->first.realm != realm || it->first.name != name) break;
    if (!periods.wants(it->first.time, it->first.unit)) continue;
    out.push_back({batch, it->first.time, it->first.unit, it->second});
  }
}

// Copies what is in memory, and then begins to read the store, which may have some of it by now:
// the batches up to the answer. Again, where samples were made a batch and written in between.
template <class State>
Result<uint64_t> copy_recorded(State& state, const Realm& realm, const SeriesName& name,
                               const Periods& periods, std::vector<Copied>& copied,
                               store::Txn& txn) {
  for (int tries = 0; tries < kReadRetries; ++tries) {
    copied.clear();
    const uint64_t next = state.memory.with([&](Memory& m) {
      copy_from(m.pending, m.next_number, realm, name, periods, copied);
      for (const Batch& batch : m.batches) {
        copy_from(batch.samples, batch.number, realm, name, periods, copied);
      }
      return m.next_number;
    });
    txn = state.db.begin();
    TRY(const std::optional<FlushMark> mark, txn.find(kFlushMarks, {0}));
    const uint64_t stored = mark && mark->writer == state.writer ? mark->batch : 0;
    if (stored < next) return stored;
  }
  return fail(ErrorKind::exhausted, "samples are written faster than they can be read");
}

Result<void> admit(const SeriesQuery& query) {
  if (query.period < seconds(1)) return fail(ErrorKind::invalid, "a period is a second or more");
  if (query.start >= query.end) return {};
  const bool wide = query.start < Time{} && query.end > Time{} + (Time::max() - Time{}) / 2;
  const auto points = wide ? std::numeric_limits<int64_t>::max()
                           : (query.end - query.start) / microseconds(query.period);
  if (points > static_cast<int64_t>(kPointsMax)) {
    return fail(ErrorKind::invalid, fmt::format("more than {} periods", kPointsMax));
  }
  return {};
}

}  // namespace

Result<std::vector<SeriesPoint>> Series::read(const SeriesQuery& query) {
  TRY(admit(query));
  SeriesName name{query.space, query.name, query.dimensions};
  sort_dimensions(name.dimensions);
  Periods periods(query);
  std::vector<Copied> copied;
  store::Txn txn = state_->db.begin();
  TRY(const uint64_t stored, copy_recorded(*state_, query.realm, name, periods, copied, txn));
  TRY(const std::optional<SeriesRow> row, txn.find(kSeriesRows, row_of(query.realm, name).key()));
  if (row) {
    for (const Tier& tier : kTiers) {
      const store::Range range{.prefix = store::key_prefix(row->id, tier.resolution),
                               .from = store::key_prefix(row->id, tier.resolution, query.start)};
      TRY(txn.each(kPointRows, range, [&](PointRow& point) {
        if (point.time >= query.end) return false;
        periods.add(point.time, point.unit, std::move(point.samples));
        return true;
      }));
    }
  }
  for (Copied& copy : copied) {
    if (copy.batch > stored) periods.add(copy.time, copy.unit, std::move(copy.samples));
  }
  return periods.take();
}

namespace {

bool admits(const ListQuery& query, const SeriesName& name) {
  if (query.space && *query.space != name.space) return false;
  if (query.name && *query.name != name.name) return false;
  return std::ranges::all_of(query.dimensions, [&name](const ListQuery::Filter& filter) {
    return std::ranges::any_of(name.dimensions, [&filter](const Dimension& dimension) {
      return dimension.name == filter.name && (!filter.value || *filter.value == dimension.value);
    });
  });
}

Bytes list_prefix(const ListQuery& query) {
  if (!query.space) return store::key_prefix(query.realm);
  if (!query.name) return store::key_prefix(query.realm, *query.space);
  return store::key_prefix(query.realm, *query.space, *query.name);
}

Bytes key_of(const Realm& realm, const SeriesName& name) {
  return store::encode_key(row_of(realm, name).key());
}

}  // namespace

Result<ListPage> Series::list(const ListQuery& query) {
  store::Range range{.prefix = list_prefix(query)};
  if (!query.after.empty() &&
      (!from_hex(query.after, range.after) || !range.after.starts_with(range.prefix))) {
    return fail(ErrorKind::invalid, "The specified nextToken is invalid.");
  }
  std::map<Bytes, SeriesName> found;  // By key, so in the order of the store.
  const auto add = [&](const Samples& samples) {
    for (const auto& [slot, ignored] : samples) {
      if (slot.realm != query.realm || !admits(query, slot.name)) continue;
      Bytes key = key_of(slot.realm, slot.name);
      if (key > range.after) found.emplace(std::move(key), slot.name);
    }
  };
  state_->memory.with([&](Memory& m) {
    add(m.pending);
    for (const Batch& batch : m.batches) add(batch.samples);
  });
  store::Txn txn = state_->db.begin();
  size_t rows = 0;
  TRY(txn.each(kSeriesRows, range, [&](SeriesRow& row) {
    if (query.active_since && row.last_seen + seconds(60) <= *query.active_since) return true;
    SeriesName name = name_of(row);
    if (!admits(query, name)) return true;
    found.emplace(store::encode_key(row.key()), std::move(name));
    return ++rows <= query.limit;
  }));
  ListPage page;
  for (auto& [key, name] : found) {
    if (page.series.size() == query.limit) {
      page.next = to_hex(key_of(query.realm, page.series.back()));
      break;
    }
    page.series.push_back(std::move(name));
  }
  return page;
}

}  // namespace millrace::metrics
