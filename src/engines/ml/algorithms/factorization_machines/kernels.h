// The inner loops of factorization machines, for the widest vectors that the processor has
// (Highway, chosen at run time).
//
// A unit is 16 factors, of index 16 u to 16 u + 15. Sums over factors are built unit by unit and
// the units are added in order, so that a result does not depend on how the units are dealt out to
// threads. Functions are pure apart from what they are given to write; threads may share a table as
// long as their slices are disjoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

inline constexpr size_t kUnit = 16;

constexpr size_t units_of(size_t factors) { return (factors + kUnit - 1) / kUnit; }

// Factors `begin` to `begin + width` of every row; `begin` is a multiple of kUnit, and so is
// `width` unless the slice ends with the row.
struct Slice {
  size_t begin = 0;
  size_t width = 0;
  size_t units() const { return units_of(width); }
};

// A table of rows of factors, and the part of it that a thread works on.
struct FactorTable {
  float* rows = nullptr;
  size_t stride = 0;
  Slice slice;
  float* beside = nullptr;  // What the solver knows of each factor, laid out likewise.
  bool far = true;          // Too large for the cache nearby: rows are fetched early.
};

// The rows `first` to `first + count` of a batch.
struct Block {
  const RowBatch* batch = nullptr;
  size_t first = 0;
  size_t count = 0;
};

// sum_f sum_{i<j} v_if x_i v_jf x_j of one row, which is the term of pairs of eq. 1.
float interaction(const ModelView& model, RowView row);

// Of each row of the block and each factor of the slice: sums[row * width + f] = sum_i v_if x_i,
// and of each unit: pairs[row * pairs_stride + u] = sum_f sum_{i<j} v_if x_i v_jf x_j.
void forward(const FactorTable& table, Block block, float* sums, float* pairs, size_t pairs_stride);

// Stochastic gradient descent, row after row: v_if -= rate (d x_i (sums_f - v_if x_i) + decay v_if)
// with d = slopes[row], the derivative of the loss by the output.
void descend(const FactorTable& table, Block block, const float* sums, const float* slopes,
             float rate, float decay);

// AdaGrad (Duchi, Hazan and Singer 2011): as descend(), each parameter's rate divided by the root
// of the sum of its squared gradients, which `table.beside` accumulates.
void descend_adagrad(const FactorTable& table, Block block, const float* sums, const float* slopes,
                     float rate, float decay);

}  // namespace millrace::ml::factorization_machines
