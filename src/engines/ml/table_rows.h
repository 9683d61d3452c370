// Rows of a piece of a table whose columns hold numbers: turned from columns into rows in tiles
// that stay in the cache. What is unusual (missing, not finite, out of order, an index that is
// none) is not read here: parquet_examples.cc looks at such a row number by number, and says what
// is wrong.
//
// Not thread-safe. The columns lie where they are until others are set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engines/ml/rows.h"
#include "engines/ml/table_file.h"

namespace millrace::ml {

// A row is a number of each column.
class DenseRows {
 public:
  // Of a piece of so many rows.
  void set(std::vector<Numbers> columns, size_t rows);
  // Appends to the open row of `batch` what of the row is not 0; false where it is unusual, and
  // nothing is appended then.
  bool append(size_t row, RowBatch& batch);

 private:
  void turn(size_t row);

  std::vector<Numbers> columns_;
  size_t rows_ = 0;
  bool whole_ = false;     // No number is missing.
  size_t tile_begin_ = 0;  // The rows that are in the tile.
  size_t tile_end_ = 0;
  std::vector<float> tile_;
  std::vector<uint32_t> counting_;  // 0, 1, 2, …
};

// A row is a list of indices, and perhaps one of values.
class SparseRows {
 public:
  // `values` is nullptr where each is 1.
  void set(const NumberLists& indices, const NumberLists* values, size_t rows);
  // As of DenseRows; indices are below `feature_dim`.
  bool append(size_t row, uint64_t feature_dim, RowBatch& batch) const;

 private:
  NumberLists indices_;
  NumberLists values_;
  bool valued_ = false;
  bool whole_ = false;
};

}  // namespace millrace::ml
