#include "engines/ml/algorithms/factorization_machines/model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/result.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kLanes = 4;  // Rows begin at multiples of 16 bytes.

// Adds up sums^2 - squares in eight partial sums, the same in every build.
float interaction(std::span<const float> sums, std::span<const float> squares) {
  std::array<float, 8> partial{};
  size_t f = 0;
  for (; f + 8 <= sums.size(); f += 8) {
    for (size_t lane = 0; lane < 8; ++lane) {
      partial[lane] += sums[f + lane] * sums[f + lane] - squares[f + lane];
    }
  }
  for (size_t lane = 0; f < sums.size(); ++f, ++lane) {
    partial[lane] += sums[f] * sums[f] - squares[f];
  }
  return 0.5f * (((partial[0] + partial[4]) + (partial[2] + partial[6])) +
                 ((partial[1] + partial[5]) + (partial[3] + partial[7])));
}

}  // namespace

Model::Model(PredictorType type, uint64_t feature_dim, uint32_t num_factors)
    : type_(type),
      feature_dim_(feature_dim),
      num_factors_(num_factors),
      stride_((size_t{num_factors} + 1 + kLanes - 1) / kLanes * kLanes),
      rows_(feature_dim * stride_) {}

float Model::predict(RowView row, std::span<float> sums, std::span<float> squares) const {
  ASSERT(sums.size() == num_factors_);
  ASSERT(squares.size() == num_factors_);
  std::fill(sums.begin(), sums.end(), 0.0f);
  std::fill(squares.begin(), squares.end(), 0.0f);
  float* __restrict s = sums.data();
  float* __restrict q = squares.data();
  const size_t factors = num_factors_;
  float linear = bias;
  for (size_t i = 0; i < row.indices.size(); ++i) {
    const float* __restrict parameters = this->row(row.indices[i]);
    const float x = row.values[i];
    for (size_t f = 0; f < factors; ++f) {
      const float term = parameters[f] * x;
      s[f] += term;
      q[f] += term * term;
    }
    linear += parameters[factors] * x;
  }
  return linear + interaction(sums, squares);
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
