#include "engines/ml/evaluation/next_purchase.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engines/ml/algorithms/factorization_machines/examples.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/solvers.h"
#include "engines/ml/generator.h"

namespace millrace::ml::evaluation {
namespace {

namespace machines = factorization_machines;

class Silent final : public machines::Progress {
 public:
  void batch(uint64_t, uint64_t, const machines::Measures&) override {}
  bool epoch(uint64_t, const machines::Measures&, const machines::Model&) override { return true; }
  void note(std::string_view) override {}
};

class NextPurchase final : public Recommender {
 public:
  NextPurchase(const PurchaseFeatures& features, machines::Model model)
      : features_(features), model_(std::move(model)), ones_(features.fields(), 1.0f) {}

  void score(uint32_t user, std::span<float> scores) const override {
    std::vector<uint32_t> indices;
    features_.of_user(user, indices);
    const size_t width = features_.fields();
    ASSERT(indices.size() == scores.size() * width);
    for (size_t item = 0; item < scores.size(); ++item) {
      scores[item] = machines::predict(
          model_.view(), {std::span<const uint32_t>(indices).subspan(item * width, width), ones_});
    }
  }

 private:
  const PurchaseFeatures& features_;
  const machines::Model model_;
  const std::vector<float> ones_;
};

void append(std::span<const uint32_t> features, bool bought, double weight, RowBatch& rows) {
  rows.indices.insert(rows.indices.end(), features.begin(), features.end());
  rows.values.insert(rows.values.end(), features.size(), 1.0f);
  rows.end_row(bought ? 1 : 0);
  if (weight != 1) rows.weigh_last_row(static_cast<float>(weight));
}

// The examples of one user at one moment.
void append_user(const PastMoment& moment, uint32_t user, bool new_items_only, Generator& generator,
                 RowBatch& rows) {
  const std::span<const uint32_t> before = moment.before.row(user);
  const std::span<const uint32_t> after = moment.after.row(user);
  const auto has = [](std::span<const uint32_t> items, uint32_t item) {
    return std::binary_search(items.begin(), items.end(), item);
  };
  const bool any = std::any_of(after.begin(), after.end(), [&](uint32_t item) {
    return !new_items_only || !has(before, item);
  });
  if (!any) return;
  std::vector<uint32_t> features;
  moment.features.of_user(user, features);
  const size_t width = moment.features.fields();
  const size_t items = moment.before.items();
  const double share = std::min(1.0, static_cast<double>(kOtherItems) / static_cast<double>(items));
  for (uint32_t item = 0; item < items; ++item) {
    const std::span<const uint32_t> own = std::span(features).subspan(item * width, width);
    const bool known = has(before, item);
    if (known && new_items_only) continue;
    const bool bought = has(after, item);
    if (bought || known || moment.features.is_candidate(own, kCandidates)) {
      append(own, bought, 1, rows);
    } else if (generator.uniform() < share) {
      append(own, false, 1 / share, rows);
    }
  }
}

}  // namespace

Result<std::unique_ptr<Recommender>> learn_next_purchases(std::span<const PastMoment> past,
                                                          const PurchaseFeatures& now,
                                                          const NextPurchaseSettings& settings) {
  RowBatch rows;
  Generator generator(settings.seed);
  for (const PastMoment& moment : past) {
    ASSERT(moment.features.feature_dim() == now.feature_dim());
    for (uint32_t user = 0; user < moment.after.users(); ++user) {
      append_user(moment, user, settings.new_items_only, generator, rows);
    }
  }
  if (rows.empty()) return fail(ErrorKind::invalid, "There is no purchase to learn from");
  TRY(const HyperparameterValues values,
      parse_hyperparameters(machines::kTable,
                            {{"solver", "als"},
                             {"predictor_type", "binary_classifier"},
                             {"feature_dim", std::to_string(now.feature_dim())},
                             {"num_factors", std::to_string(settings.num_factors)},
                             {"epochs", std::to_string(settings.epochs)}}));
  TRY(const machines::Settings own, machines::read_settings(values));
  machines::Model model(own.type, own.feature_dim, own.num_factors);
  machines::initialize(model, own);
  machines::RowsSource source(rows);
  Silent progress;
  TRY(machines::solve({.settings = own,
                       .source = source,
                       .memory = &rows,
                       .progress = progress,
                       .stop = {},
                       .threads = settings.threads},
                      model));
  return std::make_unique<NextPurchase>(now, std::move(model));
}

}  // namespace millrace::ml::evaluation
