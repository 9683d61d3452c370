#include "engines/ml/evaluation/ridge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace millrace::ml::evaluation {
namespace {

RowBatch random_rows(size_t count, uint32_t features, bool weighted) {
  std::mt19937 generator(8);
  std::normal_distribution<float> normal(1, 2);
  RowBatch rows;
  for (size_t i = 0; i < count; ++i) {
    float label = 5;
    for (uint32_t f = 0; f < features; ++f) {
      if (generator() % 3 == 0) continue;
      rows.indices.push_back(f);
      rows.values.push_back(normal(generator));
      label += rows.values.back() * static_cast<float>(f);
    }
    rows.end_row(label + normal(generator));
    if (weighted && i % 2 == 0) rows.weigh_last_row(3);
  }
  return rows;
}

// The normal equations with a column of ones that is not penalised, by elimination.
std::vector<double> by_elimination(const RowBatch& rows, uint32_t features, double alpha) {
  const size_t n = features + 1;
  std::vector<std::vector<double>> a(n, std::vector<double>(n + 1, 0.0));
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<double> x(n, 0.0);
    x[features] = 1;
    const RowView row = rows.row(i);
    for (size_t j = 0; j < row.indices.size(); ++j) x[row.indices[j]] = row.values[j];
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = 0; q < n; ++q) a[p][q] += rows.importance(i) * x[p] * x[q];
      a[p][n] += rows.importance(i) * x[p] * rows.label(i);
    }
  }
  for (size_t p = 0; p < features; ++p) a[p][p] += alpha;
  for (size_t p = 0; p < n; ++p) {
    for (size_t q = 0; q < n; ++q) {
      if (q == p) continue;
      const double factor = a[q][p] / a[p][p];
      for (size_t c = p; c <= n; ++c) a[q][c] -= factor * a[p][c];
    }
  }
  std::vector<double> out(n);
  for (size_t p = 0; p < n; ++p) out[p] = a[p][n] / a[p][p];
  return out;
}

TEST(Ridge, FindsTheOptimum) {
  for (const bool weighted : {false, true}) {
    const RowBatch rows = random_rows(200, 6, weighted);
    for (const double alpha : {0.0, 10.0, 1000.0}) {
      const auto model = fit_ridge(rows, 6, {.alpha = alpha, .tolerance = 1e-12});
      ASSERT_TRUE(model);
      const std::vector<double> expected = by_elimination(rows, 6, alpha);
      for (size_t f = 0; f < 6; ++f) EXPECT_NEAR(model->weights[f], expected[f], 1e-8);
      EXPECT_NEAR(model->intercept, expected[6], 1e-7);
    }
  }
}

TEST(Ridge, BecomesTheMeanUnderAHugePenalty) {
  const RowBatch rows = random_rows(100, 4, true);
  const auto model = fit_ridge(rows, 4, {.alpha = 1e12});
  ASSERT_TRUE(model);
  EXPECT_NEAR(model->predict(rows.row(0)), mean_label(rows), 1e-6);
}

TEST(Ridge, FitsConstantsAndRefusesNothingness) {
  RowBatch rows;
  rows.end_row(4);
  rows.end_row(4);
  const auto model = fit_ridge(rows, 3);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->predict(rows.row(0)), 4);
  EXPECT_FALSE(fit_ridge(RowBatch(), 3));
  EXPECT_FALSE(fit_ridge(rows, 3, {.alpha = -1}));
  EXPECT_FALSE(fit_ridge(random_rows(5, 4, false), 3));
  EXPECT_EQ(mean_label(RowBatch()), 0);
}

}  // namespace
}  // namespace millrace::ml::evaluation
