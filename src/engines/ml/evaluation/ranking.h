// How good ranked lists of items are, each measured by what its user turned to afterwards. Lists
// come from all items: ranking the relevant ones among a sample of others gives other numbers, and
// may turn the order of two models round (Krichene and Rendle, 2020, "On sampled metrics for item
// recommendation").
//
// With r_1..r_k the list, R the relevant items and hits those among the list:
//   recall@k            |hits| / |R|
//   capped_recall@k     |hits| / min(k, |R|), "Recall@k" of Liang et al. (2018), "Variational
//                       autoencoders for collaborative filtering", and of Rendle et al. (2022)
//   precision@k         |hits| / k
//   ndcg@k              sum over hits of 1 / log2(1 + rank), over the best that |R| items allow
//                       (Jarvelin and Kekalainen, 2002)
//   average precision@k sum over hits of precision@rank, over min(k, |R|); its mean is MAP@k
//   reciprocal rank@k   1 / rank of the first hit, 0 where there is none; its mean is MRR@k
//   hit@k               1 where there is a hit; its mean is HitRate@k
//
// Not thread-safe, but pure functions are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace millrace::ml::evaluation {

enum class RankingMeasure : uint8_t {
  ndcg,
  recall,
  capped_recall,
  precision,
  average_precision,
  reciprocal_rank,
  hit,
};
inline constexpr size_t kRankingMeasures = 7;
// Of their means: `NDCG`, `Recall`, `Recall (capped)`, `Precision`, `MAP`, `MRR`, `HitRate`.
std::string_view name_of(RankingMeasure measure);

using RankingValues = std::array<double, kRankingMeasures>;  // By RankingMeasure.

// The k items of the highest scores, best first, among all but `excluded` (increasing): of equal
// scores the item of the smaller number comes first. Fewer where there are fewer. Scores are not
// NaN; an item of minus infinity is left out.
void best_items(std::span<const float> scores, std::span<const uint32_t> excluded, size_t k,
                std::vector<uint32_t>& out);

// `ranked` is a list of different items, best first, of which the first k count; `relevant` is
// increasing and not empty.
RankingValues measure_ranking(std::span<const uint32_t> ranked, std::span<const uint32_t> relevant,
                              size_t k);

// The lists of many users. Keeps the values of each, for intervals and comparisons (bootstrap.h).
class RankingReport {
 public:
  // `buyers` is, item by item, how many of the `users` turned to it before; novelty is by it.
  RankingReport(size_t k, std::span<const uint32_t> buyers, size_t users);

  void add(std::span<const uint32_t> ranked, std::span<const uint32_t> relevant);

  size_t k() const { return k_; }
  size_t users() const { return values_[0].size(); }
  // User by user, in the order of add().
  const std::vector<double>& values(RankingMeasure measure) const {
    return values_[static_cast<size_t>(measure)];
  }
  double mean(RankingMeasure measure) const;
  // The share of all items that are in somebody's list.
  double coverage() const;
  // Mean of log2(users / buyers) over all places of all lists, in bits; an item that nobody had
  // counts as if one had (Zhou et al., 2010, "Solving the apparent diversity-accuracy dilemma of
  // recommender systems").
  double novelty() const;

 private:
  size_t k_;
  std::vector<double> surprise_;  // By item, in bits.
  std::vector<uint8_t> shown_;    // By item.
  std::array<std::vector<double>, kRankingMeasures> values_;
  double surprises_ = 0;
  size_t places_ = 0;
};

}  // namespace millrace::ml::evaluation
