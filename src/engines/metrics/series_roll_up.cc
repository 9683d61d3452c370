#include "engines/metrics/limits.h"
#include "engines/metrics/series_state.h"
#include "runtime/log.h"

namespace millrace::metrics {

Task<void> Series::State::roll_up_for_ever(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const Result<void> done = co_await roll_up();
    if (!done && done.error().kind != ErrorKind::conflict) {
      runtime::log(runtime::LogLevel::warning, "series.roll_up_failed",
                   {{"cause", done.error().message}});
    }
    if (!co_await clock.sleep_for(kRollUpPeriod, stop)) break;
  }
  co_return ok;
}

Task<void> Series::State::roll_up() {
  Bytes after;
  while (true) {
    std::vector<SeriesRow> rows;
    {
      store::Txn txn = db.begin();
      const store::Range range{.after = after, .limit = kRollUpRows};
      CO_TRY(rows, txn.scan(kSeriesRows, range));
    }
    for (const SeriesRow& row : rows) {
      for (const Tier& tier : kTiers) {
        while (true) {
          CO_TRY(const bool more, co_await roll_up_some(row, tier));
          if (!more) break;
        }
      }
      if (row.last_seen < clock.now() - kTiers.back().kept) CO_TRY(co_await forget(row));
    }
    if (rows.size() < kRollUpRows) co_return ok;
    after = store::encode_key(rows.back().key());
  }
}

// Makes some rows of the tier that are too old part of coarser ones. False when there is none left.
Task<bool> Series::State::roll_up_some(SeriesRow row, Tier tier) {
  const seconds step(tier.coarser > 0 ? tier.coarser : tier.resolution);
  const Time before = aligned(clock.now() - tier.kept, step);
  store::Txn txn = db.begin();
  const store::Range range{.prefix = store::key_prefix(row.id, tier.resolution),
                           .limit = kRollUpRows};
  std::vector<PointRow> old;
  CO_TRY(txn.each(kPointRows, range, [&old, before](PointRow& point) {
    const bool expired = point.time < before;
    if (expired) old.push_back(std::move(point));
    return expired;
  }));
  if (old.empty()) co_return false;
  for (const PointRow& point : old) {
    txn.erase(kPointRows, point.key());
    if (tier.coarser == 0) continue;
    PointRow coarser{.series = point.series,
                     .resolution = tier.coarser,
                     .time = aligned(point.time, step),
                     .unit = point.unit,
                     .samples = {}};
    CO_TRY(std::optional<PointRow> there, txn.find(kPointRows, coarser.key()));
    if (there) coarser.samples = std::move(there->samples);
    coarser.samples.merge(point.samples);
    txn.put(kPointRows, coarser);
  }
  CO_TRY(co_await txn.commit());
  co_return old.size() == kRollUpRows;
}

// Erases a series that has no samples any more. Whoever adds some meanwhile has read its row, so
// one of the two is told of the conflict.
Task<void> Series::State::forget(SeriesRow row) {
  store::Txn txn = db.begin();
  const store::Range range{.prefix = store::key_prefix(row.id), .limit = 1};
  CO_TRY(const std::vector<PointRow> left, txn.scan(kPointRows, range));
  if (!left.empty()) co_return ok;
  CO_TRY(const std::optional<SeriesRow> now, txn.find(kSeriesRows, row.key()));
  if (!now || now->id != row.id || now->last_seen != row.last_seen) co_return ok;
  txn.erase(kSeriesRows, row.key());
  co_return co_await txn.commit();
}

}  // namespace millrace::metrics
