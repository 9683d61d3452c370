#include "engines/ml/algorithms/factorization_machines/automatic_ranking.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/implicit_test_data.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"
#include "engines/ml/algorithms/factorization_machines/solvers.h"

namespace millrace::ml::factorization_machines {
namespace {

using test::Listener;

Settings settings_of(Solver solver, uint64_t users, uint64_t items, uint32_t factors) {
  Settings settings = test::implicit_settings(solver, users, items, factors);
  settings.fields.clear();
  apply_solver_defaults(settings);
  return settings;
}

TEST(AutomaticRanking, RecognisesImplicitFeedback) {
  const Settings settings = settings_of(Solver::automatic, 3, 3, 4);
  RowBatch rows;
  test::add_example(rows, 0, 3, 1);
  EXPECT_FALSE(is_implicit_feedback(rows, settings));  // One user, one item.
  test::add_example(rows, 1, 4, 1);
  EXPECT_TRUE(is_implicit_feedback(rows, settings));
  RowBatch rated = rows;
  test::add_example(rated, 2, 5, 2);
  EXPECT_FALSE(is_implicit_feedback(rated, settings));
  RowBatch refused = rows;
  test::add_example(refused, 2, 5, 0);
  EXPECT_FALSE(is_implicit_feedback(refused, settings));
  RowBatch alone = rows;
  alone.indices.push_back(2);
  alone.values.push_back(1);
  alone.end_row(1);
  EXPECT_FALSE(is_implicit_feedback(alone, settings));  // A user without an item.
}

TEST(AutomaticRanking, RanksBetterThanTheDefaultsWhereTheyDoNotSuit) {
  const test::Tastes planted(300, 400, 5);
  Listener listener;
  const Result<Model> by_default =
      test::run(solve, settings_of(Solver::ials, 300, 400, 16), planted.train, listener, 1);
  const Result<Model> chosen =
      test::run(solve, settings_of(Solver::automatic, 300, 400, 16), planted.train, listener, 1);
  ASSERT_TRUE(by_default && chosen);
  EXPECT_GT(planted.ndcg(*chosen), 1.2 * planted.ndcg(*by_default));
  EXPECT_TRUE(listener.notes.back().starts_with("auto: chosen is ") ||
              listener.notes[listener.notes.size() - 2].starts_with("auto: chosen is "))
      << listener.notes.back();
}

TEST(AutomaticRanking, GivesTheSameBytesForAnyNumberOfThreads) {
  const RowBatch rows = test::planted_interactions(60, 50, 4);
  const Settings settings = settings_of(Solver::automatic, 60, 50, 8);
  Listener listener;
  const Result<Model> one = test::run(solve, settings, rows, listener, 1);
  const Result<Model> three = test::run(solve, settings, rows, listener, 3);
  ASSERT_TRUE(one && three);
  EXPECT_TRUE(*one == *three);
}

TEST(AutomaticRanking, TakesIalsWhereThereIsTooLittleToChooseBy) {
  RowBatch rows;
  test::add_example(rows, 0, 3, 1);
  test::add_example(rows, 1, 4, 1);
  Listener listener;
  ASSERT_TRUE(test::run(solve, settings_of(Solver::automatic, 3, 3, 4), rows, listener, 1));
  bool chosen = false;
  for (const std::string& note : listener.notes) {
    chosen = chosen || note.starts_with("auto: chosen is ials");
  }
  EXPECT_TRUE(chosen);
}

TEST(AutomaticRanking, StopsWhenToldTo) {
  const RowBatch rows = test::planted_interactions(60, 50, 4);
  Listener listener;
  listener.stop_after = 3;
  ASSERT_TRUE(test::run(solve, settings_of(Solver::automatic, 60, 50, 8), rows, listener, 1));
  EXPECT_EQ(listener.losses.size(), 3u);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
