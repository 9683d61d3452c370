#include "engines/ml/algorithms/factorization_machines/tally.h"

#include <cmath>

namespace millrace::ml::factorization_machines {

void Tally::add(const Tally& other) {
  rows += other.rows;
  loss += other.loss;
  absolutes += other.absolutes;
  right += other.right;
  true_positives += other.true_positives;
  false_positives += other.false_positives;
  false_negatives += other.false_negatives;
  finite &= other.finite;
}

void add_to(Tally& tally, PredictorType type, float output, float label) {
  ++tally.rows;
  if (type == PredictorType::regressor) {
    const double error = double{output} - label;
    tally.loss += error * error;
    tally.absolutes += std::abs(error);
    return;
  }
  const bool guess = output > 0;
  const bool truth = label > 0.5f;
  tally.loss += std::log1p(std::exp(-std::abs(double{output})));
  if (guess != truth) tally.loss += std::abs(output);
  tally.right += guess == truth;
  tally.true_positives += guess && truth;
  tally.false_positives += guess && !truth;
  tally.false_negatives += !guess && truth;
}

Measures measures_of(PredictorType type, const Tally& tally) {
  if (type == PredictorType::regressor) {
    return Measures(RegressionMeasures(tally.rows, tally.loss, tally.absolutes));
  }
  return Measures(ClassificationMeasures({.rows = tally.rows,
                                          .right = tally.right,
                                          .true_positives = tally.true_positives,
                                          .false_positives = tally.false_positives,
                                          .false_negatives = tally.false_negatives,
                                          .cross_entropy = tally.loss}));
}

}  // namespace millrace::ml::factorization_machines
