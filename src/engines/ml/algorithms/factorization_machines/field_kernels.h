// The inner loops of field-aware factorization machines (Juan, Zhuang, Chin and Lin 2016,
// "Field-aware Factorization Machines for CTR Prediction"), for the widest vectors that the
// processor has.
//
// A feature has a vector for each field: feature i meets feature j with the vector that it has for
// j's field. phi(x) = r sum_{i<j} <v_{i,f(j)}, v_{j,f(i)}> x_i x_j with r = 1 / sum_i x_i^2, the
// normalisation of the paper's section 3.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::ml::factorization_machines {

struct FieldEntry {
  uint32_t feature;
  uint32_t field;
  float value;
};

// Rows of features; in each, `fields` vectors of `width` factors.
struct FieldTable {
  float* factors = nullptr;
  float* squares = nullptr;  // AdaGrad's sums of squared gradients, laid out likewise.
  size_t stride = 0;         // From one feature to the next, in floats.
  size_t width = 0;
  size_t fields = 0;

  size_t row_floats() const { return fields * width; }
  // Vectors are so short that pairs waste most of the processor's: sums make long ones of them.
  bool is_narrow() const { return width < 16; }
};

// phi without r.
float field_pairs(const float* factors, size_t stride, size_t width,
                  std::span<const FieldEntry> entries);

// One step of AdaGrad for every pair: slope is the derivative of the loss by the output, times r.
void descend_fields(const FieldTable& table, std::span<const FieldEntry> entries, float slope,
                    float rate, float decay);

// The same for all pairs of a feature at a time, in two functions. What a row takes: of each entry
// i, one after another, `fields` vectors of
//   sums[i][g] = sum_{j != i, f(j) = g} x_j v_{j, f(i)},
// the derivatives of phi by the vectors v_{i, g} up to r x_i. Answers phi without r. The features
// `next` are fetched meanwhile; there may be none.
float field_sums(const FieldTable& table, std::span<const FieldEntry> entries,
                 std::span<const uint32_t> next, float* sums);

// One step of AdaGrad for all vectors of an entry's feature along its sums, but for that of its own
// field where `skips_own`: `slope` is the derivative of the loss by the output, times r x_i.
// `decays`: of each float of the vectors, 0 where the row has no feature of that field.
void step_fields(const FieldTable& table, const FieldEntry& entry, bool skips_own,
                 const float* sums, float slope, float rate, const float* decays);

}  // namespace millrace::ml::factorization_machines
