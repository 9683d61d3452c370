// Made-up implicit feedback for the tests of its solvers: users with known tastes.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/solvers.h"
#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines::test {

inline void add_example(RowBatch& rows, uint32_t user, uint32_t item, float label) {
  for (const uint32_t feature : {user, item}) {
    rows.indices.push_back(feature);
    rows.values.push_back(1);
  }
  rows.end_row(label);
}

class SilentProgress final : public Progress {
 public:
  void batch(uint64_t, uint64_t, const Measures&) override {}
  bool epoch(uint64_t, const Measures& train, const Model&) override {
    losses.push_back(train.all().front().value);
    return true;
  }
  void note(std::string_view) override {}

  std::vector<double> losses;
};

class EmptySource final : public ExampleSource {
 public:
  void rewind() override {}
  Result<const RowBatch*> read(size_t) override { return &nothing_; }

 private:
  RowBatch nothing_;
};

inline Result<std::vector<double>> solve_all(const RowBatch& rows, const Settings& settings,
                                             Model& model, unsigned threads) {
  SilentProgress progress;
  EmptySource source;
  const Training training{.settings = settings,
                          .source = source,
                          .memory = &rows,
                          .progress = progress,
                          .stop = {},
                          .threads = threads};
  TRY(solve(training, model));
  return progress.losses;
}

// With what hyperparameters give that say no more than the solver.
inline Settings implicit_settings(Solver solver, uint64_t users, uint64_t items, uint32_t factors) {
  Settings settings;
  settings.solver = solver;
  settings.feature_dim = users + items;
  settings.num_factors = factors;
  settings.fields = {0, users};
  settings.seed = 7;
  settings.factors.initializer = {Initializer::Method::normal, 0.1};
  settings.epochs = 16;
  settings.factors.weight_decay = 0.003;
  return settings;
}

// Each user takes items with a probability that grows with how well their tastes agree, and with
// how popular the item is. One item of each user is held out.
struct Tastes {
  Tastes(uint32_t users_given, uint32_t items_given, uint64_t seed)
      : users(users_given), items(items_given), taken(users_given) {
    constexpr size_t kTastes = 4;
    Generator generator(seed);
    std::vector<double> tastes((users + items) * kTastes);
    for (double& taste : tastes) taste = generator.normal();
    std::vector<double> popularity(items);
    for (double& value : popularity) value = generator.normal();
    for (uint32_t user = 0; user < users; ++user) {
      for (uint32_t item = 0; item < items; ++item) {
        double logit = -4 + 0.7 * popularity[item];
        for (size_t f = 0; f < kTastes; ++f) {
          logit += tastes[user * kTastes + f] * tastes[(users + item) * kTastes + f];
        }
        if (generator.uniform() < 1 / (1 + std::exp(-logit))) taken[user].push_back(item);
      }
      if (taken[user].size() < 3) continue;
      const size_t out = generator.below(taken[user].size());
      held_out.emplace_back(user, taken[user][out]);
      taken[user].erase(taken[user].begin() + static_cast<ptrdiff_t>(out));
    }
    std::vector<std::pair<uint32_t, uint32_t>> pairs;
    for (uint32_t user = 0; user < users; ++user) {
      for (const uint32_t item : taken[user]) pairs.emplace_back(user, item);
    }
    for (size_t at = pairs.size(); at > 1; --at) {
      std::swap(pairs[at - 1], pairs[generator.below(at)]);
    }
    for (const auto& [user, item] : pairs) add_example(train, user, users + item, 1);
  }

  // The mean of 1 / log2(1 + rank) where the held-out item is among the first ten.
  template <class Score>
  double ndcg_by(const Score& score) const {
    double sum = 0;
    for (const auto& [user, wanted] : held_out) {
      const double own = score(user, wanted);
      size_t rank = 1;
      for (uint32_t item = 0; item < items; ++item) {
        if (std::binary_search(taken[user].begin(), taken[user].end(), item)) continue;
        rank += score(user, item) > own;
      }
      if (rank <= 10) sum += 1 / std::log2(1.0 + static_cast<double>(rank));
    }
    return sum / static_cast<double>(held_out.size());
  }

  double ndcg(const Model& model) const {
    return ndcg_by([&](uint32_t user, uint32_t item) {
      RowBatch row;
      add_example(row, user, users + item, 1);
      return predict(model.view(), row.row(0));
    });
  }

  double ndcg_of_popularity() const {
    std::vector<size_t> counts(items);
    for (const auto& own : taken) {
      for (const uint32_t item : own) ++counts[item];
    }
    return ndcg_by([&](uint32_t, uint32_t item) { return static_cast<double>(counts[item]); });
  }

  uint32_t users;
  uint32_t items;
  RowBatch train;
  std::vector<std::vector<uint32_t>> taken;  // By user, ascending, without what is held out.
  std::vector<std::pair<uint32_t, uint32_t>> held_out;
};

inline RowBatch planted_interactions(uint32_t users, uint32_t items, uint64_t seed) {
  return Tastes(users, items, seed).train;
}

}  // namespace millrace::ml::factorization_machines::test
