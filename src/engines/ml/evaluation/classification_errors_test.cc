#include "engines/ml/evaluation/classification_errors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace millrace::ml::evaluation {
namespace {

TEST(Confusion, HasTheMeasuresByHand) {
  Confusion confusion;
  for (int i = 0; i < 6; ++i) confusion.add(true, true);
  for (int i = 0; i < 2; ++i) confusion.add(true, false);
  for (int i = 0; i < 3; ++i) confusion.add(false, true);
  for (int i = 0; i < 9; ++i) confusion.add(false, false);
  EXPECT_DOUBLE_EQ(confusion.accuracy(), 15.0 / 20);
  EXPECT_DOUBLE_EQ(confusion.precision(), 6.0 / 8);
  EXPECT_DOUBLE_EQ(confusion.recall(), 6.0 / 9);
  const double p = 0.75, r = 2.0 / 3;
  EXPECT_DOUBLE_EQ(confusion.f_beta(1), 2 * p * r / (p + r));
  EXPECT_DOUBLE_EQ(confusion.f_beta(2), 5 * p * r / (4 * p + r));
  EXPECT_DOUBLE_EQ(confusion.f_beta(0.5), 1.25 * p * r / (0.25 * p + r));
}

TEST(Confusion, IsZeroWhereThereIsNothingToCount) {
  const Confusion empty;
  EXPECT_EQ(empty.accuracy(), 0);
  EXPECT_EQ(empty.precision(), 0);
  EXPECT_EQ(empty.recall(), 0);
  EXPECT_EQ(empty.f_beta(1), 0);
}

TEST(ProbabilityErrors, AreThoseByHand) {
  ProbabilityErrors errors;
  errors.add(0.9, true);
  errors.add(0.2, false);
  errors.add(0.5, true, 2);
  EXPECT_DOUBLE_EQ(errors.log_loss(), -(std::log(0.9) + std::log(0.8) + 2 * std::log(0.5)) / 4);
  EXPECT_DOUBLE_EQ(errors.brier(), (0.01 + 0.04 + 2 * 0.25) / 4);
  EXPECT_DOUBLE_EQ(errors.confusion().true_positives, 1);
  EXPECT_DOUBLE_EQ(errors.confusion().false_negatives, 2);  // 0.5 is not above 0.5.
}

TEST(ProbabilityErrors, StayFiniteWhereAModelIsSureAndWrong) {
  ProbabilityErrors errors;
  errors.add(1, false);
  errors.add(0, true);
  EXPECT_NEAR(errors.log_loss(), -std::log(1e-12), 1e-3);
}

TEST(RankedScores, HaveTheAreaByHand) {
  RankedScores scores;
  EXPECT_FALSE(scores.auc());
  scores.add(0.1f, false);
  scores.add(0.4f, false);
  EXPECT_FALSE(scores.auc());
  scores.add(0.35f, true);
  scores.add(0.8f, true);
  EXPECT_DOUBLE_EQ(*scores.auc(), 0.75);
}

TEST(RankedScores, CountTiesHalf) {
  RankedScores scores;
  for (int i = 0; i < 10; ++i) scores.add(1, i % 3 == 0);
  EXPECT_DOUBLE_EQ(*scores.auc(), 0.5);
}

TEST(RankedScores, AgreeWithAllPairs) {
  std::mt19937 generator(5);
  for (int round = 0; round < 50; ++round) {
    RankedScores scores;
    std::vector<std::pair<float, bool>> rows;
    for (int i = 0; i < 60; ++i) {
      rows.emplace_back(static_cast<float>(generator() % 12), generator() % 3 == 0);
      scores.add(rows.back().first, rows.back().second);
    }
    double won = 0, pairs = 0;
    for (const auto& [score, label] : rows) {
      for (const auto& [other, other_label] : rows) {
        if (!label || other_label) continue;
        pairs += 1;
        won += score > other ? 1 : score == other ? 0.5 : 0;
      }
    }
    if (pairs == 0) continue;
    EXPECT_DOUBLE_EQ(*scores.auc(), won / pairs);
  }
}

TEST(Calibration, HasTheErrorsByHand) {
  Calibration calibration(2);
  calibration.add(0.1, false);
  calibration.add(0.3, true);
  calibration.add(0.9, true);
  calibration.add(1.0, true);
  EXPECT_DOUBLE_EQ(calibration.bins()[0].mean_probability(), 0.2);
  EXPECT_DOUBLE_EQ(calibration.bins()[0].observed(), 0.5);
  EXPECT_DOUBLE_EQ(calibration.bins()[1].mean_probability(), 0.95);
  // Half the rows are 0.3 off, half 0.05.
  EXPECT_DOUBLE_EQ(calibration.expected_error(), 0.5 * 0.3 + 0.5 * 0.05);
  EXPECT_DOUBLE_EQ(calibration.largest_error(), 0.3);
}

TEST(Calibration, IsNearZeroWhereProbabilitiesAreTrue) {
  std::mt19937 generator(11);
  std::uniform_real_distribution<double> uniform(0, 1);
  Calibration calibration, halved;
  for (int i = 0; i < 100'000; ++i) {
    const double p = uniform(generator);
    const bool label = uniform(generator) < p;
    calibration.add(p, label);
    halved.add(p / 2, label);
  }
  EXPECT_LT(calibration.expected_error(), 0.01);
  EXPECT_NEAR(halved.expected_error(), 0.25, 0.01);
}

}  // namespace
}  // namespace millrace::ml::evaluation
