#include "engines/ml/evaluation/ridge.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace millrace::ml::evaluation {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// The rows as a matrix whose columns have mean 0 and whose rows count by their importance.
class CentredRows {
 public:
  CentredRows(const RowBatch& rows, uint64_t feature_dim) : rows_(rows), means_(feature_dim, 0.0) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const double importance = rows.importance(i);
      const RowView row = rows.row(i);
      importance_ += importance;
      for (size_t j = 0; j < row.indices.size(); ++j) {
        means_[row.indices[j]] += importance * row.values[j];
      }
    }
    for (double& mean : means_) mean /= importance_;
  }

  const Vector& means() const { return means_; }

  // X w
  void times(const Vector& weights, Vector& out) const {
    const double shift = dot(means_, weights);
    for (size_t i = 0; i < rows_.size(); ++i) {
      const RowView row = rows_.row(i);
      double sum = -shift;
      for (size_t j = 0; j < row.indices.size(); ++j) {
        sum += weights[row.indices[j]] * row.values[j];
      }
      out[i] = sum;
    }
  }

  // X' D r, with D the importances.
  void turned_times(const Vector& residuals, Vector& out) const {
    std::fill(out.begin(), out.end(), 0.0);
    double sum = 0;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const RowView row = rows_.row(i);
      const double residual = residuals[i] * rows_.importance(i);
      sum += residual;
      for (size_t j = 0; j < row.indices.size(); ++j) {
        out[row.indices[j]] += residual * row.values[j];
      }
    }
    for (size_t f = 0; f < out.size(); ++f) out[f] -= means_[f] * sum;
  }

  // v' D v
  double square(const Vector& values) const {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += rows_.importance(i) * values[i] * values[i];
    return sum;
  }

 private:
  const RowBatch& rows_;
  Vector means_;
  double importance_ = 0;
};

Result<void> check(const RowBatch& rows, uint64_t feature_dim, const RidgeSettings& settings) {
  if (rows.empty()) return fail(ErrorKind::invalid, "there are no rows to fit");
  if (!(settings.alpha >= 0)) return fail(ErrorKind::invalid, "alpha is negative");
  for (const uint32_t index : rows.indices) {
    if (index >= feature_dim) {
      return fail(ErrorKind::invalid,
                  fmt::format("feature index {} is not below feature_dim, which is {}", index,
                              feature_dim));
    }
  }
  return ok;
}

}  // namespace

double RidgeModel::predict(RowView row) const {
  double sum = intercept;
  for (size_t i = 0; i < row.indices.size(); ++i) sum += weights[row.indices[i]] * row.values[i];
  return sum;
}

double mean_label(const RowBatch& rows) {
  double labels = 0;
  double importances = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    labels += double{rows.importance(i)} * rows.label(i);
    importances += rows.importance(i);
  }
  return importances == 0 ? 0 : labels / importances;
}

Result<RidgeModel> fit_ridge(const RowBatch& rows, uint64_t feature_dim,
                             const RidgeSettings& settings) {
  TRY(check(rows, feature_dim, settings));
  const CentredRows matrix(rows, feature_dim);
  const double mean = mean_label(rows);
  RidgeModel model{.intercept = mean, .weights = Vector(feature_dim, 0.0)};
  Vector residuals(rows.size()), image(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) residuals[i] = rows.label(i) - mean;
  Vector gradient(feature_dim);
  matrix.turned_times(residuals, gradient);
  Vector direction = gradient;
  double length = dot(gradient, gradient);
  const double enough = length * settings.tolerance * settings.tolerance;
  while (length > enough && model.rounds < settings.rounds_max) {
    matrix.times(direction, image);
    const double curvature = matrix.square(image) + settings.alpha * dot(direction, direction);
    if (!(curvature > 0)) break;  // Nothing is left to gain in this direction.
    const double step = length / curvature;
    for (size_t f = 0; f < feature_dim; ++f) model.weights[f] += step * direction[f];
    for (size_t i = 0; i < rows.size(); ++i) residuals[i] -= step * image[i];
    matrix.turned_times(residuals, gradient);
    for (size_t f = 0; f < feature_dim; ++f) gradient[f] -= settings.alpha * model.weights[f];
    const double next = dot(gradient, gradient);
    for (size_t f = 0; f < feature_dim; ++f) {
      direction[f] = gradient[f] + next / length * direction[f];
    }
    length = next;
    ++model.rounds;
  }
  model.intercept = mean - dot(matrix.means(), model.weights);
  return model;
}

}  // namespace millrace::ml::evaluation
