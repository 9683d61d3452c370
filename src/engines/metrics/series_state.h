// What Series keeps in memory, and how it gets into rows. Private to the module.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "engines/metrics/series.h"
#include "engines/metrics/series_rows.h"
#include "runtime/locked.h"

namespace millrace::metrics {

// Where samples go: a row of the table of points.
struct Slot {
  Realm realm;
  SeriesName name;
  Time time{};
  int64_t resolution = 60;
  std::string unit;
  auto operator<=>(const Slot&) const = default;
};
using Samples = std::map<Slot, Aggregate>;

// Recorded samples on their way to the store. Its number grows, and is stored with it: whoever
// copies what is in memory and reads the store afterwards knows which of it the store has already.
struct Batch {
  uint64_t number = 0;
  Samples samples;  // Does not change.
};

struct Memory {
  Samples pending;
  std::deque<Batch> batches;  // Only the flush takes one out, when it is in the store.
  size_t batched = 0;         // Their samples.
  uint64_t next_number = 1;
  uint64_t dropped = 0;
  bool flushing = false;
};

struct Series::State {
  State(store::Database& d, runtime::Clock& c, runtime::Random& r)
      : db(d), clock(c), random(r), writer(r.next()) {}

  // Errors: invalid.
  Result<std::pair<Slot, Aggregate>> admit(const Realm& realm, Datum datum) const;
  // Adds the samples to the rows of the transaction. Errors: internal.
  Result<void> merge(store::Txn& txn, const Samples& samples);
  // The oldest batch that is not in the store, made of pending samples where there is none; null
  // where there is nothing. Errors: conflict (another flush runs).
  const Batch* next_batch();
  Task<void> write(const Batch* batch);
  Task<void> flush_batches(size_t count);
  Task<void> flush();
  Task<void> flush_for_ever(std::stop_token stop);

  Task<void> roll_up();
  Task<bool> roll_up_some(SeriesRow row, Tier tier);
  Task<void> forget(SeriesRow row);
  Task<void> roll_up_for_ever(std::stop_token stop);

  store::Database& db;
  runtime::Clock& clock;
  runtime::Random& random;
  const uint64_t writer;
  runtime::Locked<Memory> memory;
};

void sort_dimensions(std::vector<Dimension>& dimensions);
SeriesRow row_of(const Realm& realm, const SeriesName& name);
SeriesName name_of(const SeriesRow& row);

}  // namespace millrace::metrics
