// For tests: examples of which it is known what made them.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/training.h"
#include "engines/ml/algorithms/factorization_machines/validation.h"
#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines::test {

struct Split {
  RowBatch train;
  RowBatch test;
};

// Ratings of 1 to 5 in MovieLens 100K's shape: 943 users, 1,682 items, the popularity of both with
// a heavy tail, biases, five factors, noise; a tenth of them is for the test. The root of the mean
// squared error of the truth itself is the noise's 0.9 and that of the rounding.
inline Split make_ratings(uint64_t seed, size_t ratings) {
  constexpr uint32_t kUsers = 943, kItems = 1682, kRank = 5;
  Generator generator(seed);
  std::vector<float> factors((kUsers + kItems) * kRank);
  for (float& value : factors) value = static_cast<float>(0.45 * generator.normal());
  std::vector<float> biases(kUsers + kItems);
  for (float& value : biases) value = static_cast<float>(0.4 * generator.normal());
  Split split;
  for (size_t at = 0; at < ratings; ++at) {
    const double by_user = std::pow(generator.uniform(), 2.0);
    const double by_item = std::pow(generator.uniform(), 3.0);
    const auto user = static_cast<uint32_t>(by_user * kUsers);
    const auto item = kUsers + static_cast<uint32_t>(by_item * kItems);
    double rating = 3.5 + biases[user] + biases[item] + 0.9 * generator.normal();
    for (uint32_t f = 0; f < kRank; ++f) {
      rating += factors[user * kRank + f] * factors[item * kRank + f];
    }
    RowBatch& to = at % 10 == 9 ? split.test : split.train;
    to.indices.insert(to.indices.end(), {user, item});
    to.values.insert(to.values.end(), {1, 1});
    to.end_row(static_cast<float>(std::clamp(std::round(rating), 1.0, 5.0)));
  }
  return split;
}

// Rows of a few real-valued features, labelled by a machine of three factors: outputs with noise,
// or classes drawn from the sigmoid of the outputs.
struct Planted {
  Planted(PredictorType type, uint64_t features, size_t rows, uint64_t seed)
      : truth(type, features, 3) {
    Generator generator(seed);
    truth.bias = 0.5;
    for (uint64_t i = 0; i < features; ++i) {
      truth.linear(i) = static_cast<float>(0.5 * generator.normal());
      for (int f = 0; f < 3; ++f) truth.row(i)[f] = static_cast<float>(0.5 * generator.normal());
    }
    for (size_t at = 0; at < rows; ++at) add(generator, at % 5 == 4 ? split.test : split.train);
  }

  static constexpr double kNoise = 0.3;
  Model truth;
  Split split;

 private:
  void add(Generator& generator, RowBatch& to) const {
    RowBatch one;
    for (uint32_t i = 0; i < truth.feature_dim(); ++i) {
      if (generator.below(truth.feature_dim()) >= 5) continue;
      one.indices.push_back(i);
      one.values.push_back(static_cast<float>(2 * generator.uniform() - 0.5));
    }
    one.end_row(0);
    const float raw = predict(truth.view(), one.row(0));
    to.indices.insert(to.indices.end(), one.indices.begin(), one.indices.end());
    to.values.insert(to.values.end(), one.values.begin(), one.values.end());
    to.end_row(truth.type() == PredictorType::regressor
                   ? raw + static_cast<float>(kNoise * generator.normal())
                   : (generator.uniform() < sigmoid(raw) ? 1.0f : 0.0f));
  }
};

// Listens to a solver.
class Listener final : public Progress {
 public:
  void batch(uint64_t, uint64_t, const Measures&) override {}
  bool epoch(uint64_t, const Measures& measures, const Model& model) override {
    losses.push_back(ValidationWatch::loss_of(measures));
    if (on_epoch) on_epoch(model);
    return losses.size() < stop_after;
  }
  void note(std::string_view text) override { notes.emplace_back(text); }

  std::vector<double> losses;  // Of the examples that were learned from, by epoch.
  std::vector<std::string> notes;
  std::function<void(const Model&)> on_epoch;
  size_t stop_after = SIZE_MAX;
};

class NoStream final : public ExampleSource {
 public:
  void rewind() override {}
  Result<const RowBatch*> read(size_t) override {
    return fail(ErrorKind::internal, "a solver that needs memory reads a stream");
  }
};

inline Settings settings_of(Solver solver, PredictorType type, uint64_t feature_dim,
                            uint32_t factors, uint64_t epochs) {
  Settings settings;
  settings.solver = solver;
  settings.type = type;
  settings.feature_dim = feature_dim;
  settings.num_factors = factors;
  settings.epochs = epochs;
  settings.bias = {{Initializer::Method::normal, 0.01}, 0, 0};
  settings.linear = {{Initializer::Method::normal, 0}, 0, 1};
  settings.factors = {{Initializer::Method::normal, 0.1}, 0, 10};
  settings.bias_from_data = true;
  settings.seed = 7;
  return settings;
}

using Solve = Result<void> (*)(const Training& training, Model& model);

inline Result<Model> run(Solve solve, const Settings& settings, const RowBatch& rows,
                         Listener& listener, unsigned threads = 1) {
  NoStream stream;
  Model model(settings.type, settings.feature_dim, settings.num_factors);
  initialize(model, settings);
  TRY(solve({.settings = settings,
             .source = stream,
             .memory = &rows,
             .progress = listener,
             .stop = {},
             .threads = threads},
            model));
  return model;
}

// rmse, or cross-entropy.
inline double loss_on(const Model& model, const RowBatch& rows) {
  return ValidationWatch::loss_of(ValidationWatch(rows, {}).measure(model));
}

}  // namespace millrace::ml::factorization_machines::test
