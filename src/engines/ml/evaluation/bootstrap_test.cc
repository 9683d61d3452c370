#include "engines/ml/evaluation/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "engines/ml/evaluation/classification_errors.h"

namespace millrace::ml::evaluation {
namespace {

std::vector<double> normals(size_t count, double mean, double deviation, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<double> values(count);
  for (double& value : values) value = normal(generator);
  return values;
}

TEST(Bootstrap, FindsTheIntervalOfAMean) {
  const std::vector<double> values = normals(400, 5, 2, 1);
  const Interval interval = bootstrap_mean(values, {.rounds = 5000});
  // Within 1.96 standard errors of 0.1, which is what theory says of normal values.
  EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 * 0.1, 0.03);
  EXPECT_LT(interval.low, interval.value);
  EXPECT_LT(interval.value, interval.high);
}

TEST(Bootstrap, HoldsTheTruthAsOftenAsItSays) {
  int held = 0;
  constexpr int kWorlds = 400;
  for (unsigned world = 0; world < kWorlds; ++world) {
    const Interval interval =
        bootstrap_mean(normals(60, 1, 3, world + 100), {.rounds = 300, .confidence = 0.9});
    held += interval.low <= 1 && 1 <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(held / static_cast<double>(kWorlds), 0.9, 0.05);
}

TEST(Bootstrap, RepeatsBySeed) {
  const std::vector<double> values = normals(50, 0, 1, 2);
  const Interval one = bootstrap_mean(values, {.seed = 3});
  EXPECT_EQ(one.low, bootstrap_mean(values, {.seed = 3}).low);
  EXPECT_NE(one.low, bootstrap_mean(values, {.seed = 4}).low);
}

TEST(Bootstrap, KnowsNoDoubtOfConstants) {
  const Interval interval = bootstrap_mean(std::vector<double>(20, 2.5));
  EXPECT_EQ(interval.low, 2.5);
  EXPECT_EQ(interval.high, 2.5);
  EXPECT_EQ(bootstrap_mean({}).high, 0);
}

TEST(Bootstrap, TakesAnyStatisticOfRows) {
  std::mt19937 generator(6);
  std::vector<float> scores;
  std::vector<bool> labels;
  for (int i = 0; i < 200; ++i) {
    labels.push_back(i % 2 == 0);
    scores.push_back(static_cast<float>(generator() % 100) + (i % 2 == 0 ? 20 : 0));
  }
  const auto auc = [&](std::span<const uint32_t> drawn) {
    RankedScores ranked;
    for (const uint32_t row : drawn) ranked.add(scores[row], labels[row]);
    return ranked.auc().value_or(0.5);
  };
  const Interval interval = bootstrap(scores.size(), auc, {.rounds = 300});
  std::vector<uint32_t> all(scores.size());
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  EXPECT_DOUBLE_EQ(interval.value, auc(all));
  EXPECT_LT(interval.low, interval.value);
  EXPECT_LT(interval.value, interval.high);
  EXPECT_LT(interval.high - interval.low, 0.25);
}

TEST(Compare, SeesASmallDifferenceOfPairsThatVaryMuch) {
  const std::vector<double> b = normals(300, 0, 10, 7);
  std::vector<double> a = b;
  const std::vector<double> gains = normals(300, 0.1, 0.3, 8);
  for (size_t i = 0; i < a.size(); ++i) a[i] += gains[i];
  const Difference difference = compare(a, b);
  EXPECT_TRUE(difference.significant());
  EXPECT_LT(difference.p_value, 0.01);
  EXPECT_NEAR(difference.mean.value, 0.1, 0.05);
  EXPECT_LT(compare(b, a).mean.high, 0);
}

TEST(Compare, SeesNoneWhereThereIsNone) {
  int significant = 0, small = 0;
  constexpr int kWorlds = 300;
  for (unsigned world = 0; world < kWorlds; ++world) {
    const Difference difference =
        compare(normals(80, 1, 1, 2 * world), normals(80, 1, 1, 2 * world + 1), {.rounds = 300});
    significant += difference.significant() ? 1 : 0;
    small += difference.p_value <= 0.05 ? 1 : 0;
  }
  EXPECT_NEAR(significant / static_cast<double>(kWorlds), 0.05, 0.035);
  EXPECT_NEAR(small / static_cast<double>(kWorlds), 0.05, 0.035);
}

TEST(Compare, FindsEqualModelsEqual) {
  const std::vector<double> values = normals(40, 1, 1, 5);
  const Difference difference = compare(values, values);
  EXPECT_FALSE(difference.significant());
  EXPECT_EQ(difference.p_value, 1);
}

}  // namespace
}  // namespace millrace::ml::evaluation
