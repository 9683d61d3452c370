// Draws for the solvers that learn from positive examples against others (bpr, softmax).
//
// Immutable once made; thread-safe. The data outlives it.
#pragma once

#include <cstdint>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/implicit.h"
#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {

class ImplicitDraws {
 public:
  explicit ImplicitDraws(const ImplicitData& data);

  // The positive examples of an epoch, in the order in which they are learnt from: each once, or
  // as many by weight where the weights differ.
  std::vector<uint32_t> epoch(uint64_t seed) const;
  size_t positives() const { return positives_.size(); }

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

}  // namespace millrace::ml::factorization_machines
