#include "engines/ml/algorithms/factorization_machines/pair_cells.h"

#include <algorithm>
#include <array>
#include <bit>

namespace millrace::ml::factorization_machines {
namespace {

constexpr unsigned kBucketBits = 16;     // Features are looked at in at most so many buckets.
constexpr size_t kNearBytes = 1u << 20;  // Of the model, that a cell had better not exceed...
constexpr size_t kUses = 2;              // ...where it uses a feature at least so often.

// Whether each row is two ones, the first of which lies before the second of any.
bool are_pairs(const RowBatch& batch) {
  const size_t count = batch.size();
  if (batch.indices.size() != 2 * count) return false;
  bool alike = true;
  uint32_t first_max = 0;
  uint32_t second_min = 0xffffffff;
  for (size_t at = 0; at < count; ++at) {
    alike &= batch.ends()[at] == 2 * at + 2;
    first_max = std::max(first_max, batch.indices[2 * at]);
    second_min = std::min(second_min, batch.indices[2 * at + 1]);
  }
  for (const float value : batch.values) alike &= value == 1;
  return alike && first_max < second_min;
}

// Which group each bucket of features belongs to, by how many rows it and those before it have.
std::vector<uint8_t> share_buckets(const std::vector<uint32_t>& counts, size_t rows,
                                   size_t groups) {
  std::vector<uint8_t> group_of(counts.size());
  size_t before = 0;
  for (size_t bucket = 0; bucket < counts.size(); ++bucket) {
    const size_t middle = before + counts[bucket] / 2;
    group_of[bucket] = static_cast<uint8_t>(std::min(middle * groups / rows, groups - 1));
    before += counts[bucket];
  }
  return group_of;
}

size_t groups_for(size_t rows, uint64_t feature_dim, size_t row_bytes) {
  size_t groups = PairCells::kGroupsMin;
  while (groups < PairCells::kGroupsMax && feature_dim * row_bytes / groups > kNearBytes &&
         2 * rows / (2 * groups) >= kUses * feature_dim) {
    groups *= 2;
  }
  return groups;
}

}  // namespace

std::optional<PairCells> PairCells::make(const RowBatch& batch, uint64_t feature_dim,
                                         size_t row_bytes) {
  if (batch.size() < kRowsMin || !are_pairs(batch)) return std::nullopt;
  const auto bits = static_cast<unsigned>(std::bit_width(feature_dim - 1));
  const unsigned shift = bits > kBucketBits ? bits - kBucketBits : 0;
  std::array<std::vector<uint32_t>, 2> counts;
  for (auto& of_side : counts) of_side.resize(((feature_dim - 1) >> shift) + 1);
  for (size_t at = 0; at < batch.indices.size(); at += 2) {
    ++counts[0][batch.indices[at] >> shift];
    ++counts[1][batch.indices[at + 1] >> shift];
  }
  PairCells made;
  made.groups_ = groups_for(batch.size(), feature_dim, row_bytes);
  const std::vector<uint8_t> first = share_buckets(counts[0], batch.size(), made.groups_);
  const std::vector<uint8_t> second = share_buckets(counts[1], batch.size(), made.groups_);
  std::vector<uint16_t> cells(batch.size());
  made.ends_.resize(made.groups_ * made.groups_);
  for (size_t at = 0; at < batch.size(); ++at) {
    cells[at] = static_cast<uint16_t>(first[batch.indices[2 * at] >> shift] * made.groups_ +
                                      second[batch.indices[2 * at + 1] >> shift]);
    ++made.ends_[cells[at]];
  }
  made.fill(batch, cells);
  return made;
}

void PairCells::fill(const RowBatch& batch, const std::vector<uint16_t>& cells) {
  size_t begin = 0;
  for (size_t& end : ends_) begin += std::exchange(end, begin);
  rows_.resize(batch.size());
  if (batch.weighted()) importances_.resize(batch.size());
  for (size_t at = 0; at < batch.size(); ++at) {
    const size_t to = ends_[cells[at]]++;
    rows_[to] = {batch.indices[2 * at], batch.indices[2 * at + 1], batch.label(at)};
    if (batch.weighted()) importances_[to] = batch.importance(at);
  }
}

PairRows PairCells::cell(size_t first, size_t second) const {
  const size_t at = first * groups_ + second;
  const size_t begin = at == 0 ? 0 : ends_[at - 1];
  return {.rows = rows_.data() + begin,
          .importances = importances_.empty() ? nullptr : importances_.data() + begin,
          .count = ends_[at] - begin};
}

}  // namespace millrace::ml::factorization_machines
