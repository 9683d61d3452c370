#include "engines/ml/algorithms/factorization_machines/columns.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kSetsOfGroup = 64;  // Bits of a row's mask; features beyond are sets of one.

}  // namespace

Columns::Columns(const RowBatch& rows, uint64_t feature_dim, std::span<const uint64_t> fields)
    : groups_(fields.begin(), fields.end()) {
  transpose(rows, feature_dim);
  if (groups_.empty()) find_groups(rows.size());
  for (const uint32_t feature : features_) group_of_column_.push_back(group_of(feature));
  find_sets(rows.size());
}

Column Columns::column(size_t at) const {
  const size_t begin = begins_[at];
  const size_t count = begins_[at + 1] - begin;
  return {features_[at], group_of_column_[at], std::span(rows_).subspan(begin, count),
          std::span(values_).subspan(begin, count)};
}

uint32_t Columns::group_of(uint64_t feature) const {
  const auto after = std::upper_bound(groups_.begin(), groups_.end(), feature);
  return static_cast<uint32_t>(after - groups_.begin()) - 1;
}

void Columns::transpose(const RowBatch& rows, uint64_t feature_dim) {
  std::vector<uint32_t> counts(feature_dim);
  for (const uint32_t feature : rows.indices) ++counts[feature];
  begins_.push_back(0);
  std::vector<uint32_t>& number = counts;  // From here on: which column a feature has become.
  for (uint64_t feature = 0; feature < feature_dim; ++feature) {
    if (counts[feature] == 0) continue;
    begins_.push_back(begins_.back() + counts[feature]);
    number[feature] = static_cast<uint32_t>(features_.size());
    features_.push_back(static_cast<uint32_t>(feature));
  }
  rows_.resize(rows.indices.size());
  values_.resize(rows.indices.size());
  std::vector<size_t> next(begins_.begin(), begins_.end() - 1);
  for (size_t at = 0; at < rows.size(); ++at) {
    const RowView row = rows.row(at);
    for (size_t i = 0; i < row.indices.size(); ++i) {
      const size_t place = next[number[row.indices[i]]]++;
      rows_[place] = static_cast<uint32_t>(at);
      values_[place] = row.values[i];
    }
  }
}

void Columns::find_groups(size_t rows) {
  // Runs of features without a common row; a run ends before the first that has one.
  constexpr uint32_t kNone = ~0u;
  std::vector<uint32_t> run_of_row(rows, kNone);
  bool complete_before = true;
  uint64_t first = 0;
  size_t covered = 0;
  uint32_t run = 0;
  const auto end_run = [&] {
    const bool complete = covered == rows;
    if (groups_.empty() || complete || complete_before) groups_.push_back(first);
    complete_before = complete;
  };
  for (size_t at = 0; at < features_.size(); ++at) {
    const Column column{.rows =
                            std::span(rows_).subspan(begins_[at], begins_[at + 1] - begins_[at])};
    const bool meets = std::any_of(column.rows.begin(), column.rows.end(),
                                   [&](uint32_t row) { return run_of_row[row] == run; });
    if (meets) {
      end_run();
      first = features_[at];
      covered = 0;
      ++run;
    }
    for (const uint32_t row : column.rows) run_of_row[row] = run;
    covered += column.rows.size();
  }
  end_run();
  groups_.front() = 0;
}

void Columns::find_sets(size_t rows) {
  std::vector<uint64_t> taken(rows);
  for (size_t begin = 0; begin < features_.size();) {
    size_t end = begin;
    while (end < features_.size() && group_of_column_[end] == group_of_column_[begin]) ++end;
    std::vector<uint32_t> columns(end - begin);
    std::iota(columns.begin(), columns.end(), static_cast<uint32_t>(begin));
    std::sort(columns.begin(), columns.end(), [&](uint32_t a, uint32_t b) {
      const size_t of_a = column(a).size();
      const size_t of_b = column(b).size();
      return of_a != of_b ? of_a > of_b : a < b;
    });
    std::fill(taken.begin(), taken.end(), 0);
    add_sets(columns, taken);
    begin = end;
  }
  const auto largest = std::max_element(
      sets_.begin(), sets_.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (largest != sets_.end()) std::rotate(largest, largest + 1, sets_.end());
}

void Columns::add_sets(std::span<const uint32_t> columns, std::vector<uint64_t>& taken) {
  std::vector<std::vector<uint32_t>> sets(kSetsOfGroup);
  std::vector<std::vector<uint32_t>> alone;
  for (const uint32_t at : columns) {
    const Column found = column(at);
    uint64_t mask = 0;
    for (const uint32_t row : found.rows) mask |= taken[row];
    const auto set = static_cast<size_t>(std::countr_one(mask));
    if (set == kSetsOfGroup) {
      alone.push_back({at});
      continue;
    }
    for (const uint32_t row : found.rows) taken[row] |= uint64_t{1} << set;
    sets[set].push_back(at);
  }
  for (auto& set : sets) {
    if (!set.empty()) sets_.push_back(std::move(set));
  }
  std::move(alone.begin(), alone.end(), std::back_inserter(sets_));
}

}  // namespace millrace::ml::factorization_machines
