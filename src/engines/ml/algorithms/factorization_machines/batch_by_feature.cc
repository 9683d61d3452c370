#include "engines/ml/algorithms/factorization_machines/batch_by_feature.h"

#include <algorithm>
#include <bit>
#include <numbers>
#include <numeric>
#include <utility>

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kAhead = 24;  // Entries and features that are fetched while others are used.
// A range of up to so many features for each entry is counted through, which finds its features in
// order: they are then near one another in all tables.
constexpr size_t kCountedPerEntry = 8;

bool all_ones(std::span<const float> values) {
  uint32_t different = 0;
  for (const float value : values) {
    different |= std::bit_cast<uint32_t>(value) ^ std::bit_cast<uint32_t>(1.0f);
  }
  return different == 0;
}

// By which stride to go through features that are found in order, in a range of so many. They are
// best gone through one by one where they are all there is; else the processor, which sees where
// that leads, would fetch what lies between them too.
size_t stride_through(size_t features, size_t range) {
  if (features >= range - range / 8 || features < 8) return 1;
  auto stride = static_cast<size_t>((std::numbers::phi - 1) * static_cast<double>(features));
  while (std::gcd(stride, features) != 1) ++stride;
  return stride;
}

}  // namespace

void share_features(const RowBatch& batch, uint64_t feature_dim, double first,
                    std::vector<FeatureRange>& ranges) {
  constexpr size_t kLooks = 1024;
  constexpr size_t kStride = 7919;  // That the number of entries in a row does not divide.
  std::vector<uint32_t> seen;
  const size_t entries = batch.indices.size();
  for (size_t at = 0; at < std::min(entries, kLooks); ++at) {
    seen.push_back(batch.indices[at * kStride % entries]);
  }
  std::sort(seen.begin(), seen.end());
  const double others = (1 - first) / static_cast<double>(std::max<size_t>(ranges.size() - 1, 1));
  uint64_t begin = 0;
  for (size_t at = 0; at < ranges.size(); ++at) {
    const double share = first + others * static_cast<double>(at);
    const auto look = static_cast<size_t>(share * static_cast<double>(seen.size()));
    const bool last = at + 1 == ranges.size() || look >= seen.size();
    const uint64_t end = share <= 0 ? 0
                         : last     ? feature_dim
                                    : std::max<uint64_t>(begin, seen[look]);
    ranges[at] = {begin, end};
    begin = end;
  }
}

void BatchByFeature::assign(const RowBatch& batch, FeatureRange range) {
  count_ = 0;
  if (range.begin == range.end) return;
  const size_t all = batch.indices.size();
  const bool whole = range.begin == 0 && range.end == marks_.size();
  ones_ = all_ones(batch.values);
  make_room(all, whole);
  number_entries(batch.ends(), row_of_.data());
  Entries entries{batch.indices.data(), row_of_.data(), batch.values.data(), all};
  if (!whole) {
    const SomeEntries own{own_features_.data(), own_rows_.data(),
                          ones_ ? nullptr : own_values_.data()};
    entries.count = select_entries(entries, range.begin, range.end, own);
    entries = {own.features, own.rows, own.values, entries.count};
  }
  if (range.end - range.begin <= kCountedPerEntry * entries.count) {
    count_all(entries, range);
  } else {
    count_few(entries);
  }
}

void BatchByFeature::release() {
  for (size_t at = 0; at < count_; ++at) {
    __builtin_prefetch(&marks_[features_[std::min(at + kAhead, count_ - 1)]], 1);
    marks_[features_[at]] = 0;
  }
}

FeatureRows BatchByFeature::view() const {
  return {.features = features_.data(),
          .ends = ends_.data(),
          .rows = rows_.data(),
          .values = ones_ ? nullptr : values_.data(),
          .count = count_};
}

void BatchByFeature::make_room(size_t entries, bool whole) {
  constexpr size_t kSpare = std::max(kSelectedSpare, kCountedSpare);
  const auto widen = [&](auto& each) {
    if (each.size() < entries + kSpare) each.resize(entries + kSpare);
  };
  for (std::vector<uint32_t>* const each : {&row_of_, &features_, &ends_, &place_of_, &rows_}) {
    widen(*each);
  }
  widen(gradients_);
  if (!ones_) widen(values_);
  if (whole) return;
  widen(own_features_);
  widen(own_rows_);
  if (!ones_) widen(own_values_);
}

void BatchByFeature::count_all(const Entries& entries, FeatureRange range) {
  uint32_t* const marks = marks_.data();
  for (size_t entry = 0; entry < entries.count; ++entry) ++marks[entries.features[entry]];
  uint32_t* const there = place_of_.data();
  count_ = find_counted(std::span(marks_).subspan(range.begin, range.end - range.begin),
                        static_cast<uint32_t>(range.begin), there);
  // From here on a mark says where the next row of its feature goes.
  const size_t stride = stride_through(count_, range.end - range.begin);
  size_t next = 0;
  uint32_t begin = 0;
  for (size_t at = 0; at < count_; ++at) {
    uint32_t& mark = marks[there[next]];
    features_[at] = there[next];
    ends_[at] = begin + mark;
    mark = std::exchange(begin, ends_[at]);
    next += stride;
    if (next >= count_) next -= count_;
  }
  uint32_t* const rows = rows_.data();
  if (ones_) {
    for (size_t entry = 0; entry < entries.count; ++entry) {
      const size_t later = std::min(entry + kAhead, entries.count - 1);
      __builtin_prefetch(rows + marks[entries.features[later]], 1);
      rows[marks[entries.features[entry]]++] = entries.rows[entry];
    }
    return;
  }
  for (size_t entry = 0; entry < entries.count; ++entry) {
    const uint32_t at = marks[entries.features[entry]]++;
    rows[at] = entries.rows[entry];
    values_[at] = entries.values[entry];
  }
}

// Features in the order of their first occurrence. Whether one is new is not to be foreseen, so
// nothing branches on it. A mark is the feature's place, counted from 1.
void BatchByFeature::count_few(const Entries& entries) {
  uint32_t* const marks = marks_.data();
  uint32_t count = 0;
  for (size_t entry = 0; entry < entries.count; ++entry) {
    __builtin_prefetch(&marks[entries.features[std::min(entry + kAhead, entries.count - 1)]], 1);
    const uint32_t feature = entries.features[entry];
    const uint32_t known = marks[feature] - 1;  // More than any place where there is no mark.
    const uint32_t place = std::min(known, count);
    marks[feature] = place + 1;
    features_[count] = feature;  // Stays where it is new.
    ends_[count] = 0;
    ++ends_[place];
    place_of_[entry] = place;
    count += static_cast<uint32_t>(known > place);
  }
  count_ = count;
  uint32_t begin = 0;
  for (size_t at = 0; at < count_; ++at) begin += std::exchange(ends_[at], begin);
  for (size_t entry = 0; entry < entries.count; ++entry) {
    const uint32_t at = ends_[place_of_[entry]]++;
    rows_[at] = entries.rows[entry];
    if (!ones_) values_[at] = entries.values[entry];
  }
}

}  // namespace millrace::ml::factorization_machines
