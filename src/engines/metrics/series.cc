#include "engines/metrics/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engines/metrics/limits.h"
#include "engines/metrics/series_state.h"
#include "runtime/log.h"

namespace millrace::metrics {
namespace {

std::unexpected<Error> broken(const Datum& datum, std::string_view rule) {
  return fail(ErrorKind::invalid, fmt::format("{}: {}", datum.name, rule));
}

Result<Aggregate> samples_of(const Datum& datum) {
  Aggregate out;
  const int forms =
      (datum.value ? 1 : 0) + (datum.values.empty() ? 0 : 1) + (datum.summary ? 1 : 0);
  if (forms != 1) return broken(datum, "one of value, values and summary");
  if (datum.value) {
    if (!std::isfinite(*datum.value)) return broken(datum, "values are finite");
    out.add(*datum.value);
    return out;
  }
  if (datum.summary) {
    const Datum::Summary& s = *datum.summary;
    const bool finite = std::isfinite(s.count) && std::isfinite(s.sum) && std::isfinite(s.min) &&
                        std::isfinite(s.max);
    if (!finite || s.count <= 0 || s.min > s.max) return broken(datum, "a summary of samples");
    out.add_summary(s.count, s.sum, s.min, s.max);
    return out;
  }
  if (datum.values.size() > kDatumValuesMax) return broken(datum, "too many values");
  if (!datum.counts.empty() && datum.counts.size() != datum.values.size()) {
    return broken(datum, "as many counts as values");
  }
  for (size_t i = 0; i < datum.values.size(); ++i) {
    const double count = datum.counts.empty() ? 1 : datum.counts[i];
    if (!std::isfinite(datum.values[i]) || !std::isfinite(count) || count <= 0) {
      return broken(datum, "values are finite and counts positive");
    }
    out.add(datum.values[i], count);
  }
  return out;
}

}  // namespace

void sort_dimensions(std::vector<Dimension>& dimensions) { std::ranges::sort(dimensions); }

SeriesRow row_of(const Realm& realm, const SeriesName& name) {
  SeriesRow row{.realm = realm, .space = name.space, .name = name.name};
  for (const Dimension& dimension : name.dimensions) {
    row.dimensions.push_back(dimension.name);
    row.dimensions.push_back(dimension.value);
  }
  return row;
}

SeriesName name_of(const SeriesRow& row) {
  SeriesName out{row.space, row.name, {}};
  for (size_t i = 0; i + 1 < row.dimensions.size(); i += 2) {
    out.dimensions.push_back({row.dimensions[i], row.dimensions[i + 1]});
  }
  return out;
}

Result<std::pair<Slot, Aggregate>> Series::State::admit(const Realm& realm, Datum datum) const {
  TRY(Aggregate samples, samples_of(datum));
  sort_dimensions(datum.dimensions);
  const int64_t resolution = datum.high_resolution ? 1 : 60;
  Slot slot{.realm = realm,
            .name = {std::move(datum.space), std::move(datum.name), std::move(datum.dimensions)},
            .time = aligned(datum.time.value_or(clock.now()), seconds(resolution)),
            .resolution = resolution,
            .unit = std::move(datum.unit)};
  return std::pair(std::move(slot), std::move(samples));
}

Result<void> Series::State::merge(store::Txn& txn, const Samples& samples) {
  const Time minute = aligned(clock.now(), seconds(60));
  std::optional<SeriesRow> row;
  const Slot* previous = nullptr;
  for (const auto& [slot, added] : samples) {
    // The samples are in the order of their series.
    if (previous == nullptr || previous->realm != slot.realm || previous->name != slot.name) {
      SeriesRow wanted = row_of(slot.realm, slot.name);
      TRY(row, txn.find(kSeriesRows, wanted.key()));
      if (!row || row->last_seen < minute) {
        if (!row) {
          row = std::move(wanted);
          row->id = random.next();
        }
        row->last_seen = minute;
        txn.put(kSeriesRows, *row);
      }
      previous = &slot;
    }
    PointRow point{.series = row->id,
                   .resolution = slot.resolution,
                   .time = slot.time,
                   .unit = slot.unit,
                   .samples = {}};
    TRY(std::optional<PointRow> there, txn.find(kPointRows, point.key()));
    if (there) point.samples = std::move(there->samples);
    point.samples.merge(added);
    txn.put(kPointRows, point);
  }
  return {};
}

const Batch* Series::State::next_batch() {
  return memory.with([](Memory& m) -> const Batch* {
    if (m.batches.empty() && !m.pending.empty()) {
      Batch batch{m.next_number++, {}};
      while (!m.pending.empty() && batch.samples.size() < kFlushPoints) {
        batch.samples.insert(batch.samples.end(), m.pending.extract(m.pending.begin()));
      }
      m.batched += batch.samples.size();
      m.batches.push_back(std::move(batch));
    }
    return m.batches.empty() ? nullptr : &m.batches.front();
  });
}

Task<void> Series::State::write(const Batch* batch) {
  for (int tries = 0;; ++tries) {
    store::Txn txn = db.begin();
    CO_TRY(merge(txn, batch->samples));
    txn.put(kFlushMarks, {writer, batch->number});
    const Result<void> done = co_await txn.commit_lazily();
    if (done || done.error().kind != ErrorKind::conflict || tries >= kConflictRetries) {
      co_return done;
    }
  }
}

Task<void> Series::State::flush_batches(size_t count) {
  for (; count > 0; --count) {
    const Batch* batch = next_batch();
    if (batch == nullptr) break;
    CO_TRY(co_await write(batch));
    memory.with([](Memory& m) {
      m.batched -= m.batches.front().samples.size();
      m.batches.pop_front();
    });
  }
  co_return ok;
}

Task<void> Series::State::flush() {
  // What is recorded meanwhile is left to the next flush.
  const size_t count = memory.with([](Memory& m) {
    if (m.flushing) return size_t{0};
    m.flushing = true;
    return m.batches.size() + m.pending.size() / kFlushPoints + 1;
  });
  if (count == 0) co_return fail(ErrorKind::conflict, "recorded samples are being written");
  Result<void> done = co_await flush_batches(count);
  memory.with([](Memory& m) { m.flushing = false; });
  co_return done;
}

Task<void> Series::State::flush_for_ever(std::stop_token stop) {
  bool failed = false;
  while (co_await clock.sleep_for(kFlushPeriod, stop)) {
    const Result<void> done = co_await flush();
    if (!done && !failed) {
      runtime::log(runtime::LogLevel::warning, "series.flush_failed",
                   {{"cause", done.error().message}});
    }
    failed = !done;
  }
  co_return ok;
}

Series::Series(store::Database& db, runtime::Clock& clock, runtime::Random& random)
    : state_(std::make_unique<State>(db, clock, random)) {}

Series::~Series() = default;

void Series::start(runtime::Nursery& nursery) {
  nursery.spawn(state_->flush_for_ever(nursery.stop_token()));
  nursery.spawn(state_->roll_up_for_ever(nursery.stop_token()));
}

Task<void> Series::close() { return flush(); }

Task<void> Series::put(Realm realm, std::vector<Datum> data) {
  if (data.size() > kPutDataMax) {
    co_return fail(ErrorKind::invalid, fmt::format("{} data are too many", data.size()));
  }
  Samples samples;
  for (Datum& datum : data) {
    CO_TRY(auto admitted, state_->admit(realm, std::move(datum)));
    samples[std::move(admitted.first)].merge(admitted.second);
  }
  for (int tries = 0;; ++tries) {
    store::Txn txn = state_->db.begin();
    CO_TRY(state_->merge(txn, samples));
    const Result<void> done = co_await txn.commit();
    if (done || done.error().kind != ErrorKind::conflict || tries >= kConflictRetries) {
      co_return done;
    }
  }
}

void Series::record(const Realm& realm, Datum datum) {
  auto admitted = state_->admit(realm, std::move(datum));
  state_->memory.with([&admitted](Memory& m) {
    if (!admitted) {
      ++m.dropped;
      return;
    }
    const auto found = m.pending.find(admitted->first);
    if (found != m.pending.end()) {
      found->second.merge(admitted->second);
    } else if (m.pending.size() + m.batched >= kPendingPointsMax) {
      ++m.dropped;
    } else {
      m.pending.emplace(std::move(admitted->first), std::move(admitted->second));
    }
  });
}

uint64_t Series::dropped() const {
  return state_->memory.with([](Memory& m) { return m.dropped; });
}

Task<void> Series::flush() { return state_->flush(); }
Task<void> Series::roll_up() { return state_->roll_up(); }

}  // namespace millrace::metrics
