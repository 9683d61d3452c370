// What predicts without a model, printed beside every model at the end of its job, so that nobody
// takes a number for good that the mean reaches: of a regressor the mean label and ridge regression
// on the same features, of a classifier the prior (evaluation/ridge.h); rankings have popularity
// (ranking_validation.h).
//
//   #baseline_metric: host=algo-1, test mean rmse <loss>=68.01
//   Beside the model's rmse 58.5 on the channel 'test': mean 68.01, ridge 59.69
//
// Lines of their own, which no metric of SageMaker's matches. An extension.
//
// Ridge is left out, and the log says why, where it would take long: kRidgeNonzerosMax,
// kRidgeFeaturesMax, or examples that are not in memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/measures.h"
#include "engines/ml/algorithms/factorization_machines/training.h"
#include "engines/ml/evaluation/ridge.h"
#include "engines/ml/job_log.h"

namespace millrace::ml::factorization_machines {

inline constexpr size_t kRidgeNonzerosMax = 5'000'000;  // Of all examples.
inline constexpr uint64_t kRidgeFeaturesMax = 1'000'000;

// The mean of labels that come batch by batch, by importance.
class LabelMean {
 public:
  void add(const RowBatch& rows);
  double mean() const { return weight_ > 0 ? sum_ / weight_ : 0; }

 private:
  double sum_ = 0;
  double weight_ = 0;
};

// A source that learns the mean label as its examples are read for the first time.
class ObservedSource final : public ExampleSource {
 public:
  explicit ObservedSource(ExampleSource& source) : source_(source) {}
  void rewind() override;
  Result<const RowBatch*> read(size_t rows) override;
  const LabelMean& labels() const { return labels_; }

 private:
  ExampleSource& source_;
  LabelMean labels_;
  bool first_ = true;  // Whether this is the first reading.
  bool begun_ = false;
};

// What is measured beside a model: one line a baseline and measure.
struct NamedMeasures {
  std::string name;
  Measures measures;
};
void log_baselines(JobLog& log, const std::string& channel, const Measures& model,
                   const std::vector<NamedMeasures>& baselines);

// Thread-safe once made, but for its scores.
class Baselines final {
 public:
  // `rows` are the examples in memory, batch by batch; none: they are not.
  Baselines(const Settings& settings, double mean, const std::vector<const RowBatch*>& rows);

  // The measures of each on some examples.
  class Scores {
   public:
    explicit Scores(const Baselines& baselines);
    void add(RowView row, float label);
    const std::vector<NamedMeasures>& all() const { return scores_; }

   private:
    const Baselines& baselines_;
    std::vector<NamedMeasures> scores_;
  };

  // Why there is no ridge beside a regressor; empty where there is.
  const std::string& left_out() const { return left_out_; }

 private:
  void fit(const Settings& settings, const std::vector<const RowBatch*>& rows);

  PredictorType type_;
  float constant_;  // The mean; of a classifier its log-odds.
  std::optional<evaluation::RidgeModel> ridge_;
  std::string left_out_;
};

}  // namespace millrace::ml::factorization_machines
