// Rows of two ones, such as a user and an item, sorted into cells: the users into groups, the items
// into as many, and a cell has the rows of one group of each. Cells that share no group share no
// feature, so that threads may learn from them at the same time and need to agree on nothing
// (Gemulla et al. 2011, "Large-scale Matrix Factorization with Distributed Stochastic Gradient
// Descent"; Chin et al. 2015, libMF). A cell also touches only a part of the model.
//
// Groups are ranges of features with about as many rows each. What is made of the same rows is
// always the same. A value; reading is thread-safe.
#pragma once

#include <optional>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/pair_kernels.h"
#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

class PairCells {
 public:
  static constexpr size_t kRowsMin = 1 << 14;  // Fewer are not worth it.
  static constexpr size_t kGroupsMin = 16;     // As many threads find work at the same time.
  static constexpr size_t kGroupsMax = 64;

  // Nothing where there are too few rows, or one that does not consist of a one below and a one
  // from some feature on, the same of all rows. `row_bytes` are those of a feature in the model.
  // Takes 12 bytes a row, 16 where rows have an importance.
  static std::optional<PairCells> make(const RowBatch& batch, uint64_t feature_dim,
                                       size_t row_bytes);

  size_t groups() const { return groups_; }
  // The rows of a group of first and one of second features, in the order of the batch.
  PairRows cell(size_t first, size_t second) const;
  size_t rows() const { return rows_.size(); }

 private:
  PairCells() = default;
  void fill(const RowBatch& batch, const std::vector<uint16_t>& cells);

  size_t groups_ = 0;
  std::vector<PairRow> rows_;  // By cell.
  std::vector<float> importances_;
  std::vector<size_t> ends_;  // Of the cells.
};

}  // namespace millrace::ml::factorization_machines
