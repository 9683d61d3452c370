// The inner loops of Adam (adam.h), for the widest vectors that the processor has (Highway, chosen
// at run time).
//
// Whatever is computed of a factor, or of a row, is computed from that factor's or row's numbers
// alone, so that results do not depend on how factors and rows are dealt out to threads. Functions
// write only what they are given to write; threads may share all tables as long as no two of them
// have the same slice, or the same row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engines/ml/algorithms/factorization_machines/kernels.h"

namespace millrace::ml::factorization_machines {

// Of one step and one term. Moments are kept without the factors 1 - beta of Kingma and Ba: the
// sums of beta^k g and beta^k g^2 of gradients g. `rate` and `epsilon` make up for that, and for
// the bias correction.
struct AdamStep {
  float rate;
  float decay;  // Of the weights, joins the gradient.
  float clip;   // Of each gradient; infinity where it is not clipped.
  float epsilon;
  float beta1;
  float beta2;
};

// A batch by feature: features[at] occurs in the rows that end at ends[at], and begin where those
// of the feature before it end. `values` are those that it has there; null: all are 1.
struct FeatureRows {
  const uint32_t* features = nullptr;
  const uint32_t* ends = nullptr;
  const uint32_t* rows = nullptr;
  const float* values = nullptr;
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

// Of each row of a batch d, the derivative of the loss by its output, and of each factor f of a
// slice s_f = sum_i v_if x_i.
struct RowSums {
  const float* slopes = nullptr;  // d
  const float* sums = nullptr;    // s_f
  size_t stride = 0;              // From the sums of a row to those of the next.
};

// One step of Adam (Kingma and Ba 2015) for the factors of all features of a batch: the gradient of
// each is the sum over its rows of d x (s_f - v_f x). `linear_gradients`, which may be null,
// receives the sums of d x, by place in `by_feature`.
void step_adam(const AdamTables& tables, const FeatureRows& by_feature, const RowSums& of_rows,
               const AdamStep& step, float* linear_gradients);

// By feature: its weight, and side by side its two moments.
struct AdamLinear {
  float* weights = nullptr;
  float* moments = nullptr;
  uint64_t count = 0;  // Of features.
  // Whether they lie too far off to be used without being fetched before.
  bool far() const { return count > (uint64_t{1} << 16); }
};

// One step for the linear weights of `features`, no two of which are the same.
void step_adam_linear(const AdamLinear& tables, std::span<const uint32_t> features,
                      const float* gradients, const AdamStep& step);

inline constexpr size_t kSelectedSpare = 16;

// Entries of a batch one by one: the feature, the row and the value of each.
struct Entries {
  const uint32_t* features = nullptr;
  const uint32_t* rows = nullptr;
  const float* values = nullptr;
  size_t count = 0;
};

// Where entries go. `values` may be null: then they are left out.
struct SomeEntries {
  uint32_t* features = nullptr;
  uint32_t* rows = nullptr;
  float* values = nullptr;
};

// The row of each entry, by where the entries of each row end. `rows` has room for kSelectedSpare
// more than there are.
void number_entries(std::span<const size_t> ends, uint32_t* rows);

// Those whose features are from `begin` to before `end`, in their order. `out` has room for
// kSelectedSpare more than all. Answers how many.
size_t select_entries(const Entries& all, uint64_t begin, uint64_t end, const SomeEntries& out);

// What there is of something counted: the numbers from `first` on whose count is not 0, ascending.
// `there` has room for kCountedSpare more than there are. Answers how many.
inline constexpr size_t kCountedSpare = 16;
size_t find_counted(std::span<const uint32_t> counts, uint32_t first, uint32_t* there);

// sums[row] = bias + sum_i w_i x_i, for the rows from `first` to before `end`.
void sum_linear(const RowBatch& batch, size_t first, size_t end, const AdamLinear& tables,
                float bias, float* sums);

}  // namespace millrace::ml::factorization_machines
