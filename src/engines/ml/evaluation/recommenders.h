// Recommenders: what ranks items for a user; and those that need no training, beside which every
// model has to be shown (Dacrema, Cremonesi and Jannach, 2019, "Are we really making much
// progress?").
//
// Thread-safe once made. Scores are only compared, and only within one user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "engines/ml/evaluation/interactions.h"

namespace millrace::ml::evaluation {

class Recommender {
 public:
  virtual ~Recommender() = default;
  // Replaces every one of `scores`, one an item.
  virtual void score(uint32_t user, std::span<float> scores) const = 0;
};

// By how many users each item has.
std::unique_ptr<Recommender> make_popularity(const InteractionMatrix& train);

// What the user turned to most often first, then by popularity: for what is bought again and again.
std::unique_ptr<Recommender> make_repetition(const InteractionMatrix& train);

struct ItemNeighbours {
  size_t neighbours = 100;  // Of each item: the most similar ones; the others count nothing.
  // Added to the denominator, so that a similarity of few users is small.
  double shrinkage = 10;
};
// Item-based nearest neighbours (Deshpande and Karypis, 2004, "Item-based top-N recommendation
// algorithms"): the score of j is the sum over the user's items i of
//   |users of i and j| / (sqrt(|users of i| |users of j|) + shrinkage).
// Takes time by the squares of users' rows, and memory by items x neighbours.
std::unique_ptr<Recommender> make_item_neighbours(const InteractionMatrix& train,
                                                  const ItemNeighbours& settings = {});

}  // namespace millrace::ml::evaluation
