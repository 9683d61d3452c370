#include "engines/ml/metrics.h"

#include <algorithm>
#include <cmath>

namespace millrace::ml {

void RegressionMeasures::add(double prediction, double label) {
  const double error = prediction - label;
  ++rows_;
  squares_ += error * error;
  absolutes_ += std::abs(error);
}

std::vector<Measure> RegressionMeasures::all() const {
  const double rows = static_cast<double>(std::max<size_t>(rows_, 1));
  return {{"rmse", "loss", std::sqrt(squares_ / rows)},
          {"mse", "loss", squares_ / rows},
          {"absolute_loss", "loss", absolutes_ / rows}};
}

void ClassificationMeasures::add(double probability, double label) {
  // Keeps the logarithm finite, at float32's resolution of a probability.
  constexpr double kSmallest = 1e-12;
  const bool positive = label == 1;
  const bool predicted = probability > 0.5;
  ++rows_;
  right_ += positive == predicted ? 1 : 0;
  true_positives_ += positive && predicted ? 1 : 0;
  false_positives_ += !positive && predicted ? 1 : 0;
  false_negatives_ += positive && !predicted ? 1 : 0;
  cross_entropy_ -= std::log(std::max(positive ? probability : 1 - probability, kSmallest));
}

std::vector<Measure> ClassificationMeasures::all() const {
  const double rows = static_cast<double>(std::max<size_t>(rows_, 1));
  const double relevant =
      static_cast<double>(2 * true_positives_ + false_positives_ + false_negatives_);
  const double f1 = relevant == 0 ? 0 : 2 * static_cast<double>(true_positives_) / relevant;
  return {{"binary_classification_accuracy", "score", static_cast<double>(right_) / rows},
          {"binary_classification_cross_entropy", "loss", cross_entropy_ / rows},
          {"binary_f_1.000", "score", f1}};
}

}  // namespace millrace::ml
