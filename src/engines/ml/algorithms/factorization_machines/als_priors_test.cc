#include "engines/ml/algorithms/factorization_machines/als_priors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/als.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"

namespace millrace::ml::factorization_machines {
namespace {

using test::Listener;
using test::loss_on;
using test::Planted;

// The expected squared error of a row under independent parameters, every pair written out in
// double precision.
double expected_square(const Blocks& blocks, float bias, RowView row, double label,
                       size_t factors) {
  double output = bias;
  double variance = 0;
  for (size_t i = 0; i < row.indices.size(); ++i) {
    const double x = row.values[i];
    output += x * blocks.parameters(row.indices[i])[factors];
    variance += x * x * blocks.variances(row.indices[i])[factors];
  }
  for (size_t f = 0; f < factors; ++f) {
    double before = 0;
    for (size_t i = 0; i < row.indices.size(); ++i) {
      const double x = row.values[i];
      double others = 0;
      for (size_t j = 0; j < row.indices.size(); ++j) {
        const double z = row.values[j];
        if (j != i) others += z * blocks.parameters(row.indices[j])[f];
        if (j < i) {
          variance += x * x * z * z * double{blocks.variances(row.indices[i])[f]} *
                      blocks.variances(row.indices[j])[f];
        }
      }
      const double own = x * blocks.parameters(row.indices[i])[f];
      output += before * own;
      before += own;
      variance += x * x * blocks.variances(row.indices[i])[f] * others * others;
    }
  }
  return (label - output) * (label - output) + variance;
}

// What a sweep makes smaller: the negative evidence bound, without what does not change.
double free_energy(const Blocks& blocks, float bias, const RowBatch& rows,
                   const BlockPriors& priors, double noise_precision, uint64_t features) {
  double energy = priors.bias_precision * bias * bias;
  for (size_t at = 0; at < rows.size(); ++at) {
    energy += noise_precision *
              expected_square(blocks, bias, rows.row(at), rows.label(at), priors.parameters - 1);
  }
  for (uint64_t feature = 0; feature < features; ++feature) {
    for (size_t at = 0; at < priors.parameters; ++at) {
      const double away = blocks.parameters(feature)[at] - priors.means[at];
      const double variance = blocks.variances(feature)[at];
      energy += priors.precisions[at] * (away * away + variance) - std::log(variance);
    }
  }
  return energy / 2;
}

// Rows of about five real-valued features, whose pairs are not independent of one another. With few
// rows features are solved for in the space of their rows.
TEST(BlocksWithVariances, SweepsNeverWorsenTheBound) {
  constexpr uint64_t kFeatures = 20;
  for (const size_t rows : {500u, 30u}) {
    const Planted planted(PredictorType::regressor, kFeatures, rows, 5);
    const std::vector<uint64_t> one_group = {0};
    const Columns columns(planted.split.train, kFeatures, one_group);
    ASSERT_EQ(columns.size(), kFeatures);
    constexpr uint32_t kFactors = 12;
    Blocks blocks(planted.split.train, columns, labels_of(planted.split.train),
                  PredictorType::regressor, {.factors = kFactors, .keeps_variances = true});
    Settings settings =
        test::settings_of(Solver::als, PredictorType::regressor, kFeatures, kFactors, 1);
    Model model(PredictorType::regressor, kFeatures, kFactors);
    initialize(model, settings);
    blocks.take(model);
    BlockPriors priors(1, kFactors);
    std::fill(priors.precisions.begin(), priors.precisions.end(), 2.0f);
    std::fill(priors.means.begin(), priors.means.end(), 0.1f);
    priors.bias_precision = 0.5f;
    double before = INFINITY;
    double first = 0;
    for (uint64_t sweep = 0; sweep < 40; ++sweep) {
      blocks.sweep(priors, 4, sweep);
      blocks.give(priors, false, model);
      const double now = free_energy(blocks, model.bias, planted.split.train, priors, 4, kFeatures);
      EXPECT_LE(now, before + 1e-4 * std::abs(now)) << rows << " rows, sweep " << sweep;
      if (sweep == 0) first = now;
      before = now;
    }
    EXPECT_LT(before, first);
  }
}

// Users and items with biases and three factors.
test::Split ratings(double noise, double strength, uint64_t seed, double unit = 1) {
  constexpr uint32_t kUsers = 300, kItems = 200, kRank = 3;
  Generator generator(seed);
  std::vector<double> factors((kUsers + kItems) * kRank);
  for (double& value : factors) value = strength * generator.normal();
  std::vector<double> biases(kUsers + kItems);
  for (double& value : biases) value = 0.4 * generator.normal();
  test::Split split;
  for (size_t at = 0; at < 15000; ++at) {
    const auto user = static_cast<uint32_t>(generator.below(kUsers));
    const auto item = static_cast<uint32_t>(kUsers + generator.below(kItems));
    double rating = 3.5 + biases[user] + biases[item] + noise * generator.normal();
    for (uint32_t f = 0; f < kRank; ++f) {
      rating += factors[user * kRank + f] * factors[item * kRank + f];
    }
    RowBatch& to = at % 10 == 9 ? split.test : split.train;
    to.indices.insert(to.indices.end(), {user, item});
    to.values.insert(to.values.end(), {1, 1});
    to.end_row(static_cast<float>(unit * rating));
  }
  return split;
}

Settings by_default(std::map<std::string, std::string> more = {}) {
  more.insert({{"feature_dim", "500"},
               {"num_factors", "8"},
               {"predictor_type", "regressor"},
               {"solver", "als"}});
  return *read_settings(*parse_hyperparameters(kTable, more));
}

struct Noise {
  double deviation;
  double strength;  // Of factors.
};

class AlsByDefault : public testing::TestWithParam<Noise> {};

// The truth's own error is the noise's; of factors without strength there is nothing to learn.
TEST_P(AlsByDefault, ComesCloseToTheTruthHoweverLittleNoiseThereIs) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    const test::Split split = ratings(GetParam().deviation, GetParam().strength, seed);
    Listener listener;
    const Result<Model> model = test::run(solve_als, by_default(), split.train, listener);
    ASSERT_TRUE(model);
    EXPECT_LT(loss_on(*model, split.test), 1.2 * GetParam().deviation) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Labels, AlsByDefault,
                         testing::Values(Noise{0.1, 0.6}, Noise{0.3, 0.6}, Noise{0.8, 0.6},
                                         Noise{2, 0.3}, Noise{0.8, 0}));

TEST(AlsByDefault, UnitsOfLabelsDoNotMatter) {
  std::optional<double> first;
  for (const double unit : {1.0, 1000.0}) {
    const test::Split scaled = ratings(0.5, 0.6, 4, unit);
    Listener listener;
    const Result<Model> model = test::run(solve_als, by_default(), scaled.train, listener);
    ASSERT_TRUE(model);
    const double loss = loss_on(*model, scaled.test) / unit;
    if (!first) first = loss;
    EXPECT_NEAR(loss, *first, 0.01 * *first);
  }
}

// One decay that is given ends the learning of both.
TEST(AlsByDefault, WhatIsGivenIsTaken) {
  const test::Split split = ratings(0.3, 0.6, 5);
  const auto model_of = [&](const Settings& settings) {
    Listener listener;
    return *test::run(solve_als, settings, split.train, listener);
  };
  const Model given = model_of(by_default({{"factors_wd", "18"}, {"linear_wd", "3"}}));
  EXPECT_TRUE(model_of(by_default({{"factors_wd", "18"}})) == given);
  EXPECT_TRUE(model_of(by_default({{"linear_wd", "3"}})) == given);
  EXPECT_GT(loss_on(given, split.test), 1.2 * loss_on(model_of(by_default()), split.test));
}

TEST(AlsByDefault, ThreadsDoNotMatter) {
  const test::Split split = ratings(0.3, 0.6, 6);
  std::optional<Model> first;
  for (const unsigned threads : {1u, 2u, 3u}) {
    Listener listener;
    const Result<Model> model = test::run(solve_als, by_default(), split.train, listener, threads);
    ASSERT_TRUE(model);
    if (!first) first = *model;
    EXPECT_TRUE(*model == *first) << threads;
  }
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
