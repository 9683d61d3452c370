#include "engines/ml/algorithms/factorization_machines/ials.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engines/ml/algorithms/factorization_machines/implicit_test_data.h"

namespace millrace::ml::factorization_machines {
namespace {

using Matrix = std::vector<std::vector<double>>;

// iALS in double precision, by plain loops and Gaussian elimination: the reference.
class Reference {
 public:
  Reference(const RowBatch& rows, const Settings& settings, const Model& first, size_t users)
      : settings_(settings), users_(users), items_(settings.feature_dim - users) {
    for (uint64_t feature = 0; feature < settings.feature_dim; ++feature) {
      factors_.emplace_back(first.row(feature), first.row(feature) + settings.num_factors);
    }
    for (size_t at = 0; at < rows.size(); ++at) {
      const float label = rows.label(at);
      const std::pair<double, double> entry(label > 0 ? label : 1, label > 0 ? 1 : 0);
      const auto [user, item] = std::pair(rows.row(at).indices[0], rows.row(at).indices[1]);
      entries_[user].push_back({item, entry});
      entries_[item].push_back({user, entry});
    }
  }

  void epoch() {
    side(0, users_, users_, users_ + items_);
    side(users_, users_ + items_, 0, users_);
  }
  const Matrix& factors() const { return factors_; }

 private:
  void side(size_t first, size_t end, size_t others, size_t others_end) {
    const size_t k = settings_.num_factors;
    for (size_t own = first; own < end; ++own) {
      Matrix a(k, std::vector<double>(k));
      std::vector<double> b(k);
      double weights = 0;
      for (size_t other = others; other < others_end; ++other) {
        add(a, factors_[other], settings_.unobserved_weight);
      }
      for (const auto& [other, entry] : entries_[own]) {
        add(a, factors_[other], entry.first);
        weights += entry.first;
        for (size_t f = 0; f < k; ++f) b[f] += entry.first * entry.second * factors_[other][f];
      }
      const double frequency =
          weights + settings_.unobserved_weight * static_cast<double>(others_end - others);
      for (size_t f = 0; f < k; ++f) {
        a[f][f] +=
            settings_.factors.weight_decay * std::pow(frequency, settings_.frequency_exponent);
      }
      factors_[own] = eliminate(std::move(a), std::move(b));
    }
  }
  static void add(Matrix& a, const std::vector<double>& row, double weight) {
    for (size_t i = 0; i < row.size(); ++i) {
      for (size_t j = 0; j < row.size(); ++j) a[i][j] += weight * row[i] * row[j];
    }
  }
  static std::vector<double> eliminate(Matrix a, std::vector<double> b) {
    const size_t k = b.size();
    for (size_t p = 0; p < k; ++p) {
      for (size_t i = p + 1; i < k; ++i) {
        const double factor = a[i][p] / a[p][p];
        for (size_t j = p; j < k; ++j) a[i][j] -= factor * a[p][j];
        b[i] -= factor * b[p];
      }
    }
    for (size_t p = k; p-- > 0;) {
      for (size_t j = p + 1; j < k; ++j) b[p] -= a[p][j] * b[j];
      b[p] /= a[p][p];
    }
    return b;
  }

  const Settings& settings_;
  const size_t users_;
  const size_t items_;
  Matrix factors_;
  std::map<size_t, std::vector<std::pair<size_t, std::pair<double, double>>>> entries_;
};

Settings settings_of(uint32_t factors) {
  Settings settings = test::implicit_settings(Solver::ials, 40, 30, factors);
  settings.factors.weight_decay = 0.01;
  settings.epochs = 3;
  return settings;
}

// Compares all factors with the reference's.
void expect_reference(const RowBatch& rows, const Settings& settings) {
  Model model(PredictorType::regressor, settings.feature_dim, settings.num_factors);
  initialize(model, settings);
  Reference reference(rows, settings, model, 40);
  for (uint64_t epoch = 0; epoch < settings.epochs; ++epoch) reference.epoch();
  const auto solved = test::solve_all(rows, settings, model, 1);
  ASSERT_TRUE(solved) << solved.error().message;
  for (uint64_t feature = 0; feature < settings.feature_dim; ++feature) {
    for (uint32_t f = 0; f < settings.num_factors; ++f) {
      const double expected = reference.factors()[feature][f];
      EXPECT_NEAR(model.row(feature)[f], expected, 2e-4 * (1 + std::abs(expected)))
          << settings.num_factors << " " << feature << " " << f;
    }
  }
  EXPECT_EQ(model.bias, 0);
}

// Every user and item occurs, with weights and known negatives.
TEST(Ials, SolvesAsTheReferenceInDoublePrecision) {
  for (const uint32_t factors : {2u, 16u, 31u, 32u, 33u, 70u}) {
    RowBatch rows;
    Generator generator(factors);
    for (uint32_t user = 0; user < 40; ++user) {
      for (uint32_t item = user % 3; item < 30; item += 3) {
        const float label = static_cast<float>(generator.below(4));
        test::add_example(rows, user, 40 + item, label);
      }
    }
    expect_reference(rows, settings_of(factors));
  }
}

// Many rows of few entries have the same ridge; some have tiny weights.
TEST(Ials, SolvesTheLongTailAsTheReference) {
  for (const uint32_t factors : {8u, 33u, 64u, 70u}) {
    for (const float weight : {1.0f, 0.5f, 1e-7f}) {
      RowBatch rows;
      for (uint32_t user = 0; user < 40; ++user) {
        for (uint32_t at = 0; at <= user % 5; ++at) {
          test::add_example(rows, user, 40 + (user + 7 * at) % 30, at == 0 ? weight : 1);
        }
      }
      expect_reference(rows, settings_of(factors));
    }
  }
}

// What new examples do not name stays as it was.
TEST(Ials, GoesOnFromAModel) {
  const Settings settings = settings_of(16);
  RowBatch rows;
  for (uint32_t user = 1; user < 40; ++user) test::add_example(rows, user, 40 + user % 29, 1);
  Model model(PredictorType::regressor, settings.feature_dim, 16);
  initialize(model, settings);
  const Model before = model;
  test::SilentProgress progress;
  test::EmptySource source;
  ASSERT_TRUE(solve({.settings = settings,
                     .source = source,
                     .memory = &rows,
                     .progress = progress,
                     .stop = {},
                     .continued = true},
                    model));
  for (uint32_t f = 0; f < 16; ++f) {
    EXPECT_EQ(model.row(0)[f], before.row(0)[f]);    // A user.
    EXPECT_EQ(model.row(69)[f], before.row(69)[f]);  // An item.
    EXPECT_NE(model.row(1)[f], before.row(1)[f]);
  }
}

TEST(Ials, GivesTheSameBytesForAnyNumberOfThreads) {
  const RowBatch rows = test::planted_interactions(300, 120, 4);
  Settings settings = test::implicit_settings(Solver::ials, 300, 120, 20);
  settings.epochs = 3;
  std::vector<Model> models;
  for (const unsigned threads : {1u, 2u, 3u}) {
    Model model(PredictorType::regressor, settings.feature_dim, 20);
    initialize(model, settings);
    ASSERT_TRUE(test::solve_all(rows, settings, model, threads));
    models.push_back(std::move(model));
  }
  EXPECT_EQ(models[0], models[1]);
  EXPECT_EQ(models[0], models[2]);
}

TEST(Ials, RanksWhatWasHeldOutOfPlantedTastes) {
  const test::Tastes planted(600, 200, 5);
  Settings settings = test::implicit_settings(Solver::ials, 600, 200, 16);
  Model model(PredictorType::regressor, settings.feature_dim, 16);
  initialize(model, settings);
  ASSERT_TRUE(test::solve_all(planted.train, settings, model, 2));
  const double popularity = planted.ndcg_of_popularity();
  const double ours = planted.ndcg(model);
  RecordProperty("ndcg", std::to_string(ours));
  EXPECT_GT(ours, 1.5 * popularity) << popularity;
}

TEST(Ials, RefusesWhatIsNoImplicitFeedback) {
  const auto error_of = [](const RowBatch& rows, const Settings& settings) {
    Model model(PredictorType::regressor, settings.feature_dim, 4);
    initialize(model, settings);
    const auto solved = test::solve_all(rows, settings, model, 1);
    return solved ? std::string("none") : solved.error().message;
  };
  Settings settings = test::implicit_settings(Solver::ials, 3, 3, 4);
  RowBatch rows;
  test::add_example(rows, 0, 3, 1);
  test::add_example(rows, 2, 4, 1);
  EXPECT_EQ(error_of(rows, settings), "none");
  settings.fields.clear();
  EXPECT_EQ(error_of(rows, settings), "none");
  RowBatch negative = rows;
  test::add_example(negative, 1, 4, -1);
  EXPECT_NE(error_of(negative, settings).find("example 3: the label is -1"), std::string::npos);
  RowBatch overlapping = rows;
  test::add_example(overlapping, 3, 5, 1);
  EXPECT_NE(error_of(overlapping, settings).find("Set the hyperparameter 'fields'"),
            std::string::npos);
  settings.fields = {0, 3};
  EXPECT_NE(error_of(overlapping, settings).find("example 3: it has 0 users"), std::string::npos);
  RowBatch none;
  test::add_example(none, 0, 3, 0);
  EXPECT_NE(error_of(none, settings).find("No example has a label above 0"), std::string::npos);
  EXPECT_NE(error_of(RowBatch(), settings), "none");
  RowBatch halves;
  halves.indices = {0, 3};
  halves.values = {0.5f, 1};
  halves.end_row(1);
  EXPECT_NE(error_of(halves, settings).find("another value than 1"), std::string::npos);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
