// How well a model that learns from implicit feedback ranks what was held out: for each user of the
// validation rows, all items of the training data but those that the user has there already (and
// not in the validation rows again) are ranked, and NDCG@10 and recall@10 taken
// (engines/ml/evaluation/ranking.h). Of many users the first kRankedUsersMax, by feature.
//
// Immutable once made; thread-safe. Errors: ImplicitData's, of the validation rows too.
#pragma once

#include <cstdint>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/implicit.h"
#include "engines/ml/algorithms/factorization_machines/measures.h"

namespace millrace::ml::factorization_machines {

inline constexpr size_t kRankedUsersMax = 5000;
inline constexpr size_t kRankedItems = 10;

class RankingValidation final {
 public:
  static Result<RankingValidation> make(const RowBatch& train, const RowBatch& validation,
                                        const Settings& settings);

  // `ndcg@10` and `recall@10`, both better when higher.
  Measures measure(const Model& model) const;
  // Of ranking the items by how many users have them in the training data, for everybody alike.
  Measures measure_popularity() const;

 private:
  struct User {
    uint32_t context = 0;            // Of contexts_.
    std::vector<uint32_t> relevant;  // Items, ascending.
    std::vector<uint32_t> excluded;  // Items, ascending.
  };

  // Takes the best of `scores`, which `score_items` fills for a user.
  template <class ScoreItems>
  Measures measure_by(const ScoreItems& score_items) const;

  RowBatch contexts_;
  RowBatch item_rows_;
  std::vector<User> users_;
  std::vector<float> buyers_;  // By item: users who have it in the training data.
};

}  // namespace millrace::ml::factorization_machines
