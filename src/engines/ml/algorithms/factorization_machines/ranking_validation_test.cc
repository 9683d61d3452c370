#include "engines/ml/algorithms/factorization_machines/ranking_validation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engines/ml/algorithms/factorization_machines/implicit_test_data.h"
#include "engines/ml/algorithms/factorization_machines/validation.h"

namespace millrace::ml::factorization_machines {
namespace {

double value_of(const Measures& measures, std::string_view name) {
  for (const Measure& measure : measures.all()) {
    if (measure.name == name) return measure.value;
  }
  return std::nan("");
}

TEST(RankingValidation, RanksAllItemsButThoseTaken) {
  const test::Tastes planted(300, 100, 5);
  RowBatch validation;
  for (const auto& [user, item] : planted.held_out) {
    test::add_example(validation, user, 300 + item, 1);
  }
  Settings settings = test::implicit_settings(Solver::ials, 300, 100, 8);
  Model model(PredictorType::regressor, settings.feature_dim, 8);
  initialize(model, settings);
  ASSERT_TRUE(test::solve_all(planted.train, settings, model, 1));
  const auto ranking = RankingValidation::make(planted.train, validation, settings);
  ASSERT_TRUE(ranking) << ranking.error().message;
  EXPECT_NEAR(value_of(ranking->measure(model), "ndcg@10"), planted.ndcg(model), 0.02);
  EXPECT_GT(value_of(ranking->measure(model), "recall@10"),
            value_of(ranking->measure(model), "ndcg@10"));
}

TEST(RankingValidation, RefusesWhatCannotBeRanked) {
  Settings settings = test::implicit_settings(Solver::ials, 3, 3, 4);
  RowBatch train;
  test::add_example(train, 0, 3, 1);
  test::add_example(train, 1, 4, 1);
  RowBatch other;
  test::add_example(other, 0, 5, 1);  // An item that the training data has not.
  EXPECT_FALSE(RankingValidation::make(train, other, settings));
  RowBatch negative;
  test::add_example(negative, 0, 4, -1);
  const auto refused = RankingValidation::make(train, negative, settings);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("Of the validation data: example 1"));
}

TEST(RankingValidation, LossesOfMeasuresThatAreBetterWhenHigherAreNegative) {
  EXPECT_EQ(ValidationWatch::loss_of(Measures(1, {{"ndcg@10", "score", 0.25}})), -0.25);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
