// A factorization machine of the second order (Rendle 2010, "Factorization Machines", eq. 1 and
// lemma 3.1): y(x) = w0 + sum_i w_i x_i + 1/2 sum_f ((sum_i v_if x_i)^2 - sum_i v_if^2 x_i^2).
//
// A value: copy it, compare it. Reading is thread-safe. Features without a parameter do not exist:
// callers pass indices below `feature_dim` only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

enum class PredictorType : uint8_t { regressor, binary_classifier };

class Model {
 public:
  Model() = default;
  Model(PredictorType type, uint64_t feature_dim, uint32_t num_factors);

  PredictorType type() const { return type_; }
  uint64_t feature_dim() const { return feature_dim_; }
  uint32_t num_factors() const { return num_factors_; }

  // The parameters of one feature: `num_factors` factors, then the linear weight, then padding.
  float* row(uint64_t feature) { return rows_.data() + feature * stride_; }
  const float* row(uint64_t feature) const { return rows_.data() + feature * stride_; }
  size_t stride() const { return stride_; }  // In floats.

  // The raw output. `sums` receives sum_i v_if x_i per factor; it and `squares` have room for
  // num_factors values.
  float predict(RowView row, std::span<float> sums, std::span<float> squares) const;

  bool operator==(const Model&) const = default;

  float bias = 0;

 private:
  PredictorType type_ = PredictorType::regressor;
  uint64_t feature_dim_ = 0;
  uint32_t num_factors_ = 0;
  size_t stride_ = 0;
  std::vector<float> rows_;
};

// 1 / (1 + e^-x), without overflow.
double sigmoid(double x);

// What the endpoint answers for a raw output: itself, or the probability of label 1.
float score_of(PredictorType type, float raw);

}  // namespace millrace::ml::factorization_machines
