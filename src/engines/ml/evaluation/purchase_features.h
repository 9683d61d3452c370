// What is known, at a moment, of a user and an item, as features of a factorization machine that
// ranks what the user buys next: the second stage of a recommender, whose first are rankers of
// users and items alone. Each field below has one feature of value 1, a bucket of what it measures,
// so that the machine's pairs can tell, say, that a high rank counts more for a user who buys much:
//   users of the item; purchases of it within the last `window`; times that the user bought it, the
//   share of the user's baskets with it, how long ago the last one was, and that time over the mean
//   time between two; the user's baskets; the item's rank by each of `rankers`
//
// Immutable once made, thread-safe; what it is made from outlives it. Nothing of `now` or later may
// be in `history`.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engines/ml/evaluation/interactions.h"
#include "engines/ml/evaluation/recommenders.h"

namespace millrace::ml::evaluation {

class PurchaseFeatures {
 public:
  struct Known {
    std::span<const Interaction> history;
    size_t users = 0;
    size_t items = 0;
    int64_t now = 0;     // In seconds.
    int64_t window = 0;  // Of recent popularity, in seconds.
    std::vector<const Recommender*> rankers;
  };
  explicit PurchaseFeatures(const Known& known);

  static constexpr size_t kBuckets = 24;  // Of a field.
  size_t fields() const;
  uint64_t feature_dim() const { return fields() * kBuckets; }

  // Replaces `features` by those of every item for the user, fields() an item, ascending.
  void of_user(uint32_t user, std::vector<uint32_t>& features) const;
  // Whether a ranker has the item of these features among its first `places`, or about so.
  bool is_candidate(std::span<const uint32_t> features, size_t places) const;

 private:
  struct Own {  // Of a user and an item that the user bought.
    uint32_t item = 0;
    uint32_t times = 0;
    int64_t first = 0;
    int64_t last = 0;
  };

  void rank(uint32_t user, size_t ranker, std::vector<uint32_t>& features) const;

  Known known_;
  std::vector<uint32_t> popularity_;  // Buckets, by item.
  std::vector<uint32_t> recent_;
  std::vector<std::vector<Own>> own_;  // By user.
  std::vector<uint32_t> baskets_;      // By user.
};

}  // namespace millrace::ml::evaluation
