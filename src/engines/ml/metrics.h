// The measures of a model's quality that algorithms report, and how the reports are found in a
// job's log: every measure is one line, and a table of names and regular expressions (ECMAScript,
// one group: the value) says which line is which metric. SageMaker fills FinalMetricDataList and
// the tuner's objective from them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::ml {

struct MetricDefinition {
  std::string_view name;  // `test:rmse`
  std::string_view regex;
};

struct Measure {
  std::string_view name;  // `rmse`, as in the log
  std::string_view kind;  // `loss` or `score`
  double value = 0;
};

// Errors of a regression. A value.
class RegressionMeasures {
 public:
  RegressionMeasures() = default;
  // Of sums that were taken elsewhere.
  RegressionMeasures(size_t rows, double squares, double absolutes)
      : rows_(rows), squares_(squares), absolutes_(absolutes) {}
  void add(double prediction, double label);
  size_t rows() const { return rows_; }
  std::vector<Measure> all() const;  // rmse, mse, absolute_loss

 private:
  size_t rows_ = 0;
  double squares_ = 0;
  double absolutes_ = 0;
};

// Of a classifier of 0 and 1 that answers probabilities; a probability above 1/2 means 1.
class ClassificationMeasures {
 public:
  struct Counts {
    size_t rows = 0;
    size_t right = 0;
    size_t true_positives = 0;
    size_t false_positives = 0;
    size_t false_negatives = 0;
    double cross_entropy = 0;  // The sum.
  };
  ClassificationMeasures() = default;
  // Of what was counted elsewhere.
  explicit ClassificationMeasures(const Counts& counts) : counts_(counts) {}
  void add(double probability, double label);
  size_t rows() const { return counts_.rows; }
  // binary_classification_accuracy, binary_classification_cross_entropy, binary_f_1.000
  std::vector<Measure> all() const;

 private:
  Counts counts_;
};

}  // namespace millrace::ml
