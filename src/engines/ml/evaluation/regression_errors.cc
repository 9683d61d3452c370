#include "engines/ml/evaluation/regression_errors.h"

#include <cmath>

namespace millrace::ml::evaluation {
namespace {

double ratio(double sum, double weight) { return weight == 0 ? 0 : sum / weight; }

}  // namespace

void RegressionErrors::add(double prediction, double label, double weight) {
  const double error = prediction - label;
  ++rows_;
  weight_ += weight;
  squares_ += weight * error * error;
  absolutes_ += weight * std::abs(error);
  differences_ += weight * error;
  const double before = label - label_mean_;
  label_mean_ += before * weight / weight_;
  label_squares_ += weight * before * (label - label_mean_);
}

void RegressionErrors::merge(const RegressionErrors& other) {
  if (other.rows_ == 0) return;
  const double weight = weight_ + other.weight_;
  const double apart = other.label_mean_ - label_mean_;
  label_squares_ += other.label_squares_ + apart * apart * weight_ * other.weight_ / weight;
  label_mean_ += apart * other.weight_ / weight;
  rows_ += other.rows_;
  weight_ = weight;
  squares_ += other.squares_;
  absolutes_ += other.absolutes_;
  differences_ += other.differences_;
}

double RegressionErrors::rmse() const { return std::sqrt(ratio(squares_, weight_)); }
double RegressionErrors::mae() const { return ratio(absolutes_, weight_); }
double RegressionErrors::bias() const { return ratio(differences_, weight_); }

std::optional<double> RegressionErrors::r2() const {
  if (label_squares_ == 0) return std::nullopt;
  return 1 - squares_ / label_squares_;
}

}  // namespace millrace::ml::evaluation
