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

// Of each user a few examples, which are mostly what everybody takes.
test::Tastes sparse_tastes(uint64_t seed) {
  test::Tastes planted(600, 400, seed);
  Generator generator(seed);
  planted.train.clear();
  for (uint32_t user = 0; user < planted.users; ++user) {
    std::erase_if(planted.taken[user], [&](uint32_t) { return generator.below(6) != 0; });
    for (const uint32_t item : planted.taken[user]) {
      test::add_example(planted.train, user, planted.users + item, 1);
    }
  }
  return planted;
}

class SparseFeedback : public testing::TestWithParam<const char*> {};

TEST_P(SparseFeedback, RanksNoWorseThanPopularity) {
  double ours = 0;
  double popularity = 0;
  for (const uint64_t seed : {5u, 6u, 7u}) {
    const test::Tastes planted = sparse_tastes(seed);
    const auto values = parse_hyperparameters(kTable, {{"feature_dim", "1000"},
                                                       {"num_factors", "64"},
                                                       {"predictor_type", "regressor"},
                                                       {"solver", GetParam()},
                                                       {"fields", "0,600"}});
    ASSERT_TRUE(values);
    const auto settings = read_settings(*values);
    ASSERT_TRUE(settings);
    Model model(PredictorType::regressor, settings->feature_dim, settings->num_factors);
    initialize(model, *settings);
    ASSERT_TRUE(test::solve_all(planted.train, *settings, model, 1));
    ours += planted.ndcg(model);
    popularity += planted.ndcg_of_popularity();
  }
  EXPECT_GT(ours, 0.98 * popularity);
}

INSTANTIATE_TEST_SUITE_P(Solvers, SparseFeedback, testing::Values("ials", "bpr", "softmax"));

INSTANTIATE_TEST_SUITE_P(Solvers, ImplicitDefaults,
                         testing::Values(Case{"ials", 1.75}, Case{"softmax", 3}));

}  // namespace
}  // namespace millrace::ml::factorization_machines
