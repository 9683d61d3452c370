// Rows of a sparse matrix with their labels, in contiguous arrays that are reused from one batch
// to the next, so that reading an example allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace millrace::ml {

enum class LabelRule : uint8_t {
  ignored,   // An example may have none; what it has is not read.
  number,    // Exactly one finite number.
  zero_one,  // Exactly one, 0 or 1.
};

// What every row that is read must hold, whatever the format.
struct RowRules {
  uint64_t feature_dim = 0;
  LabelRule label = LabelRule::ignored;
};

struct RowView {
  std::span<const uint32_t> indices;  // Strictly increasing.
  std::span<const float> values;      // Finite; as many as indices.
};

// A value; not thread-safe.
class RowBatch {
 public:
  size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  RowView row(size_t at) const {
    const size_t begin = at == 0 ? 0 : ends_[at - 1];
    return {std::span(indices).subspan(begin, ends_[at] - begin),
            std::span(values).subspan(begin, ends_[at] - begin)};
  }
  float label(size_t at) const { return labels_[at]; }
  // Where each row ends in `indices` and `values`.
  std::span<const size_t> ends() const { return ends_; }
  size_t begin_of(size_t at) const { return at == 0 ? 0 : ends_[at - 1]; }
  // How much the example counts: positive and finite, 1 where nothing was said.
  float importance(size_t at) const { return importances_.empty() ? 1.0f : importances_[at]; }
  // Whether any row has an importance of its own.
  bool weighted() const { return !importances_.empty(); }

  void clear();
  // Makes a row of everything that was appended to `indices` and `values` since the last row.
  void end_row(float label) {
    ASSERT(indices.size() == values.size());
    ends_.push_back(indices.size());
    labels_.push_back(label);
    if (!importances_.empty()) importances_.push_back(1);
  }
  // Appends rows that lie one behind the other in `all`, row n up to ends[n] - begin; none is open.
  void append_rows(RowView all, std::span<const size_t> ends, size_t begin,
                   std::span<const float> labels);
  // Sets the importance of the row that was made last.
  void weigh_last_row(float importance);
  // Forgets what was appended to `indices` and `values` since the last row.
  void undo();
  // Where the row that is being appended begins.
  size_t open_begin() const { return ends_.empty() ? 0 : ends_.back(); }
  // Sorts the open row by index and adds up the values of equal indices.
  void order_open_row();

  std::vector<uint32_t> indices;
  std::vector<float> values;

 private:
  std::vector<size_t> ends_;
  std::vector<float> labels_;
  std::vector<float> importances_;  // Empty while every row counts 1.
};

}  // namespace millrace::ml
