#include "engines/ml/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace::ml {
namespace {

double value(const std::vector<Measure>& measures, std::string_view name) {
  for (const Measure& measure : measures) {
    if (measure.name == name) return measure.value;
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST(RegressionMeasures, AreTheRootTheMeanSquareAndTheMeanError) {
  RegressionMeasures measures;
  measures.add(3, 1);
  measures.add(-1, 1);
  measures.add(0, 4);
  EXPECT_EQ(measures.rows(), 3u);
  EXPECT_DOUBLE_EQ(value(measures.all(), "mse"), 8);
  EXPECT_DOUBLE_EQ(value(measures.all(), "rmse"), std::sqrt(8));
  EXPECT_DOUBLE_EQ(value(measures.all(), "absolute_loss"), 8.0 / 3);
}

TEST(ClassificationMeasures, CountAtOneHalf) {
  ClassificationMeasures measures;
  measures.add(0.9, 1);  // true positive
  measures.add(0.8, 0);  // false positive
  measures.add(0.2, 1);  // false negative
  measures.add(0.5, 0);  // true negative: one half is no yes
  measures.add(0.7, 1);  // true positive
  const std::vector<Measure> all = measures.all();
  EXPECT_DOUBLE_EQ(value(all, "binary_classification_accuracy"), 0.6);
  EXPECT_DOUBLE_EQ(value(all, "binary_f_1.000"), 4.0 / 6);
  const double expected =
      -(std::log(0.9) + std::log(0.2) + std::log(0.2) + std::log(0.5) + std::log(0.7)) / 5;
  EXPECT_NEAR(value(all, "binary_classification_cross_entropy"), expected, 1e-12);
}

TEST(ClassificationMeasures, StayFiniteWhenCertainAndWrong) {
  ClassificationMeasures measures;
  measures.add(1, 0);
  measures.add(0, 1);
  for (const Measure& measure : measures.all()) EXPECT_TRUE(std::isfinite(measure.value));
  EXPECT_EQ(value(measures.all(), "binary_f_1.000"), 0);
}

}  // namespace
}  // namespace millrace::ml
