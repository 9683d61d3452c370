#include "engines/ml/algorithms/factorization_machines/baselines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engines/ml/algorithms/factorization_machines/examples.h"

namespace millrace::ml::factorization_machines {
namespace {

// Near enough to the optimum for three digits of its measures, in some tenth of a second.
constexpr evaluation::RidgeSettings kRidge{.alpha = 10, .rounds_max = 50, .tolerance = 1e-4};
constexpr double kSurest = 1e-7;  // A prior is never surer than that.

// What a model of that type and these measures is judged by.
const Measure* chief(const std::vector<Measure>& measures) {
  for (const std::string_view name : {"rmse", "binary_classification_cross_entropy", "ndcg@10"}) {
    const auto found = std::find_if(measures.begin(), measures.end(),
                                    [&](const Measure& measure) { return measure.name == name; });
    if (found != measures.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

void LabelMean::add(const RowBatch& rows) {
  for (size_t at = 0; at < rows.size(); ++at) {
    sum_ += double{rows.importance(at)} * rows.label(at);
    weight_ += rows.importance(at);
  }
}

void ObservedSource::rewind() {
  // Whoever turns back half way sees the same examples again.
  if (first_ && begun_) labels_ = {};
  source_.rewind();
}

Result<const RowBatch*> ObservedSource::read(size_t rows) {
  TRY(const RowBatch* const batch, source_.read(rows));
  begun_ = true;
  if (first_) labels_.add(*batch);
  if (batch->empty()) first_ = false;
  return batch;
}

void log_baselines(JobLog& log, const std::string& channel, const Measures& model,
                   const std::vector<NamedMeasures>& baselines) {
  std::string beside;
  for (const NamedMeasures& baseline : baselines) {
    const std::vector<Measure> measures = baseline.measures.all();
    for (const Measure& measure : measures) {
      log.baseline(channel + " " + baseline.name, measure);
    }
    if (const Measure* const value = chief(measures)) {
      beside += fmt::format("{}{} {:.6g}", beside.empty() ? "" : ", ", baseline.name, value->value);
    }
  }
  const std::vector<Measure> own = model.all();
  if (const Measure* const value = chief(own); value != nullptr && !beside.empty()) {
    log.info(fmt::format("Beside the model's {} {:.6g} on the channel '{}': {}", value->name,
                         value->value, channel, beside));
  }
}

Baselines::Baselines(const Settings& settings, double mean,
                     const std::vector<const RowBatch*>& rows)
    : type_(settings.type) {
  if (type_ == PredictorType::binary_classifier) {
    const double prior = std::clamp(mean, kSurest, 1 - kSurest);
    constant_ = static_cast<float>(std::log(prior / (1 - prior)));
    return;
  }
  constant_ = static_cast<float>(mean);
  fit(settings, rows);
}

void Baselines::fit(const Settings& settings, const std::vector<const RowBatch*>& rows) {
  size_t nonzeros = 0;
  for (const RowBatch* const batch : rows) nonzeros += batch->indices.size();
  if (rows.empty()) {
    left_out_ = "the examples are not kept in memory";
  } else if (nonzeros > kRidgeNonzerosMax) {
    left_out_ = fmt::format("{} non-zeros are more than {}", nonzeros, kRidgeNonzerosMax);
  } else if (settings.feature_dim > kRidgeFeaturesMax) {
    left_out_ =
        fmt::format("a feature_dim of {} is more than {}", settings.feature_dim, kRidgeFeaturesMax);
  }
  if (!left_out_.empty()) return;
  RowBatch all;
  if (rows.size() > 1) {
    for (const RowBatch* const batch : rows) append_rows(*batch, all);
  }
  Result<evaluation::RidgeModel> ridge =
      evaluation::fit_ridge(rows.size() > 1 ? all : *rows.front(), settings.feature_dim, kRidge);
  if (ridge) {
    ridge_ = std::move(*ridge);
  } else {
    left_out_ = ridge.error().message;
  }
}

Baselines::Scores::Scores(const Baselines& baselines) : baselines_(baselines) {
  const bool regressor = baselines.type_ == PredictorType::regressor;
  scores_.push_back({regressor ? "mean" : "prior", Measures(baselines.type_)});
  if (baselines.ridge_) scores_.push_back({"ridge", Measures(baselines.type_)});
}

void Baselines::Scores::add(RowView row, float label) {
  scores_.front().measures.add(baselines_.constant_, label);
  if (!baselines_.ridge_) return;
  scores_.back().measures.add(static_cast<float>(baselines_.ridge_->predict(row)), label);
}

}  // namespace millrace::ml::factorization_machines
