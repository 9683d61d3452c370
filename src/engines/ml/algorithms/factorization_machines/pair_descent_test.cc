#include "engines/ml/algorithms/factorization_machines/pair_descent.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <set>

#include "engines/ml/algorithms/factorization_machines/descent.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint64_t kUsers = 300;
constexpr uint64_t kFeatures = kUsers + 500;

// Users and items of which some occur much more often than others.
RowBatch make_pairs(size_t rows, bool classes, bool weighted) {
  Generator generator(8);
  RowBatch batch;
  for (size_t at = 0; at < rows; ++at) {
    const double user = std::pow(generator.uniform(), 2.0) * kUsers;
    const double item = std::pow(generator.uniform(), 3.0) * (kFeatures - kUsers);
    batch.indices.push_back(static_cast<uint32_t>(user));
    batch.indices.push_back(static_cast<uint32_t>(kUsers + item));
    batch.values.insert(batch.values.end(), {1, 1});
    const auto label = static_cast<float>(std::fmod(user + item, 5.0));
    batch.end_row(classes ? (label > 2 ? 1.0f : 0.0f) : label);
    if (weighted && at % 3 == 0) batch.weigh_last_row(0.5f);
  }
  return batch;
}

Settings settings_of(Solver solver) {
  Settings s;
  s.solver = solver;
  s.bias = {{Initializer::Method::normal, 0.1}, 0.05, 0.01};
  s.linear = {{Initializer::Method::normal, 0.2}, 0.02, 0.001};
  s.factors = {{Initializer::Method::normal, 0.3}, 0.01, 0.003};
  return s;
}

TEST(PairCells, HaveEachRowOnceAndShareNoFeatureWithinARound) {
  const RowBatch batch = make_pairs(PairCells::kRowsMin, false, true);
  const std::optional<PairCells> cells = PairCells::make(batch, kFeatures, 256);
  ASSERT_TRUE(cells);
  using Row = std::tuple<uint32_t, uint32_t, float, float>;
  std::multiset<Row> expected, found;
  for (size_t at = 0; at < batch.size(); ++at) {
    expected.emplace(batch.indices[2 * at], batch.indices[2 * at + 1], batch.label(at),
                     batch.importance(at));
  }
  for (size_t round = 0; round < cells->groups(); ++round) {
    std::set<uint32_t> of_others;
    for (size_t group = 0; group < cells->groups(); ++group) {
      const PairRows rows = cells->cell(group, (group + round) % cells->groups());
      std::set<uint32_t> own;
      for (size_t at = 0; at < rows.count; ++at) {
        const PairRow& row = rows.rows[at];
        found.emplace(row.first, row.second, row.label, rows.importances[at]);
        own.insert({row.first, row.second});
      }
      for (const uint32_t feature : own) EXPECT_TRUE(of_others.insert(feature).second) << feature;
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(PairCells, AreMadeOfRowsOfTwoOnesOnly) {
  const auto made = [](const RowBatch& batch) {
    return PairCells::make(batch, kFeatures, 256).has_value();
  };
  RowBatch batch = make_pairs(PairCells::kRowsMin, false, false);
  EXPECT_TRUE(made(batch));
  EXPECT_FALSE(made(make_pairs(PairCells::kRowsMin - 1, false, false)));
  RowBatch other = batch;
  other.values[7] = 2;
  EXPECT_FALSE(made(other));
  other = batch;
  other.indices[1] = other.indices[2] = kUsers + 7;  // An item of one row is the user of the next.
  other.indices[3] = kUsers + 8;
  EXPECT_FALSE(made(other));
  other = batch;
  other.indices.insert(other.indices.end(), {1, kUsers, kUsers + 1});
  other.values.insert(other.values.end(), {1, 1, 1});
  other.end_row(1);
  EXPECT_FALSE(made(other));
  other.indices.push_back(kUsers);  // As many entries as of pairs.
  other.values.push_back(1);
  other.end_row(1);
  EXPECT_FALSE(made(other));
}

// One row after the other, in double precision.
struct Reference {
  explicit Reference(const Model& model) : bias(model.bias) {
    for (uint64_t i = 0; i < kFeatures; ++i) {
      linear.push_back(model.linear(i));
      factors.emplace_back(model.row(i), model.row(i) + model.num_factors());
    }
    squares.assign(kFeatures, std::vector<double>(model.num_factors() + 1, 1.0));
  }

  void move(double& parameter, double& square, double slope, const TermSettings& term) const {
    slope += term.weight_decay * parameter;
    square += slope * slope;
    parameter -= term.learning_rate * slope / (adagrad ? std::sqrt(square) : 1.0);
  }

  void learn(PairRows rows, PredictorType type, const Settings& s) {
    adagrad = s.solver == Solver::adagrad;
    for (size_t at = 0; at < rows.count; ++at) {
      const auto [a, b, label] = rows.rows[at];
      const std::vector<double> u = factors[a];
      const std::vector<double> v = factors[b];
      double output = bias + linear[a] + linear[b];
      for (size_t f = 0; f < u.size(); ++f) output += u[f] * v[f];
      double slope = score(type, output) - label;
      if (rows.importances != nullptr) slope *= rows.importances[at];
      slopes += slope;
      move(linear[a], squares[a].back(), slope, s.linear);
      move(linear[b], squares[b].back(), slope, s.linear);
      for (size_t f = 0; f < u.size(); ++f) {
        move(factors[a][f], squares[a][f], slope * v[f], s.factors);
        move(factors[b][f], squares[b][f], slope * u[f], s.factors);
      }
    }
  }

  static double score(PredictorType type, double raw) {
    return type == PredictorType::regressor ? raw : sigmoid(raw);
  }

  bool adagrad = false;
  double bias;
  double slopes = 0;
  std::vector<double> linear;
  std::vector<std::vector<double>> factors;
  std::vector<std::vector<double>> squares;  // The last is the linear weight's.
};

class PairsOf : public testing::TestWithParam<std::tuple<PredictorType, Solver>> {
 protected:
  PredictorType type() const { return std::get<0>(GetParam()); }
  bool classes() const { return type() == PredictorType::binary_classifier; }
  Settings settings() const { return settings_of(std::get<1>(GetParam())); }
};

TEST_P(PairsOf, AgreeWithADoublePrecisionReference) {
  const Settings s = settings();
  const bool adagrad = s.solver == Solver::adagrad;
  for (const bool weighted : {false, true}) {
    const RowBatch batch = make_pairs(PairCells::kRowsMin, classes(), weighted);
    const std::optional<PairCells> cells = PairCells::make(batch, kFeatures, 256);
    ASSERT_TRUE(cells);
    PairRows rows = cells->cell(0, 0);
    rows.count = std::min<size_t>(rows.count, 100);
    for (const uint32_t width : {1u, 5u, 16u, 32u, 64u, 100u}) {
      Model model(type(), kFeatures, width);
      initialize(model, s);
      Reference reference(model);
      FloatTable squares(kFeatures * model.stride());
      FloatTable linear_squares(kFeatures);
      for (FloatTable* table : {&squares, &linear_squares}) {
        std::fill_n(table->data(), table->size(), 1.0f);
      }
      const PairTables tables{.factors = model.row(0),
                              .stride = model.stride(),
                              .width = width,
                              .linear = model.linear(),
                              .squares = adagrad ? squares.data() : nullptr,
                              .linear_squares = linear_squares.data(),
                              .far = width > 16};
      const PairRates rates{.linear = static_cast<float>(s.linear.learning_rate),
                            .linear_decay = static_cast<float>(s.linear.weight_decay),
                            .factors = static_cast<float>(s.factors.learning_rate),
                            .factors_decay = static_cast<float>(s.factors.weight_decay)};
      const PairSums sums = descend_pairs(type(), tables, rates, rows, model.bias);
      EXPECT_EQ(sums.tally.rows, rows.count);
      EXPECT_TRUE(sums.tally.finite);
      reference.learn(rows, type(), s);
      EXPECT_NEAR(sums.slopes, reference.slopes, 1e-3);
      for (uint64_t i = 0; i < kFeatures; ++i) {
        ASSERT_NEAR(model.linear(i), reference.linear[i], 1e-4) << i;
        for (uint32_t f = 0; f < width; ++f) {
          ASSERT_NEAR(model.row(i)[f], reference.factors[i][f], 1e-4) << i << ", " << f;
        }
      }
    }
  }
}

TEST_P(PairsOf, GiveTheSameBytesHoweverManyThreads) {
  const RowBatch batch = make_pairs(2 * PairCells::kRowsMin, classes(), true);
  std::optional<Model> first;
  for (const unsigned threads : {1u, 2u, 3u, 40u}) {
    const Settings s = settings();
    Model model(type(), kFeatures, 24);
    initialize(model, s);
    Descent descent(model, s, threads);
    Tally tally;
    for (uint64_t epoch = 0; epoch < 3; ++epoch) tally = descent.epoch(batch, epoch);
    EXPECT_EQ(tally.rows, batch.size());
    if (!first) first = model;
    EXPECT_TRUE(model == *first) << threads;
  }
}

// The measures of an epoch are those of the outputs before each row moved the model: with rates of
// nothing, those of the model.
TEST_P(PairsOf, MeasureTheOutputs) {
  Settings s = settings();
  s.bias.learning_rate = s.linear.learning_rate = s.factors.learning_rate = 0;
  const RowBatch batch = make_pairs(PairCells::kRowsMin, classes(), true);
  Model model(type(), kFeatures, 24);
  initialize(model, s);
  Descent descent(model, s, 2);
  Tally expected;
  for (size_t at = 0; at < batch.size(); ++at) {
    add_to(expected, type(), predict(model.view(), batch.row(at)), batch.label(at));
  }
  const Tally tally = descent.epoch(batch, 3);
  EXPECT_EQ(tally.rows, expected.rows);
  EXPECT_NEAR(tally.loss, expected.loss, 1e-4 * expected.loss);
  EXPECT_NEAR(tally.absolutes, expected.absolutes, 1e-4 * expected.absolutes);
  EXPECT_EQ(tally.right, expected.right);
  EXPECT_EQ(tally.true_positives, expected.true_positives);
  EXPECT_EQ(tally.false_positives, expected.false_positives);
  EXPECT_EQ(tally.false_negatives, expected.false_negatives);
}

RowBatch with_labels(const RowBatch& rows, bool classes) {
  RowBatch made;
  for (size_t at = 0; at < rows.size(); ++at) {
    const RowView row = rows.row(at);
    made.indices.insert(made.indices.end(), row.indices.begin(), row.indices.end());
    made.values.insert(made.values.end(), row.values.begin(), row.values.end());
    made.end_row(classes ? (rows.label(at) > 3 ? 1.0f : 0.0f) : rows.label(at));
  }
  return made;
}

// The bias begins off the mean.
TEST_P(PairsOf, LearnAsWellAsRowByRow) {
  Settings s = settings();
  s.bias.initializer = {Initializer::Method::constant, 2};
  s.linear.weight_decay = s.factors.weight_decay = 0.02;
  const test::Split split = test::make_ratings(4, 80000);
  const RowBatch batch = with_labels(split.train, classes());
  const RowBatch unseen = with_labels(split.test, classes());
  std::array<double, 2> losses{};
  for (const bool by_cells : {false, true}) {
    Model model(type(), 943 + 1682, 16);
    initialize(model, s);
    Descent descent(model, s, 2);
    constexpr std::array<uint32_t, 1> kAll = {0};
    for (uint64_t epoch = 0; epoch < 6; ++epoch) {
      by_cells ? descent.epoch(batch, epoch) : descent.sweep(batch, kAll, batch.size());
    }
    losses[by_cells ? 1 : 0] = test::loss_on(model, unseen);
  }
  EXPECT_LT(losses[1], 1.01 * losses[0]);
}

TEST(PairDescent, StopsWhereItDiverges) {
  Settings s = settings_of(Solver::sgd);
  s.linear.learning_rate = 1e30;
  const RowBatch batch = make_pairs(PairCells::kRowsMin, false, false);
  Model model(PredictorType::regressor, kFeatures, 24);
  initialize(model, s);
  Descent descent(model, s, 2);
  const Tally tally = descent.epoch(batch, 0);
  EXPECT_FALSE(tally.finite);
  EXPECT_LT(tally.rows, batch.size());
}

INSTANTIATE_TEST_SUITE_P(Kinds, PairsOf,
                         testing::Combine(testing::Values(PredictorType::regressor,
                                                          PredictorType::binary_classifier),
                                          testing::Values(Solver::sgd, Solver::adagrad)));

}  // namespace
}  // namespace millrace::ml::factorization_machines
