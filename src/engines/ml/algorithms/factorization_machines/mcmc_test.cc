#include "engines/ml/algorithms/factorization_machines/mcmc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/als.h"
#include "engines/ml/algorithms/factorization_machines/blocks.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"
#include "engines/ml/algorithms/factorization_machines/polya_gamma.h"

namespace millrace::ml::factorization_machines {
namespace {

using test::Listener;
using test::loss_on;
using test::Planted;
using test::settings_of;

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <class Draw>
Moments moments_of(int count, const Draw& draw) {
  double sum = 0, squares = 0;
  for (int at = 0; at < count; ++at) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / count;
  return {mean, squares / count - mean * mean};
}

TEST(Generator, DrawsGammasOfTheRightMoments) {
  for (const double shape : {0.3, 1.0, 2.5, 400.0}) {
    Generator generator(1);
    const Moments moments = moments_of(200000, [&] { return generator.gamma(shape); });
    EXPECT_NEAR(moments.mean, shape, 5 * std::sqrt(shape / 200000)) << shape;
    EXPECT_NEAR(moments.variance / shape, 1, 0.05) << shape;
  }
}

TEST(PolyaGamma, HasTheMomentsOfThePaper) {
  for (const double z : {0.5, 2.0, 5.0, 20.0}) {
    Generator generator(2);
    const double variance =
        (std::sinh(z) - z) / (4 * z * z * z * std::cosh(z / 2) * std::cosh(z / 2));
    const Moments moments = moments_of(100000, [&] { return polya_gamma(-z, generator); });
    EXPECT_NEAR(moments.mean, polya_gamma_mean(z), 5 * std::sqrt(variance / 100000)) << z;
    EXPECT_NEAR(moments.variance / variance, 1, 0.06) << z;
  }
  Generator generator(3);
  EXPECT_NEAR(moments_of(100000, [&] { return polya_gamma(0, generator); }).mean, 0.25, 0.003);
  EXPECT_NEAR(polya_gamma_mean(1e-9), 0.25, 1e-12);
  EXPECT_TRUE(std::isfinite(polya_gamma(1e4, generator)));
}

// One feature whose partner's factor is held at 2 by a prior that leaves nothing open: its own
// factor and weight then have a normal posterior that can be written down.
class OneFeature {
 public:
  OneFeature(int rows, size_t factors) : factors_(factors), priors_(2, factors) {
    Generator generator(4);
    for (int at = 0; at < rows; ++at) {
      const float x = static_cast<float>(generator.normal());
      const float partner = static_cast<float>(generator.normal());
      rows_.indices.insert(rows_.indices.end(), {0, 1});
      rows_.values.insert(rows_.values.end(), {x, partner});
      const float label = static_cast<float>(generator.normal());
      rows_.end_row(label);
      add(2.0 * x * partner, x, label);
    }
    priors_.bias_precision = 1e12f;
    for (size_t at = 0; at <= factors; ++at) {
      priors_.precisions[at] = 3;
      priors_.means[at] = 0.5f;
      priors_.precisions[priors_.parameters + at] = 1e12f;
    }
    priors_.means[priors_.parameters] = 2;
  }

  // Means and covariances of the first factor and of the weight, from draws and as they should be.
  void expect_posterior() {
    constexpr std::array<uint64_t, 2> kFields = {0, 1};
    const Columns columns(rows_, 2, kFields);
    Blocks blocks(rows_, columns, labels_of(rows_), PredictorType::regressor,
                  {.factors = factors_, .draws = true, .seed = 5});
    Model model(PredictorType::regressor, 2, static_cast<uint32_t>(factors_));
    model.row(1)[0] = 2;
    blocks.take(model);
    constexpr int kDraws = 60000;
    double sums[2] = {}, squares[2] = {}, product = 0;
    for (int at = 0; at < kDraws; ++at) {
      blocks.sweep(priors_, kNoisePrecision, static_cast<uint64_t>(at));
      const double v = blocks.parameters(0)[0];
      const double w = blocks.parameters(0)[factors_];
      sums[0] += v;
      sums[1] += w;
      squares[0] += v * v;
      squares[1] += w * w;
      product += v * w;
    }
    const auto [a, b, d, determinant, right_v, right_w] = posterior();
    const double mean_v = sums[0] / kDraws, mean_w = sums[1] / kDraws;
    EXPECT_NEAR(mean_v, (d * right_v - b * right_w) / determinant, 0.01);
    EXPECT_NEAR(mean_w, (a * right_w - b * right_v) / determinant, 0.01);
    EXPECT_NEAR(squares[0] / kDraws - mean_v * mean_v, d / determinant, 0.03 * d / determinant);
    EXPECT_NEAR(squares[1] / kDraws - mean_w * mean_w, a / determinant, 0.03 * a / determinant);
    EXPECT_NEAR(product / kDraws - mean_v * mean_w, -b / determinant, 0.03 * d / determinant);
    // What the draws are around, without a draw.
    blocks.sweep(priors_, kNoisePrecision, kDraws, true);
    blocks.give(priors_, false, model);
    EXPECT_GT(std::abs(model.row(0)[0] - (d * right_v - b * right_w) / determinant), 1e-3);
    blocks.give_expected(model);
    EXPECT_NEAR(model.row(0)[0], (d * right_v - b * right_w) / determinant, 1e-4);
    EXPECT_NEAR(model.linear(0), (a * right_w - b * right_v) / determinant, 1e-4);
  }

 private:
  static constexpr float kNoisePrecision = 2;

  struct Posterior {
    double a, b, d, determinant, right_v, right_w;
  };
  Posterior posterior() const {
    const double a = vv_ + 3, b = vw_, d = ww_ + 3;
    return {a, b, d, a * d - b * b, vy_ + 3 * 0.5, wy_ + 3 * 0.5};
  }

  void add(double h_v, double h_w, double label) {
    vv_ += kNoisePrecision * h_v * h_v;
    vw_ += kNoisePrecision * h_v * h_w;
    ww_ += kNoisePrecision * h_w * h_w;
    vy_ += kNoisePrecision * h_v * label;
    wy_ += kNoisePrecision * h_w * label;
  }

  const size_t factors_;
  RowBatch rows_;
  BlockPriors priors_;
  double vv_ = 0, vw_ = 0, ww_ = 0, vy_ = 0, wy_ = 0;
};

TEST(Blocks, DrawFromThePosterior) { OneFeature(20, 1).expect_posterior(); }

TEST(Blocks, DrawFromThePosteriorInTheSpaceOfTheRows) { OneFeature(4, 9).expect_posterior(); }

class McmcOf : public testing::TestWithParam<PredictorType> {};

Settings mcmc_settings(PredictorType type, uint64_t features, uint32_t factors, uint64_t epochs) {
  return settings_of(Solver::mcmc, type, features, factors, epochs);
}

TEST_P(McmcOf, ReportsWhatTheStoredModelAnswers) {
  const Planted planted(GetParam(), 30, 1000, 11);
  const Settings s = mcmc_settings(GetParam(), 30, 4, 50);
  Listener listener;
  const Result<Model> model = test::run(solve_mcmc, s, planted.split.train, listener);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->num_factors(), 4 * 32);
  EXPECT_NEAR(loss_on(*model, planted.split.train), listener.losses.back(), 1e-4);
}

TEST_P(McmcOf, ComesCloseToWhatMadeTheExamples) {
  const Planted planted(GetParam(), 40, 8000, 12);
  const Settings s = mcmc_settings(GetParam(), 40, 6, 60);
  Listener listener;
  const Result<Model> model = test::run(solve_mcmc, s, planted.split.train, listener);
  ASSERT_TRUE(model);
  const double truth = loss_on(planted.truth, planted.split.test);
  EXPECT_LT(loss_on(*model, planted.split.test), 1.04 * truth);
}

TEST_P(McmcOf, ResultsDoNotDependOnTheNumberOfThreads) {
  const test::Split split = test::make_ratings(13, 30000);
  RowBatch rows;
  for (size_t at = 0; at < split.train.size(); ++at) {
    const RowView row = split.train.row(at);
    rows.indices.insert(rows.indices.end(), row.indices.begin(), row.indices.end());
    rows.values.insert(rows.values.end(), row.values.begin(), row.values.end());
    rows.indices.push_back(2625);  // In every row: shared by the threads.
    rows.values.push_back(0.1f * split.train.label(at % 7));
    rows.end_row(split.train.label(at) > 3 ? 1.0f : 0.0f);
  }
  std::optional<Model> first;
  for (const unsigned threads : {1u, 2u, 3u}) {
    Listener listener;
    const Result<Model> model =
        test::run(solve_mcmc, mcmc_settings(GetParam(), 2626, 5, 4), rows, listener, threads);
    ASSERT_TRUE(model);
    if (!first) first = *model;
    EXPECT_TRUE(*model == *first) << threads;
  }
}

TEST_P(McmcOf, LabelsOfOneKindGiveThatLabel) {
  RowBatch rows;
  for (int at = 0; at < 200; ++at) {
    if (at % 5 != 0) {  // Some rows are empty.
      rows.indices.insert(rows.indices.end(), {static_cast<uint32_t>(at % 3), 3});
      rows.values.insert(rows.values.end(), {1, 1});
    }
    rows.end_row(1);
  }
  Listener listener;
  const Result<Model> model =
      test::run(solve_mcmc, mcmc_settings(GetParam(), 6, 2, 40), rows, listener);
  ASSERT_TRUE(model);
  for (size_t at = 0; at < rows.size(); ++at) {
    EXPECT_NEAR(score_of(GetParam(), predict(model->view(), rows.row(at))), 1, 0.1);
  }
}

TEST_P(McmcOf, StoppedEarlyItAnswersBySamplesSoFar) {
  const Planted planted(GetParam(), 20, 300, 14);
  for (const size_t epochs : {1u, 30u}) {
    Listener listener;
    listener.stop_after = epochs;
    const Result<Model> model =
        test::run(solve_mcmc, mcmc_settings(GetParam(), 20, 3, 50), planted.split.train, listener);
    ASSERT_TRUE(model);
    EXPECT_EQ(listener.losses.size(), epochs);
    EXPECT_NEAR(loss_on(*model, planted.split.train), listener.losses.back(), 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, McmcOf,
                         testing::Values(PredictorType::regressor,
                                         PredictorType::binary_classifier));

// A chain that begins at a good model has nothing to find first.
TEST(Mcmc, GoesOnFromAModel) {
  const Planted planted(PredictorType::regressor, 40, 8000, 16);
  Model model = planted.truth;
  const Settings s = mcmc_settings(PredictorType::regressor, 40, 3, 4);
  test::NoStream stream;
  Listener listener;
  ASSERT_TRUE(solve_mcmc({.settings = s,
                          .source = stream,
                          .memory = &planted.split.train,
                          .progress = listener,
                          .stop = {},
                          .continued = true},
                         model));
  EXPECT_LT(listener.losses.front(), 1.1 * Planted::kNoise);
  EXPECT_LT(loss_on(model, planted.split.test), 1.1 * Planted::kNoise);
}

// Of the rows that are predicted to be around p, a share of p is positive.
TEST(Mcmc, ClassifiersAreCalibrated) {
  const Planted planted(PredictorType::binary_classifier, 60, 6000, 15);
  Listener listener;
  const Result<Model> model =
      test::run(solve_mcmc, mcmc_settings(PredictorType::binary_classifier, 60, 6, 80),
                planted.split.train, listener);
  ASSERT_TRUE(model);
  constexpr size_t kBins = 4;
  double predicted[kBins] = {}, positive[kBins] = {}, rows[kBins] = {};
  for (size_t at = 0; at < planted.split.test.size(); ++at) {
    const double p = sigmoid(predict(model->view(), planted.split.test.row(at)));
    const auto bin = std::min(static_cast<size_t>(p * kBins), kBins - 1);
    predicted[bin] += p;
    positive[bin] += planted.split.test.label(at);
    ++rows[bin];
  }
  for (size_t bin = 0; bin < kBins; ++bin) {
    EXPECT_NEAR(predicted[bin] / rows[bin], positive[bin] / rows[bin],
                4 * 0.5 / std::sqrt(rows[bin]))
        << bin;
  }
}

// Most items have a rating or two: what their factors are to be is not known, and there are more
// factors than the truth has. Neither may cost anything beside biases alone.
TEST(Mcmc, ManyFactorsDoNoHarmWhereRatingsAreFew) {
  const test::Split split = test::make_ratings(1, 25000);
  Listener listener;
  const Result<Model> sampled = test::run(
      solve_mcmc, mcmc_settings(PredictorType::regressor, 2625, 16, 40), split.train, listener, 2);
  const Result<Model> biases = test::run(
      solve_mcmc, mcmc_settings(PredictorType::regressor, 2625, 0, 40), split.train, listener, 2);
  ASSERT_TRUE(sampled && biases);
  EXPECT_LT(loss_on(*sampled, split.test), loss_on(*biases, split.test));
}

TEST(Mcmc, RatingsAreFoundAtLeastAsWellAsByAls) {
  const test::Split split = test::make_ratings(1, 100000);
  Settings s = mcmc_settings(PredictorType::regressor, 2625, 8, 40);
  Listener listener;
  const Result<Model> sampled = test::run(solve_mcmc, s, split.train, listener, 2);
  s.epochs = 15;
  const Result<Model> squares = test::run(solve_als, s, split.train, listener, 2);
  ASSERT_TRUE(sampled && squares);
  EXPECT_LT(loss_on(*sampled, split.test), 1.002 * loss_on(*squares, split.test));
  RecordProperty("mcmc", std::to_string(loss_on(*sampled, split.test)));
  RecordProperty("als", std::to_string(loss_on(*squares, split.test)));
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
