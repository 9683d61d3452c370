#include "engines/ml/evaluation/regression_errors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace millrace::ml::evaluation {
namespace {

TEST(RegressionErrors, AreThoseByHand) {
  RegressionErrors errors;
  errors.add(1, 3);
  errors.add(5, 4);
  errors.add(2, 2);
  EXPECT_EQ(errors.rows(), 3u);
  EXPECT_DOUBLE_EQ(errors.rmse(), std::sqrt(5.0 / 3));
  EXPECT_DOUBLE_EQ(errors.mae(), 1);
  EXPECT_DOUBLE_EQ(errors.bias(), -1.0 / 3);
  EXPECT_DOUBLE_EQ(*errors.r2(), 1 - 5.0 / 2);  // The labels' squares about 3: 0 + 1 + 1.
}

TEST(RegressionErrors, CountARowOfWeightTwoTwice) {
  RegressionErrors weighted, twice;
  weighted.add(1, 4, 2);
  weighted.add(3, 2, 1);
  twice.add(1, 4);
  twice.add(1, 4);
  twice.add(3, 2);
  EXPECT_DOUBLE_EQ(weighted.rmse(), twice.rmse());
  EXPECT_DOUBLE_EQ(weighted.mae(), twice.mae());
  EXPECT_DOUBLE_EQ(*weighted.r2(), *twice.r2());
}

TEST(RegressionErrors, MergeToWhatOneWouldHave) {
  std::mt19937 generator(3);
  std::normal_distribution<double> normal(1e6, 2);
  RegressionErrors whole, parts[3], merged;
  for (int i = 0; i < 3000; ++i) {
    const double label = normal(generator), prediction = normal(generator);
    whole.add(prediction, label);
    parts[i % 3].add(prediction, label);
  }
  for (const RegressionErrors& part : parts) merged.merge(part);
  merged.merge(RegressionErrors());
  EXPECT_EQ(merged.rows(), whole.rows());
  EXPECT_NEAR(merged.rmse(), whole.rmse(), 1e-9);
  EXPECT_NEAR(*merged.r2(), *whole.r2(), 1e-9);
}

TEST(RegressionErrors, ExplainNothingOfAConstant) {
  RegressionErrors errors;
  EXPECT_EQ(errors.rmse(), 0);
  EXPECT_FALSE(errors.r2());
  errors.add(1, 2);
  errors.add(3, 2);
  EXPECT_FALSE(errors.r2());
}

}  // namespace
}  // namespace millrace::ml::evaluation
