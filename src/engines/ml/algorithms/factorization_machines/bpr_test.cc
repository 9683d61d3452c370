#include "engines/ml/algorithms/factorization_machines/bpr.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engines/ml/algorithms/factorization_machines/implicit_test_data.h"

namespace millrace::ml::factorization_machines {
namespace {

Settings settings_of(uint64_t users, uint64_t items, uint32_t factors) {
  Settings settings = test::implicit_settings(Solver::bpr, users, items, factors);
  settings.epochs = 50;
  settings.negatives = 1;
  settings.linear.learning_rate = settings.factors.learning_rate = 0.05;
  settings.linear.weight_decay = settings.factors.weight_decay = 0.01;
  return settings;
}

// One user, one item taken, one not: the draws are known, and the textbook's steps, in double
// precision, must lead to the same model.
TEST(Bpr, MovesAsTheTextbookSays) {
  for (const uint32_t factors : {1u, 5u, 16u, 40u}) {
    Settings settings = settings_of(1, 2, factors);
    settings.epochs = 30;
    RowBatch rows;
    test::add_example(rows, 0, 1, 1);
    test::add_example(rows, 0, 2, 0);  // Known, and so drawn as the other.
    Model model(PredictorType::regressor, 3, factors);
    initialize(model, settings);
    std::vector<std::vector<double>> v(3);
    std::vector<double> w(3);
    for (int feature = 0; feature < 3; ++feature) {
      v[feature].assign(model.row(feature), model.row(feature) + factors);
      w[feature] = model.linear(feature);
    }
    const auto losses = test::solve_all(rows, settings, model, 1);
    ASSERT_TRUE(losses) << losses.error().message;
    for (uint64_t epoch = 0; epoch < settings.epochs; ++epoch) {
      double apart = w[1] - w[2];
      for (uint32_t f = 0; f < factors; ++f) apart += v[0][f] * (v[1][f] - v[2][f]);
      EXPECT_NEAR((*losses)[epoch], std::log1p(std::exp(-apart)), 1e-4);
      const double slope = -1 / (1 + std::exp(apart));
      const double rate = 0.05 * std::min(1.0, (30.0 - static_cast<double>(epoch)) / 15);
      const auto before = v;
      // The row with the item, then the row with the other.
      for (const auto& [item, d] : {std::pair(1, slope), std::pair(2, -slope)}) {
        for (uint32_t f = 0; f < factors; ++f) {
          const double sum = before[0][f] + before[item][f];
          for (const int feature : {0, item}) {
            v[feature][f] -= rate * (d * (sum - v[feature][f]) + 0.01 * v[feature][f]);
          }
        }
        for (const int feature : {0, item}) w[feature] -= rate * (d + 0.01 * w[feature]);
      }
    }
    for (int feature = 0; feature < 3; ++feature) {
      EXPECT_NEAR(model.linear(feature), w[feature], 1e-4);
      for (uint32_t f = 0; f < factors; ++f) {
        EXPECT_NEAR(model.row(feature)[f], v[feature][f], 1e-4) << factors << " " << feature;
      }
    }
  }
}

TEST(Bpr, GivesTheSameBytesForAnyNumberOfThreads) {
  const RowBatch rows = test::planted_interactions(200, 100, 4);
  Settings settings = settings_of(200, 100, 40);
  settings.epochs = 3;
  settings.negatives = 2;
  std::vector<Model> models;
  for (const unsigned threads : {1u, 2u, 3u}) {
    Model model(PredictorType::regressor, settings.feature_dim, 40);
    initialize(model, settings);
    ASSERT_TRUE(test::solve_all(rows, settings, model, threads));
    models.push_back(std::move(model));
  }
  EXPECT_EQ(models[0], models[1]);
  EXPECT_EQ(models[0], models[2]);
}

TEST(Bpr, RanksWhatWasHeldOutOfPlantedTastes) {
  const test::Tastes planted(600, 200, 5);
  for (const NegativeSampling sampling :
       {NegativeSampling::uniform, NegativeSampling::popularity}) {
    Settings settings = settings_of(600, 200, 16);
    settings.sampling = sampling;
    Model model(PredictorType::regressor, settings.feature_dim, 16);
    initialize(model, settings);
    ASSERT_TRUE(test::solve_all(planted.train, settings, model, 2));
    const double popularity = planted.ndcg_of_popularity();
    const double ours = planted.ndcg(model);
    RecordProperty("ndcg", std::to_string(ours));
    EXPECT_GT(ours, 1.5 * popularity) << popularity;
  }
}

TEST(Bpr, SaysInWhichEpochItDiverged) {
  const RowBatch rows = test::planted_interactions(50, 40, 4);
  Settings settings = settings_of(50, 40, 8);
  settings.factors.learning_rate = settings.linear.learning_rate = 1e4;
  settings.factors.weight_decay = 1;
  Model model(PredictorType::regressor, settings.feature_dim, 8);
  initialize(model, settings);
  const auto solved = test::solve_all(rows, settings, model, 2);
  ASSERT_FALSE(solved);
  EXPECT_NE(solved.error().message.find("diverged in epoch"), std::string::npos);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
