// Draws for the solvers that learn from positive examples against others (bpr, softmax).
//
// Immutable once made; thread-safe. The data outlives it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/implicit.h"
#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {

// Of a user, in data that default decays are meant for (MovieLens).
inline constexpr double kUsualPositives = 60;

class ImplicitDraws {
 public:
  explicit ImplicitDraws(const ImplicitData& data);

  // The positive examples of an epoch, in the order in which they are learnt from: each once, or
  // as many by weight where the weights differ.
  std::vector<uint32_t> epoch(uint64_t seed) const;
  size_t positives() const { return positives_.size(); }
  // kUsualPositives over how many a user has on average: decays are larger where little is known of
  // each user.
  double sparseness() const;

  // By feature: log(1 + how often an item is a positive), of the feature that names it; 0 of every
  // other. Added to scores of items that are all alike otherwise, it ranks them by popularity,
  // which is where pairs against uniform draws, and the softmax over all items, have their optimum.
  std::vector<float> popularity(uint64_t feature_dim) const;

  // Any item; with a probability of `popularity` by how often it is a positive, else uniformly.
  uint32_t item(NegativeSampling sampling, Generator& generator) const;
  // The probability of item() to draw an item.
  double probability(NegativeSampling sampling, uint32_t item) const;
  // An item that the user has not taken, or, after many draws, any.
  uint32_t negative(uint32_t user, NegativeSampling sampling, Generator& generator) const;

 private:
  bool taken(uint32_t user, uint32_t item) const;

  const ImplicitData& data_;
  std::vector<uint32_t> positives_;              // Examples.
  std::vector<double> weights_;                  // Running sums; empty where all are alike.
  std::vector<uint32_t> counts_;                 // Of positives, by item.
  std::vector<std::vector<uint32_t>> taken_;     // By user, ascending.
  std::vector<std::vector<uint32_t>> unwanted_;  // By user: known negatives, not taken.
};

// Whether the linear weights of items are to begin at their popularity: unless something else was
// said of how they begin.
bool begins_at_popularity(const Settings& settings);

// Adds `origins` to the linear weights; of a model from an earlier job, to those that nobody
// learned.
void begin_at(std::span<const float> origins, bool continued, Model& model);

}  // namespace millrace::ml::factorization_machines
