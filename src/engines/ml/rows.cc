#include "engines/ml/rows.h"

#include <algorithm>
#include <utility>

namespace millrace::ml {

void RowBatch::clear() {
  indices.clear();
  values.clear();
  ends_.clear();
  labels_.clear();
  importances_.clear();
}

void RowBatch::append_rows(RowView all, std::span<const size_t> ends, size_t begin,
                           std::span<const float> labels) {
  const size_t open = open_begin();
  const size_t row = ends_.size();
  ASSERT(indices.size() == open);
  ASSERT(ends.size() == labels.size());
  indices.insert(indices.end(), all.indices.begin(), all.indices.end());
  values.insert(values.end(), all.values.begin(), all.values.end());
  ends_.resize(row + ends.size());
  for (size_t n = 0; n < ends.size(); ++n) ends_[row + n] = open + ends[n] - begin;
  ASSERT(open_begin() == indices.size());
  labels_.insert(labels_.end(), labels.begin(), labels.end());
  if (!importances_.empty()) importances_.resize(ends_.size(), 1.0f);
}

void RowBatch::weigh_last_row(float importance) {
  ASSERT(!ends_.empty());
  if (importances_.empty()) importances_.assign(ends_.size(), 1.0f);
  importances_.back() = importance;
}

void RowBatch::undo() {
  const size_t begin = open_begin();
  indices.resize(begin);
  values.resize(begin);
}

void RowBatch::order_open_row() {
  const size_t begin = open_begin();
  bool ordered = true;
  for (size_t i = begin + 1; i < indices.size(); ++i) ordered &= indices[i - 1] < indices[i];
  if (ordered) return;

  struct Entry {
    uint32_t index;
    size_t position;
    float value;
  };
  std::vector<Entry> entries;
  entries.reserve(indices.size() - begin);
  for (size_t i = begin; i < indices.size(); ++i) entries.push_back({indices[i], i, values[i]});
  // Equal indices keep their order, so that their sum does not depend on the sorting algorithm.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.index, a.position) < std::pair(b.index, b.position);
  });
  size_t end = begin;
  for (const auto& [index, position, value] : entries) {
    if (end > begin && indices[end - 1] == index) {
      values[end - 1] += value;
    } else {
      indices[end] = index;
      values[end] = value;
      ++end;
    }
  }
  indices.resize(end);
  values.resize(end);
}

}  // namespace millrace::ml
