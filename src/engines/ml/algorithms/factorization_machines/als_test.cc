#include "engines/ml/algorithms/factorization_machines/als.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/columns.h"
#include "engines/ml/algorithms/factorization_machines/descent.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"

namespace millrace::ml::factorization_machines {
namespace {

using test::Listener;
using test::loss_on;
using test::Planted;
using test::settings_of;

class AlsOf : public testing::TestWithParam<PredictorType> {};

// What is minimised, in double precision, every pair of features written out.
double objective(const Model& model, const Settings& s, const RowBatch& rows) {
  double total = s.bias.weight_decay * model.bias * model.bias;
  for (uint64_t i = 0; i < model.feature_dim(); ++i) {
    total += s.linear.weight_decay * model.linear(i) * model.linear(i);
    for (uint32_t f = 0; f < model.num_factors(); ++f) {
      total += s.factors.weight_decay * model.row(i)[f] * model.row(i)[f];
    }
  }
  total /= 2;
  for (size_t at = 0; at < rows.size(); ++at) {
    const RowView row = rows.row(at);
    double y = model.bias;
    for (size_t a = 0; a < row.indices.size(); ++a) {
      y += double{model.linear(row.indices[a])} * row.values[a];
      for (size_t b = 0; b < a; ++b) {
        double pair = 0;
        for (uint32_t f = 0; f < model.num_factors(); ++f) {
          pair += double{model.row(row.indices[a])[f]} * model.row(row.indices[b])[f];
        }
        y += pair * row.values[a] * row.values[b];
      }
    }
    const double label = rows.label(at);
    const double loss = model.type() == PredictorType::regressor
                            ? (y - label) * (y - label) / 2
                            : std::log1p(std::exp(-std::abs(y))) + std::max(y, 0.0) - label * y;
    total += rows.importance(at) * loss;
  }
  return total;
}

// By central differences.
double slope(Model model, float& (*parameter)(Model&, uint64_t, uint32_t), uint64_t i, uint32_t f,
             const Settings& s, const RowBatch& rows) {
  constexpr float kStep = 1e-2f;
  float& value = parameter(model, i, f);
  const float middle = value;
  value = middle + kStep;
  const double above = objective(model, s, rows);
  value = middle - kStep;
  return (above - objective(model, s, rows)) / (2 * kStep);
}

float& bias_of(Model& model, uint64_t, uint32_t) { return model.bias; }
float& linear_of(Model& model, uint64_t i, uint32_t) { return model.linear(i); }
float& factor_of(Model& model, uint64_t i, uint32_t f) { return model.row(i)[f]; }

void expect_optimum(const Model& model, const Settings& s, const RowBatch& rows, double tolerance) {
  EXPECT_NEAR(slope(model, bias_of, 0, 0, s, rows), 0, tolerance);
  for (uint64_t i = 0; i < model.feature_dim(); ++i) {
    EXPECT_NEAR(slope(model, linear_of, i, 0, s, rows), 0, tolerance) << i;
    for (uint32_t f = 0; f < model.num_factors(); ++f) {
      EXPECT_NEAR(slope(model, factor_of, i, f, s, rows), 0, tolerance) << i << ", " << f;
    }
  }
}

Settings als_settings(PredictorType type, uint64_t features, uint32_t factors, uint64_t epochs) {
  Settings s = settings_of(Solver::als, type, features, factors, epochs);
  s.bias.weight_decay = 0.5;
  s.linear.weight_decay = 0.7;
  s.factors.weight_decay = 1.5;
  return s;
}

// With the decays of the objective, whatever the labels' deviation.
Result<Model> run_with_decays(Settings s, const RowBatch& rows, Listener& listener) {
  s.factors.weight_decay /= label_scale(s.type, rows);
  return test::run(solve_als, s, rows, listener);
}

TEST_P(AlsOf, NeverMakesTheObjectiveWorseAndEndsWhereItIsFlat) {
  const Planted planted(GetParam(), 20, 400, 1);
  const Settings s = als_settings(GetParam(), 20, 4, 600);
  Listener listener;
  double before = INFINITY;
  size_t epochs = 0;
  listener.on_epoch = [&](const Model& model) {
    const double now = objective(model, s, planted.split.train);
    EXPECT_LE(now, before * (1 + 1e-6)) << epochs;
    before = now;
    ++epochs;
  };
  const Result<Model> model = run_with_decays(s, planted.split.train, listener);
  ASSERT_TRUE(model);
  EXPECT_EQ(epochs, 600);
  expect_optimum(*model, s, planted.split.train, 0.05);
}

// 40 factors of features that occur in about ten rows each: solved for in the space of the rows.
TEST_P(AlsOf, FindsTheOptimumWhereFeaturesHaveFewerRowsThanParameters) {
  const Planted planted(GetParam(), 20, 50, 2);
  const Settings s = als_settings(GetParam(), 20, 40, 600);
  Listener listener;
  const Result<Model> model = run_with_decays(s, planted.split.train, listener);
  ASSERT_TRUE(model);
  expect_optimum(*model, s, planted.split.train, 0.05);
}

// Rows of more than kDirectFeatures features, in whose place sums are kept.
TEST_P(AlsOf, FindsTheOptimumWhereRowsHaveManyFeatures) {
  Generator generator(3);
  RowBatch rows;
  for (int at = 0; at < 300; ++at) {
    for (uint32_t i = 0; i < 25; ++i) {
      if (generator.below(5) == 0) continue;
      rows.indices.push_back(i);
      rows.values.push_back(static_cast<float>(0.5 * generator.normal()));
    }
    rows.end_row(static_cast<float>(generator.below(2)));
  }
  const Settings s = als_settings(GetParam(), 25, 3, 600);
  Listener listener;
  const Result<Model> model = run_with_decays(s, rows, listener);
  ASSERT_TRUE(model);
  expect_optimum(*model, s, rows, 0.05);
}

TEST_P(AlsOf, CountsAnExampleByItsImportance) {
  const Planted planted(GetParam(), 20, 300, 4);
  RowBatch weighted;
  RowBatch repeated;
  for (size_t at = 0; at < planted.split.train.size(); ++at) {
    const RowView row = planted.split.train.row(at);
    const auto append = [&](RowBatch& to) {
      to.indices.insert(to.indices.end(), row.indices.begin(), row.indices.end());
      to.values.insert(to.values.end(), row.values.begin(), row.values.end());
      to.end_row(planted.split.train.label(at));
    };
    append(weighted);
    weighted.weigh_last_row(at % 3 == 0 ? 2 : 1);
    append(repeated);
    if (at % 3 == 0) append(repeated);
  }
  const Settings s = als_settings(GetParam(), 20, 4, 400);
  Listener listener;
  const Result<Model> one = run_with_decays(s, weighted, listener);
  const Result<Model> other = run_with_decays(s, repeated, listener);
  ASSERT_TRUE(one && other);
  EXPECT_NEAR(objective(*one, s, weighted), objective(*other, s, repeated), 0.1);
}

// Columns of more than kSharedRows rows, which the threads share, and short ones.
TEST_P(AlsOf, ResultsDoNotDependOnTheNumberOfThreads) {
  Generator generator(5);
  RowBatch rows;
  for (int at = 0; at < 40000; ++at) {
    rows.indices.insert(rows.indices.end(), {static_cast<uint32_t>(generator.below(200)),
                                             static_cast<uint32_t>(200 + generator.below(2)), 202});
    rows.values.insert(rows.values.end(), {1, 1, static_cast<float>(generator.uniform())});
    rows.end_row(static_cast<float>(generator.below(2)));
  }
  std::optional<Model> first;
  for (const unsigned threads : {1u, 2u, 3u, 5u}) {
    const Settings s = als_settings(GetParam(), 203, 9, 3);
    Listener listener;
    const Result<Model> model = test::run(solve_als, s, rows, listener, threads);
    ASSERT_TRUE(model);
    if (!first) first = *model;
    EXPECT_TRUE(*model == *first) << threads;
  }
}

TEST_P(AlsOf, ComesCloseToWhatMadeTheExamples) {
  const Planted planted(GetParam(), 40, 8000, 6);
  const Settings s = settings_of(Solver::als, GetParam(), 40, 3, 40);
  Listener listener;
  const Result<Model> model = test::run(solve_als, s, planted.split.train, listener);
  ASSERT_TRUE(model);
  const double truth = loss_on(planted.truth, planted.split.test);
  EXPECT_LT(loss_on(*model, planted.split.test), 1.05 * truth);
}

TEST_P(AlsOf, LabelsOfOneKindGiveThatLabel) {
  Planted planted(GetParam(), 20, 300, 7);
  RowBatch rows;
  for (size_t at = 0; at < planted.split.train.size(); ++at) {
    const RowView row = planted.split.train.row(at);
    rows.indices.insert(rows.indices.end(), row.indices.begin(), row.indices.end());
    rows.values.insert(rows.values.end(), row.values.begin(), row.values.end());
    rows.end_row(1);
  }
  Listener listener;
  const Result<Model> model =
      test::run(solve_als, settings_of(Solver::als, GetParam(), 20, 4, 30), rows, listener);
  ASSERT_TRUE(model);
  for (size_t at = 0; at < rows.size(); ++at) {
    EXPECT_NEAR(score_of(GetParam(), predict(model->view(), rows.row(at))), 1, 0.05);
  }
}

TEST_P(AlsOf, RowsWithoutFeaturesAndFeaturesWithoutRowsAreNoTrouble) {
  RowBatch rows;
  for (int at = 0; at < 40; ++at) {
    if (at % 2 == 0) {
      rows.indices.push_back(3);
      rows.values.push_back(1);
    }
    rows.end_row(static_cast<float>(at % 2));
  }
  Listener listener;
  const Result<Model> model =
      test::run(solve_als, settings_of(Solver::als, GetParam(), 6, 2, 20), rows, listener);
  ASSERT_TRUE(model);
  EXPECT_LT(predict(model->view(), rows.row(0)), predict(model->view(), rows.row(1)));
  for (const uint64_t feature : {0u, 1u, 2u, 4u, 5u}) {
    EXPECT_EQ(model->linear(feature), 0);
    EXPECT_EQ(model->row(feature)[0], 0);
  }
}

TEST_P(AlsOf, WithoutDecayWhatTheRowsDoNotDetermineStays) {
  RowBatch rows;
  for (int at = 0; at < 30; ++at) {  // The same column twice.
    rows.indices.insert(rows.indices.end(), {0, 1});
    rows.values.insert(rows.values.end(), {1, 1});
    rows.end_row(static_cast<float>(at % 2));
  }
  Settings s = settings_of(Solver::als, GetParam(), 2, 3, 30);
  s.linear.weight_decay = s.factors.weight_decay = 0;
  Listener listener;
  const Result<Model> model = test::run(solve_als, s, rows, listener);
  ASSERT_TRUE(model);
  EXPECT_NEAR(score_of(GetParam(), predict(model->view(), rows.row(0))), 0.5, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Types, AlsOf,
                         testing::Values(PredictorType::regressor,
                                         PredictorType::binary_classifier));

TEST(Als, SaysWhenOutputsAreNotFinite) {
  RowBatch rows;
  for (int at = 0; at < 30; ++at) {
    rows.indices.push_back(0);
    rows.values.push_back(3e38f);
    rows.end_row(3e38f);
  }
  Listener listener;
  const Result<Model> model = test::run(
      solve_als, settings_of(Solver::als, PredictorType::regressor, 1, 2, 5), rows, listener);
  ASSERT_FALSE(model);
  EXPECT_NE(model.error().message.find("diverged in epoch 0"), std::string::npos);
}

TEST(Als, GoesOnFromAModel) {
  const Planted planted(PredictorType::regressor, 20, 400, 10);
  Settings s = settings_of(Solver::als, PredictorType::regressor, 21, 3, 30);
  Listener listener;
  Result<Model> model = test::run(solve_als, s, planted.split.train, listener);
  ASSERT_TRUE(model);
  model->linear(20) = 0.75f;  // Of a feature that no example has.
  const double before = loss_on(*model, planted.split.train);
  s.epochs = 1;
  test::NoStream stream;
  ASSERT_TRUE(solve_als({.settings = s,
                         .source = stream,
                         .memory = &planted.split.train,
                         .progress = listener,
                         .stop = {},
                         .continued = true},
                        *model));
  EXPECT_LE(loss_on(*model, planted.split.train), before * 1.001);
  EXPECT_EQ(model->linear(20), 0.75f);
}

TEST(Als, RefusesMoreFactorsThanItCanTake) {
  const Planted planted(PredictorType::regressor, 20, 20, 10);
  Listener listener;
  const Result<Model> model =
      test::run(solve_als, settings_of(Solver::als, PredictorType::regressor, 20, 2049, 1),
                planted.split.train, listener);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().kind, ErrorKind::unsupported);
}

TEST(Als, StopsWhenToldTo) {
  const Planted planted(PredictorType::regressor, 20, 200, 8);
  Listener listener;
  listener.stop_after = 3;
  ASSERT_TRUE(test::run(solve_als, settings_of(Solver::als, PredictorType::regressor, 20, 2, 50),
                        planted.split.train, listener));
  EXPECT_EQ(listener.losses.size(), 3);
}

TEST(Als, FindsRatingsBetterThanBiasesAlone) {
  const test::Split split = test::make_ratings(1, 100000);
  const auto loss = [&](uint32_t factors, double decay) {
    Settings s = settings_of(Solver::als, PredictorType::regressor, 2625, factors, 15);
    s.factors.weight_decay = decay;
    Listener listener;
    const Result<Model> model = test::run(solve_als, s, split.train, listener, 2);
    return model ? loss_on(*model, split.test) : NAN;
  };
  EXPECT_LT(loss(8, 10), 0.99 * loss(1, 1e9));
}

TEST(Columns, FindsUsersItemsAndWhatIsLeft) {
  Generator generator(9);
  RowBatch rows;
  for (int at = 0; at < 500; ++at) {
    rows.indices.insert(rows.indices.end(),
                        {static_cast<uint32_t>(at % 30), static_cast<uint32_t>(30 + at % 7)});
    for (uint32_t word = 37; word < 50; ++word) {
      if (generator.below(4) == 0) rows.indices.push_back(word);
    }
    rows.indices.push_back(50);
    rows.values.resize(rows.indices.size(), 1);
    rows.end_row(0);
  }
  const Columns columns(rows, 51, {});
  EXPECT_EQ(std::vector(columns.groups().begin(), columns.groups().end()),
            (std::vector<uint64_t>{0, 30, 37, 50}));
  size_t seen = 0;
  for (const std::vector<uint32_t>& set : columns.sets()) {
    std::vector<bool> taken(rows.size());
    for (const uint32_t at : set) {
      EXPECT_EQ(columns.column(at).group, columns.column(set[0]).group);
      for (const uint32_t row : columns.column(at).rows) {
        EXPECT_FALSE(taken[row]);
        taken[row] = true;
      }
      ++seen;
    }
  }
  EXPECT_EQ(seen, 51);
  constexpr std::array<uint64_t, 2> kGiven = {0, 37};
  EXPECT_EQ(Columns(rows, 51, kGiven).group_of(40), 1);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
