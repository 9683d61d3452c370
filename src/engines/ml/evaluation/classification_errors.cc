#include "engines/ml/evaluation/classification_errors.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/result.h"

namespace millrace::ml::evaluation {
namespace {

constexpr double kProbabilityMin = 1e-12;  // Keeps the logarithm finite.

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

bool is_probability(double value) { return value >= 0 && value <= 1; }

}  // namespace

void Confusion::add(bool predicted, bool label, double weight) {
  if (predicted) {
    (label ? true_positives : false_positives) += weight;
  } else {
    (label ? false_negatives : true_negatives) += weight;
  }
}

double Confusion::accuracy() const {
  const double right = true_positives + true_negatives;
  return ratio(right, right + false_positives + false_negatives);
}
double Confusion::precision() const {
  return ratio(true_positives, true_positives + false_positives);
}
double Confusion::recall() const { return ratio(true_positives, true_positives + false_negatives); }

double Confusion::f_beta(double beta) const {
  const double square = beta * beta;
  const double hits = (1 + square) * true_positives;
  return ratio(hits, hits + square * false_negatives + false_positives);
}

void ProbabilityErrors::add(double probability, bool label, double weight) {
  ASSERT(is_probability(probability));
  const double right = label ? probability : 1 - probability;
  ++rows_;
  weight_ += weight;
  log_losses_ -= weight * std::log(std::max(right, kProbabilityMin));
  squares_ += weight * (1 - right) * (1 - right);
  confusion_.add(probability > threshold_, label, weight);
}

double ProbabilityErrors::log_loss() const { return ratio(log_losses_, weight_); }
double ProbabilityErrors::brier() const { return ratio(squares_, weight_); }

void RankedScores::add(float score, bool label) {
  ASSERT(!std::isnan(score));
  scores_.push_back(score);
  labels_.push_back(label ? 1 : 0);
}

std::optional<double> RankedScores::auc() const {
  std::vector<size_t> order(scores_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [this](size_t a, size_t b) { return scores_[a] < scores_[b]; });
  // Twice the pairs that are won, since a tie is half a pair: whole numbers, so that it is exact.
  uint64_t won_twice = 0;
  uint64_t negatives = 0;
  uint64_t positives = 0;
  for (size_t begin = 0; begin < order.size();) {
    uint64_t positives_here = 0;
    size_t end = begin;
    for (; end < order.size() && scores_[order[end]] == scores_[order[begin]]; ++end) {
      positives_here += labels_[order[end]];
    }
    const uint64_t negatives_here = end - begin - positives_here;
    won_twice += positives_here * (2 * negatives + negatives_here);
    positives += positives_here;
    negatives += negatives_here;
    begin = end;
  }
  if (positives == 0 || negatives == 0) return std::nullopt;
  return static_cast<double>(won_twice) / 2 /
         (static_cast<double>(positives) * static_cast<double>(negatives));
}

Calibration::Calibration(size_t bins) : bins_(bins) { ASSERT(bins > 0); }

void Calibration::add(double probability, bool label, double weight) {
  ASSERT(is_probability(probability));
  const auto at = static_cast<size_t>(probability * static_cast<double>(bins_.size()));
  Bin& bin = bins_[std::min(at, bins_.size() - 1)];
  bin.weight += weight;
  bin.probabilities += weight * probability;
  bin.positives += label ? weight : 0;
}

double Calibration::expected_error() const {
  double weight = 0;
  double errors = 0;
  for (const Bin& bin : bins_) {
    weight += bin.weight;
    errors += std::abs(bin.probabilities - bin.positives);
  }
  return ratio(errors, weight);
}

double Calibration::largest_error() const {
  double largest = 0;
  for (const Bin& bin : bins_) {
    largest = std::max(largest, std::abs(bin.mean_probability() - bin.observed()));
  }
  return largest;
}

}  // namespace millrace::ml::evaluation
