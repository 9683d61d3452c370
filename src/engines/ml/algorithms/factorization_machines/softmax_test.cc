#include "engines/ml/algorithms/factorization_machines/softmax.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "engines/ml/algorithms/factorization_machines/implicit_test_data.h"
#include "engines/ml/algorithms/factorization_machines/softmax_kernels.h"

namespace millrace::ml::factorization_machines {
namespace {

Settings settings_of(uint64_t users, uint64_t items, uint32_t factors) {
  Settings settings = test::implicit_settings(Solver::softmax, users, items, factors);
  settings.epochs = 20;
  settings.negatives = 100;
  settings.linear.learning_rate = settings.factors.learning_rate = 0.05;
  settings.factors.weight_decay = 0;
  return settings;
}

// Three choices, each among the items of the other two: features are a user, an item, a context and
// a kind of item.
double loss_of_block(const RowBatch& rows, const std::vector<std::vector<double>>& v,
                     const std::vector<double>& w) {
  const auto output = [&](size_t context, size_t item) {
    const std::array own = {rows.row(context).indices[0], rows.row(context).indices[2]};
    const std::array other = {rows.row(item).indices[1], rows.row(item).indices[3]};
    double sum = w[other[0]] + w[other[1]];
    for (size_t f = 0; f < v[0].size(); ++f) {
      sum += (v[own[0]][f] + v[own[1]][f]) * (v[other[0]][f] + v[other[1]][f]);
      sum += v[other[0]][f] * v[other[1]][f];
    }
    return sum;
  };
  double total = 0;
  for (size_t r = 0; r < 3; ++r) {
    double sum = std::exp(output(r, r));
    for (size_t m = 0; m < 3; ++m) {
      if (rows.row(m).indices[1] == rows.row(r).indices[1]) continue;
      const double popularity = rows.row(m).indices[1] == 2 ? 1.0 / 3 : 2.0 / 3;
      sum += std::exp(output(r, m)) / (2 * popularity);
    }
    total += std::log(sum) - output(r, r);
  }
  return total;
}

// Of items of two features in contexts of two, one small step from where AdaGrad begins is about
// -rate g / sqrt(first square + g^2), with the gradient g of the whole block's loss: here by finite
// differences in double precision.
TEST(Softmax, StepsAlongTheGradient) {
  constexpr uint32_t kFactors = 3;
  constexpr double kRate = 1e-3;
  Settings settings = settings_of(2, 2, kFactors);
  settings.feature_dim = 8;  // Users 0-1, items 2-3, contexts 4-5, kinds of items 6-7.
  settings.fields = {0, 2, 4, 6};
  settings.sampling = NegativeSampling::in_batch;
  settings.epochs = 1;
  settings.factors.learning_rate = settings.linear.learning_rate = kRate;
  settings.linear.initializer = {Initializer::Method::constant, 0};  // Not at the popularity.
  RowBatch rows;
  for (const auto& features : {std::array{0u, 2u, 4u, 6u}, std::array{1u, 3u, 5u, 7u}}) {
    rows.indices.insert(rows.indices.end(), features.begin(), features.end());
    rows.values.insert(rows.values.end(), 4, 1.0f);
    rows.end_row(1);
  }
  // The second item in another context, which so is no item's.
  for (const auto& features : {std::array{0u, 3u, 4u, 7u}}) {
    rows.indices.insert(rows.indices.end(), features.begin(), features.end());
    rows.values.insert(rows.values.end(), 4, 1.0f);
    rows.end_row(1);
  }
  Model first(PredictorType::regressor, 8, kFactors);
  initialize(first, settings);
  for (uint64_t feature = 0; feature < 8; ++feature) first.linear(feature) = 0;
  Model model = first;
  const auto losses = test::solve_all(rows, settings, model, 1);
  ASSERT_TRUE(losses) << losses.error().message;
  std::vector<std::vector<double>> v;
  std::vector<double> w(8);
  for (uint64_t feature = 0; feature < 8; ++feature) {
    v.emplace_back(first.row(feature), first.row(feature) + kFactors);
  }
  const auto loss = [&](const std::vector<std::vector<double>>& at, const std::vector<double>& w) {
    return loss_of_block(rows, at, w);
  };
  EXPECT_NEAR(losses->at(0), loss(v, w) / 3, 1e-5);
  size_t checked = 0;
  for (uint64_t feature = 0; feature < 8; ++feature) {
    for (uint32_t f = 0; f < kFactors; ++f) {
      auto up = v;
      auto down = v;
      up[feature][f] += 1e-5;
      down[feature][f] -= 1e-5;
      const double slope = (loss(up, w) - loss(down, w)) / 2e-5;
      const double moved = model.row(feature)[f] - first.row(feature)[f];
      // Its occurrences move it one after another, each scaled by what came before.
      if (std::abs(slope) < 0.04) continue;
      EXPECT_LT(moved * slope, 0) << feature << " " << f;
      EXPECT_NEAR(std::abs(moved), kRate * std::abs(slope) / std::sqrt(0.01 + slope * slope),
                  0.4 * std::abs(moved) + 1e-5)
          << feature << " " << f;
      ++checked;
    }
  }
  EXPECT_GT(checked, 8u);
}

TEST(Softmax, SharesAreThoseOfTheExponentials) {
  Generator generator(1);
  for (const size_t count : {32u, 64u, 96u}) {
    std::vector<float> logits(count);
    for (float& logit : logits) logit = static_cast<float>(8 * generator.normal());
    logits[5] = -std::numeric_limits<float>::infinity();
    logits[6] = -3000;
    const std::vector<float> before = logits;
    const float own = 1.5f;
    double sum = std::exp(double{own});
    for (const float logit : before) sum += std::exp(double{logit});
    float log_sum = 0;
    EXPECT_NEAR(softmax_shares(logits.data(), count, own, &log_sum), std::exp(own) / sum, 1e-5);
    EXPECT_NEAR(log_sum, std::log(sum), 1e-5);
    for (size_t at = 0; at < count; ++at) {
      EXPECT_NEAR(logits[at], std::exp(double{before[at]}) / sum, 1e-5);
    }
    EXPECT_EQ(logits[5], 0);
  }
}

TEST(Softmax, MultipliesAsTheTextbookDoes) {
  Generator generator(2);
  for (const size_t rows : {1u, 7u, 8u, 21u}) {
    for (const size_t inner : {1u, 33u}) {
      constexpr size_t kColumns = 64;
      std::vector<float> a(rows * inner), b(inner * kColumns), c(rows * kColumns, 1.0f);
      for (float& value : a) value = static_cast<float>(generator.normal());
      for (float& value : b) value = static_cast<float>(generator.normal());
      for (const bool across : {false, true}) {  // a as it is, and as its transpose.
        std::vector<float> out = c;
        multiply_add(a.data(), across ? 1 : inner, across ? rows : 1, b.data(), kColumns,
                     out.data(), kColumns, rows, inner, kColumns);
        for (size_t r = 0; r < rows; ++r) {
          for (size_t j = 0; j < kColumns; ++j) {
            double sum = 1;
            for (size_t n = 0; n < inner; ++n) {
              sum += double{a[across ? n * rows + r : r * inner + n]} * b[n * kColumns + j];
            }
            ASSERT_NEAR(out[r * kColumns + j], sum, 1e-4);
          }
        }
      }
    }
  }
}

TEST(Softmax, GivesTheSameBytesForAnyNumberOfThreads) {
  const RowBatch rows = test::planted_interactions(200, 100, 4);
  for (const NegativeSampling sampling :
       {NegativeSampling::uniform, NegativeSampling::popularity, NegativeSampling::in_batch}) {
    Settings settings = settings_of(200, 100, 40);
    settings.epochs = 2;
    settings.sampling = sampling;
    std::vector<Model> models;
    for (const unsigned threads : {1u, 2u, 3u}) {
      Model model(PredictorType::regressor, settings.feature_dim, 40);
      initialize(model, settings);
      ASSERT_TRUE(test::solve_all(rows, settings, model, threads));
      models.push_back(std::move(model));
    }
    EXPECT_EQ(models[0], models[1]);
    EXPECT_EQ(models[0], models[2]);
  }
}

TEST(Softmax, RanksWhatWasHeldOutOfPlantedTastes) {
  const test::Tastes planted(600, 200, 5);
  for (const NegativeSampling sampling :
       {NegativeSampling::uniform, NegativeSampling::popularity, NegativeSampling::in_batch}) {
    Settings settings = settings_of(600, 200, 16);
    settings.sampling = sampling;
    Model model(PredictorType::regressor, settings.feature_dim, 16);
    initialize(model, settings);
    const auto losses = test::solve_all(planted.train, settings, model, 2);
    ASSERT_TRUE(losses);
    EXPECT_LT(losses->back(), losses->front());
    const double popularity = planted.ndcg_of_popularity();
    const double ours = planted.ndcg(model);
    RecordProperty("ndcg", std::to_string(ours));
    EXPECT_GT(ours, 1.3 * popularity) << static_cast<int>(sampling) << " " << popularity;
  }
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
