// Watches a training on examples that it does not learn from: measures after every epoch, keeps the
// model that was best, and says when there is no more to hope for.
//
// Not thread-safe; the rows outlive it.
#pragma once

#include <cmath>
#include <limits>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/measures.h"
#include "engines/ml/algorithms/factorization_machines/ranking_validation.h"

namespace millrace::ml::factorization_machines {

class ValidationWatch {
 public:
  // `patience`: epochs without a better one after which goes_on() says no; none: it never does,
  // and no model is kept.
  // With `ranking`, that is what measures.
  ValidationWatch(const RowBatch& rows, std::optional<uint64_t> patience,
                  const RankingValidation* ranking = nullptr)
      : rows_(rows), patience_(patience), ranking_(ranking) {}

  Measures measure(const Model& model) const {
    if (ranking_ != nullptr) return ranking_->measure(model);
    Measures measures(model.type());
    for (size_t at = 0; at < rows_.size(); ++at) {
      measures.add(predict(model.view(), rows_.row(at)), rows_.label(at));
    }
    return measures;
  }

  bool goes_on(uint64_t epoch, const Measures& measures, const Model& model) {
    if (!patience_) return true;
    const double loss = loss_of(measures);
    if (loss < best_) {  // Never of NaN.
      best_ = loss;
      best_epoch_ = epoch;
      best_model_ = model;
    }
    return epoch < best_epoch_ + *patience_;  // A training may begin anew.
  }

  uint64_t best_epoch() const { return best_epoch_; }

  // Puts the best model back.
  void restore(Model& model) {
    if (best_model_) model = std::move(*best_model_);
    best_model_.reset();
  }

  // rmse of a regressor, cross-entropy of a classifier; of rankings, ndcg@10 below 0.
  static double loss_of(const Measures& measures) {
    for (const Measure& measure : measures.all()) {
      if (measure.name == "rmse" || measure.name == "binary_classification_cross_entropy") {
        return measure.value;
      }
      if (measure.name == "ndcg@10") return -measure.value;
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

 private:
  const RowBatch& rows_;
  const std::optional<uint64_t> patience_;
  const RankingValidation* const ranking_;
  double best_ = std::numeric_limits<double>::infinity();
  uint64_t best_epoch_ = 0;
  std::optional<Model> best_model_;
};

}  // namespace millrace::ml::factorization_machines
