#include "engines/ml/algorithms/factorization_machines/model.h"

#include <cmath>

#include "engines/ml/algorithms/factorization_machines/field_aware.h"
#include "engines/ml/algorithms/factorization_machines/kernels.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kLanes = 4;  // Rows begin at multiples of 16 bytes.

}  // namespace

Model::Model(PredictorType type, uint64_t feature_dim, uint32_t num_factors)
    : type_(type),
      feature_dim_(feature_dim),
      num_factors_(num_factors),
      stride_((size_t{num_factors} + kLanes - 1) / kLanes * kLanes),
      linear_(feature_dim),
      factors_(feature_dim * stride_) {}

float predict(const ModelView& model, RowView row) {
  float linear = model.bias;
  for (size_t i = 0; i < row.indices.size(); ++i) {
    linear += model.linear[row.indices[i]] * row.values[i];
  }
  if (model.fields.empty()) return linear + interaction(model, row);
  std::vector<FieldEntry> entries;
  const float r = find_fields(row, model.fields, entries);
  const size_t width = model.num_factors / model.fields.size();
  return linear + r * field_pairs(model.factors, model.stride, width, entries);
}

double sigmoid(double x) {
  if (x >= 0) return 1.0 / (1.0 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1.0 + e);
}

float score_of(PredictorType type, float raw) {
  return type == PredictorType::regressor ? raw : static_cast<float>(sigmoid(raw));
}

}  // namespace millrace::ml::factorization_machines
