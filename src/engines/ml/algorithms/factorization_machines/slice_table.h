// The factors of a slice of every row of a table, for a while in a table of their own: where rows
// lie in the caches of the cores, a core that fetches what lies behind its part of a row takes from
// another core what that one works on.
//
// Not thread-safe; threads may take and give disjoint slices of a table at once.
#pragma once

#include <algorithm>

#include "engines/ml/algorithms/factorization_machines/kernels.h"
#include "engines/ml/float_table.h"

namespace millrace::ml::factorization_machines {

class SliceTable {
 public:
  // Copies the slice of each of `count` rows. `give()` is to copy it back.
  void take(const float* rows, size_t stride, size_t count, const Slice& slice) {
    stride_ = slice.units() * kUnit;
    if (values_.size() == 0) values_ = FloatTable(count * stride_);
    for (size_t row = 0; row < count; ++row) {
      std::copy_n(rows + row * stride + slice.begin, slice.width, values_.data() + row * stride_);
    }
    taken_ = true;
  }
  void give(float* rows, size_t stride, size_t count, const Slice& slice) {
    for (size_t row = 0; row < count; ++row) {
      std::copy_n(values_.data() + row * stride_, slice.width, rows + row * stride + slice.begin);
    }
    taken_ = false;
  }

  bool taken() const { return taken_; }
  // The slice of the first row; that of the next is `stride()` floats further.
  float* data() { return values_.data(); }
  size_t stride() const { return stride_; }

 private:
  FloatTable values_;
  size_t stride_ = 0;
  bool taken_ = false;
};

}  // namespace millrace::ml::factorization_machines
