#include "engines/ml/evaluation/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <utility>

namespace millrace::ml::evaluation {
namespace {

double value(const RankingValues& values, RankingMeasure measure) {
  return values[static_cast<size_t>(measure)];
}

using enum RankingMeasure;

TEST(Ranking, HasTheValuesByHand) {
  const std::vector<uint32_t> ranked = {7, 2, 9, 4, 1};
  const std::vector<uint32_t> relevant = {1, 2, 3, 4, 8, 11};
  const RankingValues values = measure_ranking(ranked, relevant, 4);  // Hits at 2 and 4.
  const double ideal = 1 + 1 / std::log2(3) + 1 / std::log2(4) + 1 / std::log2(5);
  EXPECT_DOUBLE_EQ(value(values, ndcg), (1 / std::log2(3) + 1 / std::log2(5)) / ideal);
  EXPECT_DOUBLE_EQ(value(values, recall), 2.0 / 6);
  EXPECT_DOUBLE_EQ(value(values, capped_recall), 2.0 / 4);
  EXPECT_DOUBLE_EQ(value(values, precision), 2.0 / 4);
  EXPECT_DOUBLE_EQ(value(values, average_precision), (1.0 / 2 + 2.0 / 4) / 4);
  EXPECT_DOUBLE_EQ(value(values, reciprocal_rank), 1.0 / 2);
  EXPECT_EQ(value(values, hit), 1);
}

TEST(Ranking, IsOneForTheBestListAndZeroWithoutAHit) {
  const std::vector<uint32_t> relevant = {3, 5};
  const std::vector<uint32_t> best = {5, 3, 1};
  for (const double v : measure_ranking(best, relevant, 2)) EXPECT_DOUBLE_EQ(v, 1);
  // Fewer relevant items than places: the best list still has NDCG and MAP of 1.
  const RankingValues longer = measure_ranking(best, relevant, 3);
  EXPECT_DOUBLE_EQ(value(longer, ndcg), 1);
  EXPECT_DOUBLE_EQ(value(longer, average_precision), 1);
  EXPECT_DOUBLE_EQ(value(longer, precision), 2.0 / 3);
  const std::vector<uint32_t> wrong = {1, 2};
  for (const double v : measure_ranking(wrong, relevant, 2)) EXPECT_EQ(v, 0);
  for (const double v : measure_ranking({}, relevant, 2)) EXPECT_EQ(v, 0);
}

TEST(Ranking, AgreesWithASlowReference) {
  std::mt19937 generator(2);
  for (size_t round = 0; round < 500; ++round) {
    std::vector<uint32_t> items(30);
    std::iota(items.begin(), items.end(), 0u);
    std::shuffle(items.begin(), items.end(), generator);
    std::set<uint32_t> relevant;
    while (relevant.size() < 1 + round % 20) relevant.insert(generator() % 30);
    const size_t k = 1 + generator() % 25;
    double dcg = 0, sum = 0;
    for (size_t rank = 1; rank <= k; ++rank) {
      if (!relevant.contains(items[rank - 1])) continue;
      dcg += std::log(2) / std::log(static_cast<double>(rank) + 1);
      const auto hits = std::count_if(items.begin(), items.begin() + static_cast<ptrdiff_t>(rank),
                                      [&](uint32_t item) { return relevant.contains(item); });
      sum += static_cast<double>(hits) / static_cast<double>(rank);
    }
    double ideal = 0;
    for (size_t rank = 1; rank <= std::min(k, relevant.size()); ++rank) {
      ideal += std::log(2) / std::log(static_cast<double>(rank) + 1);
    }
    const std::vector<uint32_t> sorted(relevant.begin(), relevant.end());
    const RankingValues values = measure_ranking(items, sorted, k);
    EXPECT_NEAR(value(values, ndcg), dcg / ideal, 1e-12);
    EXPECT_NEAR(value(values, average_precision),
                sum / static_cast<double>(std::min(k, relevant.size())), 1e-12);
  }
}

TEST(BestItems, AgreeWithSortingThemAll) {
  std::mt19937 generator(9);
  for (int round = 0; round < 300; ++round) {
    std::vector<float> scores(1 + generator() % 60);
    for (float& score : scores) score = static_cast<float>(generator() % 8);  // With ties.
    std::set<uint32_t> excluded;
    for (size_t i = generator() % 20; i > 0; --i) {
      excluded.insert(static_cast<uint32_t>(generator() % scores.size()));
    }
    std::vector<uint32_t> expected;
    for (uint32_t item = 0; item < scores.size(); ++item) {
      if (!excluded.contains(item)) expected.push_back(item);
    }
    std::ranges::sort(expected, [&](uint32_t a, uint32_t b) {
      return std::pair(-scores[a], a) < std::pair(-scores[b], b);
    });
    const size_t k = generator() % 70;
    expected.resize(std::min(k, expected.size()));
    std::vector<uint32_t> best;
    best_items(scores, std::vector<uint32_t>(excluded.begin(), excluded.end()), k, best);
    EXPECT_EQ(best, expected);
  }
}

TEST(BestItems, LeaveOutWhatHasNoScore) {
  const float none = -std::numeric_limits<float>::infinity();
  std::vector<uint32_t> best;
  best_items(std::vector<float>{none, 1, none, 3}, {}, 4, best);
  EXPECT_EQ(best, (std::vector<uint32_t>{3, 1}));
}

TEST(RankingReport, HasMeansCoverageAndNovelty) {
  const std::vector<uint32_t> buyers = {8, 4, 2, 0};
  RankingReport report(2, buyers, 8);
  EXPECT_EQ(report.mean(ndcg), 0);
  report.add(std::vector<uint32_t>{0, 1, 3}, std::vector<uint32_t>{0, 1});
  report.add(std::vector<uint32_t>{1, 2}, std::vector<uint32_t>{3});
  EXPECT_EQ(report.users(), 2u);
  EXPECT_DOUBLE_EQ(report.mean(ndcg), 0.5);
  EXPECT_DOUBLE_EQ(report.mean(hit), 0.5);
  EXPECT_DOUBLE_EQ(report.coverage(), 3.0 / 4);  // What lies behind k was shown to nobody.
  EXPECT_DOUBLE_EQ(report.novelty(), (0.0 + 1 + 1 + 2) / 4);
  RankingReport unknown(1, buyers, 8);
  unknown.add(std::vector<uint32_t>{3}, std::vector<uint32_t>{3});
  EXPECT_DOUBLE_EQ(unknown.novelty(), 3);
}

}  // namespace
}  // namespace millrace::ml::evaluation
