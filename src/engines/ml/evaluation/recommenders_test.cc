#include "engines/ml/evaluation/recommenders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "engines/ml/evaluation/ranking_study.h"

namespace millrace::ml::evaluation {
namespace {

std::vector<Interaction> random_interactions(size_t count, uint32_t users, uint32_t items) {
  std::mt19937 generator(4);
  std::vector<Interaction> out;
  for (size_t i = 0; i < count; ++i) {
    out.push_back({.user = static_cast<uint32_t>(generator() % users),
                   .item = static_cast<uint32_t>(generator() % items),
                   .time = static_cast<int64_t>(generator() % 100)});
  }
  return out;
}

TEST(InteractionMatrix, KeepsEachPairOnceAndCounts) {
  const std::vector<Interaction> seen = {{1, 2, 0}, {0, 3, 5}, {1, 2, 9}, {1, 0, 1}};
  const InteractionMatrix matrix(seen, 3, 4);
  EXPECT_EQ(matrix.size(), 3u);
  EXPECT_TRUE(std::ranges::equal(matrix.row(1), std::vector<uint32_t>{0, 2}));
  EXPECT_TRUE(std::ranges::equal(matrix.counts(1), std::vector<uint32_t>{1, 2}));
  EXPECT_TRUE(matrix.row(2).empty());
  EXPECT_EQ(matrix.users_of_items(), (std::vector<uint32_t>{1, 0, 1, 1}));
  const InteractionMatrix turned = matrix.turned();
  EXPECT_EQ(turned.users(), 4u);
  EXPECT_TRUE(std::ranges::equal(turned.row(2), std::vector<uint32_t>{1}));
  EXPECT_TRUE(std::ranges::equal(turned.counts(2), std::vector<uint32_t>{2}));
}

TEST(TimeSplit, ShowsTheTrainingNothingOfTheFuture) {
  const std::vector<Interaction> all = random_interactions(2000, 50, 40);
  const TimeSplit split = split_at(all, 70);
  EXPECT_EQ(split.train.size() + split.test.size() + split.unknown, all.size());
  for (const Interaction& one : split.train) EXPECT_LT(one.time, 70);
  for (const Interaction& one : split.test) EXPECT_GE(one.time, 70);
}

TEST(TimeSplit, LeavesOutWhatNobodyCouldKnow) {
  const std::vector<Interaction> all = {{0, 0, 1}, {0, 1, 9}, {1, 0, 9}, {0, 0, 9}};
  const TimeSplit split = split_at(all, 5);
  EXPECT_EQ(split.unknown, 2u);
  EXPECT_EQ(split.test, (std::vector<Interaction>{{0, 0, 9}}));
}

TEST(TimeSplit, LeavesTheLastBasketOutWhole) {
  const std::vector<Interaction> all = {{0, 0, 1}, {0, 1, 3}, {0, 2, 3}, {0, 1, 1},
                                        {1, 2, 1}, {1, 0, 2}, {2, 1, 7}, {2, 2, 7}};
  const TimeSplit split = leave_last_out(all);
  // User 2 has one basket only, which stays; user 0's last one has two items.
  EXPECT_EQ(split.test, (std::vector<Interaction>{{0, 1, 3}, {0, 2, 3}, {1, 0, 2}}));
  EXPECT_EQ(split.train.size(), 5u);
}

TEST(Recommenders, RankByPopularityAndRepetition) {
  const std::vector<Interaction> seen = {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}, {0, 2, 0},
                                         {1, 2, 0}, {2, 0, 0}, {2, 0, 1}};
  const InteractionMatrix train(seen, 3, 4);
  std::vector<float> scores(4);
  std::vector<uint32_t> best;
  make_popularity(train)->score(2, scores);
  best_items(scores, {}, 4, best);
  EXPECT_EQ(best, (std::vector<uint32_t>{1, 2, 0, 3}));
  make_repetition(train)->score(2, scores);
  best_items(scores, {}, 4, best);
  EXPECT_EQ(best, (std::vector<uint32_t>{0, 1, 2, 3}));
}

TEST(Recommenders, FindNeighboursAsASlowReferenceDoes) {
  const InteractionMatrix train(random_interactions(600, 40, 25), 40, 25);
  const InteractionMatrix users = train.turned();
  const auto similarity = [&](uint32_t i, uint32_t j) {
    std::vector<uint32_t> both;
    std::ranges::set_intersection(users.row(i), users.row(j), std::back_inserter(both));
    const double lengths =
        static_cast<double>(users.row(i).size()) * static_cast<double>(users.row(j).size());
    return static_cast<double>(both.size()) / (std::sqrt(lengths) + 3);
  };
  const auto all = make_item_neighbours(train, {.neighbours = 25, .shrinkage = 3});
  const auto few = make_item_neighbours(train, {.neighbours = 2, .shrinkage = 3});
  std::vector<float> scores(25), scores_of_few(25);
  for (uint32_t user = 0; user < 40; ++user) {
    all->score(user, scores);
    few->score(user, scores_of_few);
    for (uint32_t item = 0; item < 25; ++item) {
      double expected = 0;
      for (const uint32_t own : train.row(user)) {
        if (own != item) expected += similarity(own, item);
      }
      EXPECT_NEAR(scores[item], expected, 1e-5);
      EXPECT_LE(scores_of_few[item], scores[item] + 1e-5);
    }
  }
}

TEST(RankingStudy, RanksWhatIsNewToTheUser) {
  const std::vector<Interaction> before = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {2, 2, 0}};
  const std::vector<Interaction> after = {{0, 0, 5}, {0, 1, 5}, {1, 0, 5}};
  const InteractionMatrix train(before, 3, 3), test(after, 3, 3);
  const auto popularity = make_popularity(train);
  const RankingTask task{.train = train, .test = test, .k = 1};
  // User 1 has nothing new in the test, user 2 nothing at all.
  const RankingReport report = rank_for_all(*popularity, task);
  ASSERT_EQ(report.users(), 1u);
  EXPECT_EQ(report.mean(RankingMeasure::hit), 1);  // Item 1, as 0 is known to the user.
  const RankingTask again{.train = train, .test = test, .k = 1, .new_items_only = false};
  EXPECT_EQ(rank_for_all(*popularity, again).users(), 2u);
}

TEST(RankingStudy, PrintsALineAModel) {
  const InteractionMatrix train(random_interactions(300, 30, 20), 30, 20);
  const InteractionMatrix test(random_interactions(900, 30, 20), 30, 20);
  const RankingTask task{.train = train, .test = test, .k = 5};
  std::vector<StudyLine> lines;
  lines.push_back({"popularity", rank_for_all(*make_popularity(train), task)});
  lines.push_back({"neighbours", rank_for_all(*make_item_neighbours(train), task)});
  const std::string table = study_table(lines, {.rounds = 100});
  EXPECT_NE(table.find("NDCG@5 [95 %]"), std::string::npos);
  EXPECT_NE(table.find("\n| popularity | 0."), std::string::npos);
  EXPECT_NE(table.find("\n| neighbours | 0."), std::string::npos);
  EXPECT_EQ(study_table({}), "");
}

}  // namespace
}  // namespace millrace::ml::evaluation
