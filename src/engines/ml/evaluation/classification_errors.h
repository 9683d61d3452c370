// How good probabilities of a class are, and the decisions that are made of them.
//
// Values; not thread-safe. A label is true where the example is of the class; a probability is from
// 0 to 1 and not NaN; a weight is positive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace millrace::ml::evaluation {

// The four counts behind every measure of decisions, by weight. A ratio without anything to count
// is 0, as scikit-learn has it.
struct Confusion {
  double true_positives = 0;
  double false_positives = 0;
  double false_negatives = 0;
  double true_negatives = 0;

  void add(bool predicted, bool label, double weight = 1);
  double accuracy() const;
  double precision() const;
  double recall() const;
  // van Rijsbergen (1979): (1 + b^2) P R / (b^2 P + R); beta > 1 favours recall.
  double f_beta(double beta) const;
};

// Cross-entropy and Brier's score (1950), in one pass and constant memory.
//   log_loss = -sum w ln p(of the label) / sum w, p at least 1e-12      brier = sum w (p - y)^2 /
//   sum w
class ProbabilityErrors {
 public:
  // A probability above `threshold` decides for the class.
  explicit ProbabilityErrors(double threshold = 0.5) : threshold_(threshold) {}

  void add(double probability, bool label, double weight = 1);

  size_t rows() const { return rows_; }
  double log_loss() const;
  double brier() const;
  const Confusion& confusion() const { return confusion_; }

 private:
  double threshold_;
  size_t rows_ = 0;
  double weight_ = 0;
  double log_losses_ = 0;
  double squares_ = 0;
  Confusion confusion_;
};

// The area under the ROC curve, exactly: the share of pairs of one example of the class and one of
// not, in which the former has the higher score, equal ones counting half (Mann-Whitney's U; Hanley
// and McNeil, 1982). Keeps every score: 5 bytes an example.
class RankedScores {
 public:
  void add(float score, bool label);
  size_t rows() const { return scores_.size(); }
  // Nothing where all examples are of one kind.
  std::optional<double> auc() const;

 private:
  std::vector<float> scores_;
  std::vector<uint8_t> labels_;
};

// Whether 0.3 means 30 %: probabilities in bins of equal width, the last one with 1 in it.
//   ece = sum over bins of (share of rows) |mean probability - share of the class|
// Source: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using
// Bayesian binning"; Guo et al. (2017), "On calibration of modern neural networks".
class Calibration {
 public:
  struct Bin {
    double weight = 0;
    double probabilities = 0;  // Sum.
    double positives = 0;      // Sum.
    double mean_probability() const { return weight == 0 ? 0 : probabilities / weight; }
    double observed() const { return weight == 0 ? 0 : positives / weight; }
  };

  explicit Calibration(size_t bins = 10);  // At least one.
  void add(double probability, bool label, double weight = 1);
  const std::vector<Bin>& bins() const { return bins_; }
  double expected_error() const;
  double largest_error() const;  // Of the bins that have rows.

 private:
  std::vector<Bin> bins_;
};

}  // namespace millrace::ml::evaluation
