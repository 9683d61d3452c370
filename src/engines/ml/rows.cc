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
