// Ridge regression, the baseline of every regression: linear, with a penalty alpha |w|^2 on the
// weights and none on the intercept. Minimises sum of importance (y - b - w x)^2 + alpha |w|^2 by
// conjugate gradients on the normal equations, CGLS (Hestenes and Stiefel, 1952; Bjorck, 1996,
// "Numerical methods for least squares problems", 7.4), with the centring of the columns implicit,
// so that the rows stay sparse. The same optimum as scikit-learn's Ridge.
//
// Pure; one pass over the rows a round, and memory for a few vectors of rows and of features.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "engines/ml/rows.h"

namespace millrace::ml::evaluation {

struct RidgeSettings {
  double alpha = 10;         // At least 0.
  size_t rounds_max = 1000;  // Of conjugate gradients.
  double tolerance = 1e-6;   // Of the gradient, relative to that of w = 0.
};

struct RidgeModel {
  double intercept = 0;
  std::vector<double> weights;
  size_t rounds = 0;  // That it took.
  double predict(RowView row) const;
};

// The mean of the labels, by importance: what predicts without looking. Of no rows: 0.
double mean_label(const RowBatch& rows);

// Errors: invalid (no rows; an index that is not below feature_dim; alpha that is negative).
Result<RidgeModel> fit_ridge(const RowBatch& rows, uint64_t feature_dim,
                             const RidgeSettings& settings = {});

}  // namespace millrace::ml::evaluation
