// What the solvers for implicit feedback do with no other hyperparameter set.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/implicit_test_data.h"

namespace millrace::ml::factorization_machines {
namespace {

struct Case {
  const char* solver;
  double beyond_popularity;
};

class ImplicitDefaults : public testing::TestWithParam<Case> {};

// A few hundred users of some thirty items each, and far more factors than tastes: too weak a
// regularisation learns the examples by heart.
TEST_P(ImplicitDefaults, DoNotLearnFewExamplesByHeart) {
  const test::Tastes planted(300, 400, 5);
  const auto values = parse_hyperparameters(kTable, {{"feature_dim", "700"},
                                                     {"num_factors", "64"},
                                                     {"predictor_type", "regressor"},
                                                     {"solver", GetParam().solver},
                                                     {"fields", "0,300"}});
  ASSERT_TRUE(values);
  const auto settings = read_settings(*values);
  ASSERT_TRUE(settings);
  Model model(PredictorType::regressor, settings->feature_dim, settings->num_factors);
  initialize(model, *settings);
  ASSERT_TRUE(test::solve_all(planted.train, *settings, model, 1));
  const double popularity = planted.ndcg_of_popularity();
  const double ours = planted.ndcg(model);
  RecordProperty("ndcg", std::to_string(ours));
  EXPECT_GT(ours, GetParam().beyond_popularity * popularity) << popularity;
}

INSTANTIATE_TEST_SUITE_P(Solvers, ImplicitDefaults,
                         testing::Values(Case{"ials", 1.75}, Case{"softmax", 3.5}));

}  // namespace
}  // namespace millrace::ml::factorization_machines
