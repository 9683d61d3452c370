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
};

// phi without r.
float field_pairs(const float* factors, size_t stride, size_t width,
                  std::span<const FieldEntry> entries);

// One step of AdaGrad for every pair: slope is the derivative of the loss by the output, times r.
void descend_fields(const FieldTable& table, std::span<const FieldEntry> entries, float slope,
                    float rate, float decay);

}  // namespace millrace::ml::factorization_machines
