#include "engines/ml/algorithms/factorization_machines/automatic.h"

#include <gtest/gtest.h>

#include <optional>

#include "engines/ml/algorithms/factorization_machines/planted_data.h"

namespace millrace::ml::factorization_machines {
namespace {

using test::Listener;
using test::loss_on;
using test::Planted;

Settings automatic(PredictorType type, uint64_t features, uint32_t factors) {
  return test::settings_of(Solver::automatic, type, features, factors, 20);
}

std::string chosen(const Listener& listener) {
  for (const std::string& note : listener.notes) {
    if (note.starts_with("auto: chosen is ")) return note.substr(16);
  }
  return "";
}

class AutomaticOf : public testing::TestWithParam<PredictorType> {};

TEST_P(AutomaticOf, ComesCloseToWhatMadeTheExamples) {
  const Planted planted(GetParam(), 40, 8000, 21);
  Listener listener;
  const Result<Model> model =
      test::run(solve_automatic, automatic(GetParam(), 40, 6), planted.split.train, listener);
  ASSERT_TRUE(model);
  EXPECT_LT(loss_on(*model, planted.split.test), 1.04 * loss_on(planted.truth, planted.split.test))
      << chosen(listener);
  EXPECT_GE(model->num_factors(), 6);
  EXPECT_LE(listener.losses.size(), 20);
}

TEST_P(AutomaticOf, TakesLinearWeightsWhereThereAreNoInteractions) {
  Generator generator(22);
  RowBatch rows;
  for (int at = 0; at < 3000; ++at) {
    double raw = 0;
    for (uint32_t i = 0; i < 40; ++i) {
      if (generator.below(6) != 0) continue;
      rows.indices.push_back(i);
      rows.values.push_back(1);
      raw += i % 2 == 0 ? 0.7 : -0.7;
    }
    rows.end_row(GetParam() == PredictorType::regressor
                     ? static_cast<float>(raw + generator.normal())
                     : (generator.uniform() < sigmoid(raw) ? 1.0f : 0.0f));
  }
  Listener listener;
  const Result<Model> model =
      test::run(solve_automatic, automatic(GetParam(), 40, 5), rows, listener);
  ASSERT_TRUE(model);
  EXPECT_TRUE(chosen(listener).starts_with("linear weights")) << chosen(listener);
  EXPECT_EQ(model->num_factors(), 5);
  EXPECT_EQ(model->row(0)[0], 0);
}

// Users and items whose labels are biases and noise, and, with a `strength`, pairs of two factors.
RowBatch pairs(PredictorType type, double strength, uint64_t seed) {
  constexpr uint32_t kUsers = 60, kItems = 50;
  Generator generator(seed);
  std::vector<double> biases(kUsers + kItems);
  for (double& bias : biases) bias = 0.5 * generator.normal();
  std::vector<double> factors(2 * biases.size());
  for (double& factor : factors) factor = strength * generator.normal();
  RowBatch rows;
  for (int at = 0; at < 2000; ++at) {
    const auto user = static_cast<uint32_t>(generator.below(kUsers));
    const auto item = static_cast<uint32_t>(kUsers + generator.below(kItems));
    double raw = biases[user] + biases[item];
    for (size_t f = 0; f < 2; ++f) raw += factors[2 * user + f] * factors[2 * item + f];
    rows.indices.insert(rows.indices.end(), {user, item});
    rows.values.insert(rows.values.end(), {1, 1});
    rows.end_row(type == PredictorType::regressor
                     ? static_cast<float>(raw + generator.normal())
                     : (generator.uniform() < sigmoid(raw) ? 1.0f : 0.0f));
  }
  return rows;
}

// Factors that gain less than a standard error on the rows held out are chance: one search in
// three may see more of it where there is nothing.
TEST_P(AutomaticOf, TakesFactorsOnlyWhereTheyGainMoreThanChance) {
  int by_chance = 0;
  int found = 0;
  constexpr int kSeeds = 3;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Listener without;
    ASSERT_TRUE(test::run(solve_automatic, automatic(GetParam(), 110, 4),
                          pairs(GetParam(), 0, seed), without));
    by_chance += chosen(without).starts_with("linear weights") ? 0 : 1;
    Listener with;
    ASSERT_TRUE(test::run(solve_automatic, automatic(GetParam(), 110, 4),
                          pairs(GetParam(), 1.2, seed), with));
    found += chosen(with).starts_with("linear weights") ? 0 : 1;
  }
  EXPECT_LE(by_chance, 1);
  EXPECT_EQ(found, kSeeds);
}

TEST_P(AutomaticOf, ResultsDoNotDependOnTheNumberOfThreads) {
  const Planted planted(GetParam(), 12, 8000, 23);
  std::optional<Model> first;
  for (const unsigned threads : {1u, 3u}) {
    Listener listener;
    const Result<Model> model = test::run(solve_automatic, automatic(GetParam(), 12, 3),
                                          planted.split.train, listener, threads);
    ASSERT_TRUE(model);
    if (!first) first = *model;
    EXPECT_TRUE(*model == *first);
  }
}

TEST_P(AutomaticOf, LearnsFromVeryFewRowsOfOneLabel) {
  for (const int count : {1, 5, 30}) {
    RowBatch rows;
    for (int at = 0; at < count; ++at) {
      rows.indices.push_back(static_cast<uint32_t>(at % 3));
      rows.values.push_back(1);
      rows.end_row(1);
    }
    Listener listener;
    const Result<Model> model =
        test::run(solve_automatic, automatic(GetParam(), 4, 2), rows, listener);
    ASSERT_TRUE(model) << count;
    EXPECT_GT(score_of(GetParam(), predict(model->view(), rows.row(0))), 0.5) << count;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, AutomaticOf,
                         testing::Values(PredictorType::regressor,
                                         PredictorType::binary_classifier));

}  // namespace
}  // namespace millrace::ml::factorization_machines
