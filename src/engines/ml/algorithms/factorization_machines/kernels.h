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

// The rows of a batch in which a feature occurs, and its value there.
struct Occurrence {
  uint32_t row;
  float value;
};

struct AdamStep {
  float rate;   // With the bias correction of this step.
  float decay;  // Of the weights, joins the gradient.
  float scale;  // Of the sum of the gradients.
  float clip;   // Of each gradient; infinity where it is not clipped.
  float epsilon;
  float beta1;
  float beta2;
};

// A batch by feature: `occurrences` of features[slot] end at ends[slot], and begin where those of
// the slot before it end.
struct Occurrences {
  const uint32_t* features = nullptr;
  const uint32_t* ends = nullptr;
  const Occurrence* occurrences = nullptr;
  size_t count = 0;  // Of features.
};

// Moments of the factors of a slice: of each feature the first ones, then the second ones. What two
// threads write does not lie side by side, or the processor would fetch for one what the other has.
constexpr size_t moments_stride(const Slice& slice) { return 2 * slice.units() * kUnit; }

struct AdamTables {
  float* factors = nullptr;
  size_t stride = 0;
  float* moments = nullptr;
  Slice slice;
};

// sum_i v_if x_i of each row of a batch, for the factors of a slice.
struct RowSums {
  const float* sums = nullptr;
  size_t stride = 0;
};

// One step of Adam (Kingma and Ba 2015) for the factors of all features of a batch: the gradient of
// each is the sum over its occurrences of d x (sums_f - v_f x). `linear_gradients`, which may be
// null, receives by slot the sums of d x.
void step_adam(const AdamTables& tables, const Occurrences& by_feature, const RowSums& sums,
               const float* slopes, const AdamStep& step, float* linear_gradients);

// By feature.
struct AdamLinear {
  float* weights = nullptr;
  float* means = nullptr;
  float* squares = nullptr;
};

// One step for the linear weights of `features`, no two of which are the same.
void step_adam_linear(const AdamLinear& tables, std::span<const uint32_t> features,
                      const float* gradients, const AdamStep& step);

}  // namespace millrace::ml::factorization_machines
