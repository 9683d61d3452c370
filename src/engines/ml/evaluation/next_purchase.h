// Ranks what users buy next by a factorization machine over what is known of each user and item at
// that moment (purchase_features.h): a classifier that learns from earlier moments which of the
// items was bought within the time after, with the solver `als`. Of a moment it sees the users who
// bought something, what they bought, what they had bought before or a ranker has among its first
// kCandidates, and of all other items a sample that is weighted to stand for them.
//
// Blocks. Errors: the solver's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "engines/ml/evaluation/interactions.h"
#include "engines/ml/evaluation/purchase_features.h"

namespace millrace::ml::evaluation {

inline constexpr size_t kCandidates = 45;   // Of each ranker, which are all learned from.
inline constexpr size_t kOtherItems = 100;  // Of a user and a moment, on average.

struct NextPurchaseSettings {
  bool new_items_only = true;  // What the user bought before is neither learned from nor ranked.
  uint32_t num_factors = 8;
  uint64_t epochs = 15;
  unsigned threads = 1;
  uint64_t seed = 1;
};

// A moment of the past: what was known, and what was bought then. Both outlive the learning.
struct PastMoment {
  const PurchaseFeatures& features;
  const InteractionMatrix& before;
  const InteractionMatrix& after;  // Of the same users and items.
};

// `now` outlives what is returned. All features are made with as many rankers, of the same kinds.
Result<std::unique_ptr<Recommender>> learn_next_purchases(std::span<const PastMoment> past,
                                                          const PurchaseFeatures& now,
                                                          const NextPurchaseSettings& settings);

}  // namespace millrace::ml::evaluation
