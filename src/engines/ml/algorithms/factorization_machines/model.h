// A factorization machine of the second order (Rendle 2010, "Factorization Machines", eq. 1 and
// lemma 3.1): y(x) = w0 + sum_i w_i x_i + 1/2 sum_f ((sum_i v_if x_i)^2 - sum_i v_if^2 x_i^2).
//
// Factors lie by feature, the linear weights beside them in an array of their own, as in AWS's
// artefact, so that a file of it can be served where it lies.
//
// Values: copy them, compare them. Reading is thread-safe. Features without a parameter do not
// exist: callers pass indices below `feature_dim` only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engines/ml/float_table.h"
#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

enum class PredictorType : uint8_t { regressor, binary_classifier };

// The parameters, wherever they lie. What they lie in outlives the view.
struct ModelView {
  PredictorType type = PredictorType::regressor;
  uint64_t feature_dim = 0;
  uint32_t num_factors = 0;
  float bias = 0;                  // w0
  const float* linear = nullptr;   // w: feature_dim values.
  const float* factors = nullptr;  // v: feature_dim rows of num_factors values.
  size_t stride = 0;               // From one row to the next, in floats.
  // Of a field-aware model (field_kernels.h), the first feature of each field; num_factors then
  // are those for all fields together. Empty for others.
  std::span<const uint64_t> fields;

  const float* row(uint64_t feature) const { return factors + feature * stride; }
};

class Model {
 public:
  Model() = default;
  Model(PredictorType type, uint64_t feature_dim, uint32_t num_factors);

  PredictorType type() const { return type_; }
  uint64_t feature_dim() const { return feature_dim_; }
  uint32_t num_factors() const { return num_factors_; }

  // The factors of one feature; zeros up to `stride` follow them.
  float* row(uint64_t feature) { return factors_.data() + feature * stride_; }
  const float* row(uint64_t feature) const { return factors_.data() + feature * stride_; }
  size_t stride() const { return stride_; }  // In floats; a multiple of 4.
  float& linear(uint64_t feature) { return linear_[feature]; }
  float linear(uint64_t feature) const { return linear_[feature]; }
  float* linear() { return linear_.data(); }

  ModelView view() const {
    return {type_,          feature_dim_,    num_factors_, bias,
            linear_.data(), factors_.data(), stride_,      fields};
  }

  bool operator==(const Model&) const = default;

  float bias = 0;
  std::vector<uint64_t> fields;  // As in ModelView.

 private:
  PredictorType type_ = PredictorType::regressor;
  uint64_t feature_dim_ = 0;
  uint32_t num_factors_ = 0;
  size_t stride_ = 0;
  FloatTable linear_;
  FloatTable factors_;
};

// The raw output for one row.
float predict(const ModelView& model, RowView row);

// 1 / (1 + e^-x), without overflow.
double sigmoid(double x);

// What the endpoint answers for a raw output: itself, or the probability of label 1.
float score_of(PredictorType type, float raw);

}  // namespace millrace::ml::factorization_machines
