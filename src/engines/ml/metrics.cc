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
  ++counts_.rows;
  counts_.right += positive == predicted ? 1 : 0;
  counts_.true_positives += positive && predicted ? 1 : 0;
  counts_.false_positives += !positive && predicted ? 1 : 0;
  counts_.false_negatives += positive && !predicted ? 1 : 0;
  counts_.cross_entropy -= std::log(std::max(positive ? probability : 1 - probability, kSmallest));
}

std::vector<Measure> ClassificationMeasures::all() const {
  const double rows = static_cast<double>(std::max<size_t>(counts_.rows, 1));
  const double relevant = static_cast<double>(2 * counts_.true_positives + counts_.false_positives +
                                              counts_.false_negatives);
  const double f1 = relevant == 0 ? 0 : 2 * static_cast<double>(counts_.true_positives) / relevant;
  return {{"binary_classification_accuracy", "score", static_cast<double>(counts_.right) / rows},
          {"binary_classification_cross_entropy", "loss", counts_.cross_entropy / rows},
          {"binary_f_1.000", "score", f1}};
}

}  // namespace millrace::ml
