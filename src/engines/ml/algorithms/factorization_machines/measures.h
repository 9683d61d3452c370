// The measures of a predictor type: a regressor's errors, or a classifier's accuracy,
// cross-entropy and F; or those that a solver has of its own. A value.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/metrics.h"

namespace millrace::ml::factorization_machines {

class Measures {
 public:
  explicit Measures(PredictorType type) : type_(type) {}
  explicit Measures(const RegressionMeasures& measures)
      : type_(PredictorType::regressor), regression_(measures) {}
  explicit Measures(const ClassificationMeasures& measures)
      : type_(PredictorType::binary_classifier), classification_(measures) {}
  // What a solver minimises that learns from no label: a pair's order, a choice among items.
  Measures(size_t rows, std::vector<Measure> own)
      : type_(PredictorType::regressor), own_(std::move(own)), own_rows_(rows) {}

  // `raw` is the model's output; a classifier's score is its sigmoid.
  void add(float raw, float label) {
    if (type_ == PredictorType::regressor) {
      regression_.add(raw, label);
    } else {
      classification_.add(sigmoid(raw), label);
    }
  }
  size_t rows() const { return std::max({own_rows_, regression_.rows(), classification_.rows()}); }
  std::vector<Measure> all() const {
    if (!own_.empty()) return own_;
    return type_ == PredictorType::regressor ? regression_.all() : classification_.all();
  }

 private:
  PredictorType type_;
  RegressionMeasures regression_;
  ClassificationMeasures classification_;
  std::vector<Measure> own_;
  size_t own_rows_ = 0;
};

}  // namespace millrace::ml::factorization_machines
