// What defaults do on rows of twenty features, as impressions of advertisements have them.
#include <gtest/gtest.h>

#include "engines/ml/algorithms/factorization_machines/als.h"
#include "engines/ml/algorithms/factorization_machines/examples.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"
#include "engines/ml/algorithms/factorization_machines/solvers.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint32_t kFields = 20;
constexpr uint32_t kValues = 50;  // Of each field.

// Each value of a field says a little, and pairs say nothing.
test::Split make_impressions(PredictorType type, size_t count) {
  Generator generator(3);
  std::vector<double> weights(kFields * kValues);
  for (double& weight : weights) weight = 0.25 * generator.normal();
  test::Split split;
  for (size_t at = 0; at < count; ++at) {
    RowBatch& to = at % 4 == 3 ? split.test : split.train;
    double raw = 0;
    for (uint32_t field = 0; field < kFields; ++field) {
      const auto value = static_cast<uint32_t>(generator.below(kValues));
      to.indices.push_back(field * kValues + value);
      to.values.push_back(1);
      raw += weights[field * kValues + value];
    }
    to.end_row(type == PredictorType::regressor     ? static_cast<float>(raw + generator.normal())
               : generator.uniform() < sigmoid(raw) ? 1.0f
                                                    : 0.0f);
  }
  return split;
}

// The loss on the rows for the test, in units of that of a constant.
Result<double> loss_of(PredictorType type, std::map<std::string, std::string> given) {
  const test::Split split = make_impressions(type, 8000);
  given["feature_dim"] = std::to_string(kFields * kValues);
  given["num_factors"] = "8";
  given["predictor_type"] = type == PredictorType::regressor ? "regressor" : "binary_classifier";
  TRY(const HyperparameterValues values, parse_hyperparameters(kTable, given));
  TRY(const Settings settings, read_settings(values));
  Model model(type, settings.feature_dim, settings.num_factors);
  initialize(model, settings);
  RowsSource source(split.train);
  test::Listener listener;
  TRY(solve({.settings = settings,
             .source = source,
             .memory = &split.train,
             .progress = listener,
             .stop = {},
             .threads = 1},
            model));
  Model constant(type, settings.feature_dim, 0);
  constant.bias = constant_output(type, split.train);
  return test::loss_on(model, split.test) / test::loss_on(constant, split.test);
}

std::string all_fields() {
  std::string fields = "0";
  for (uint32_t field = 1; field < kFields; ++field) {
    fields += "," + std::to_string(field * kValues);
  }
  return fields;
}

TEST(LongRows, AlsLearnsWhatValuesSayAndNoNoiseOfPairs) {
  const Result<double> numbers = loss_of(PredictorType::regressor, {{"solver", "als"}});
  ASSERT_TRUE(numbers);
  EXPECT_LT(*numbers, 0.75);
  const Result<double> classes = loss_of(PredictorType::binary_classifier, {{"solver", "als"}});
  ASSERT_TRUE(classes);
  EXPECT_LT(*classes, 0.93);
}

TEST(LongRows, FieldAwareModelsDoNotLearnLinearWeightsByHeart) {
  const Result<double> classes =
      loss_of(PredictorType::binary_classifier, {{"solver", "adagrad"}, {"fields", all_fields()}});
  ASSERT_TRUE(classes);
  EXPECT_LT(*classes, 0.93);
}

TEST(LongRows, DecaysThatAreGivenAreTakenAsTheyAre) {
  const std::map<std::string, std::string> given = {
      {"solver", "als"}, {"linear_wd", "3"}, {"factors_wd", "18"}};
  const Result<double> as_given = loss_of(PredictorType::regressor, given);
  const Result<double> by_default = loss_of(PredictorType::regressor, {{"solver", "als"}});
  ASSERT_TRUE(as_given && by_default);
  EXPECT_GT(*as_given, 1.04 * *by_default);
}

// Labels in another unit give the same model in that unit.
TEST(LongRows, FieldAwareModelsDoNotDependOnTheUnitOfLabels) {
  Generator generator(5);
  std::array<RowBatch, 2> rows;
  constexpr std::array<float, 2> kUnits = {1, 64};
  for (int at = 0; at < 600; ++at) {
    const auto a = static_cast<uint32_t>(generator.below(10));
    const auto b = static_cast<uint32_t>(10 + generator.below(10));
    const double label = 3 + 0.2 * a * (b % 3) + generator.normal();
    for (size_t unit = 0; unit < 2; ++unit) {
      rows[unit].indices.insert(rows[unit].indices.end(), {a, b});
      rows[unit].values.insert(rows[unit].values.end(), {1, 1});
      rows[unit].end_row(static_cast<float>(label) * kUnits[unit]);
    }
  }
  std::vector<double> losses;
  for (size_t unit = 0; unit < 2; ++unit) {
    Settings settings = test::settings_of(Solver::adagrad, PredictorType::regressor, 20, 4, 6);
    settings.fields = {0, 10};
    settings.bias.learning_rate = settings.linear.learning_rate = settings.factors.learning_rate =
        0.1;
    settings.linear.weight_decay = settings.factors.weight_decay = 0.01;
    Model model(PredictorType::regressor, 20, 4);
    RowsSource source(rows[unit]);
    test::Listener listener;
    ASSERT_TRUE(solve({.settings = settings,
                       .source = source,
                       .memory = &rows[unit],
                       .progress = listener,
                       .stop = {},
                       .threads = 1},
                      model));
    losses.push_back(test::loss_on(model, rows[unit]) / kUnits[unit]);
  }
  EXPECT_NEAR(losses[0], losses[1], 1e-3 * losses[0]);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
