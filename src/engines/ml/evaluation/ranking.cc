#include "engines/ml/evaluation/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/result.h"

namespace millrace::ml::evaluation {

std::string_view name_of(RankingMeasure measure) {
  constexpr std::array<std::string_view, kRankingMeasures> kNames = {
      "NDCG", "Recall", "Recall (capped)", "Precision", "MAP", "MRR", "HitRate"};
  return kNames[static_cast<size_t>(measure)];
}

void best_items(std::span<const float> scores, std::span<const uint32_t> excluded, size_t k,
                std::vector<uint32_t>& out) {
  out.clear();
  if (k == 0) return;
  const auto better = [scores](uint32_t a, uint32_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  };
  // A heap of the best so far whose front is the worst of them. An item of an equal score has a
  // larger number than all before it, so only a higher score gets in.
  float bar = -std::numeric_limits<float>::infinity();
  auto next_excluded = excluded.begin();
  for (uint32_t item = 0; item < scores.size(); ++item) {
    while (next_excluded != excluded.end() && *next_excluded < item) ++next_excluded;
    if (!(scores[item] > bar)) continue;
    if (next_excluded != excluded.end() && *next_excluded == item) continue;
    if (out.size() == k) {
      std::pop_heap(out.begin(), out.end(), better);
      out.back() = item;
    } else {
      out.push_back(item);
    }
    std::push_heap(out.begin(), out.end(), better);
    if (out.size() == k) bar = scores[out.front()];
  }
  std::sort_heap(out.begin(), out.end(), better);
}

RankingValues measure_ranking(std::span<const uint32_t> ranked, std::span<const uint32_t> relevant,
                              size_t k) {
  ASSERT(k > 0);
  ASSERT(!relevant.empty());
  const size_t reachable = std::min(k, relevant.size());
  double gain = 0;
  double best_gain = 0;
  double precisions = 0;
  double hits = 0;
  double first = 0;
  for (size_t i = 0; i < k; ++i) {
    const double worth = 1 / std::log2(static_cast<double>(i) + 2);
    if (i < reachable) best_gain += worth;
    if (i >= ranked.size() || !std::ranges::binary_search(relevant, ranked[i])) continue;
    const double rank = static_cast<double>(i + 1);
    hits += 1;
    gain += worth;
    precisions += hits / rank;
    if (first == 0) first = 1 / rank;
  }
  RankingValues values{};
  const auto set = [&values](RankingMeasure measure, double value) {
    values[static_cast<size_t>(measure)] = value;
  };
  set(RankingMeasure::ndcg, gain / best_gain);
  set(RankingMeasure::recall, hits / static_cast<double>(relevant.size()));
  set(RankingMeasure::capped_recall, hits / static_cast<double>(reachable));
  set(RankingMeasure::precision, hits / static_cast<double>(k));
  set(RankingMeasure::average_precision, precisions / static_cast<double>(reachable));
  set(RankingMeasure::reciprocal_rank, first);
  set(RankingMeasure::hit, hits > 0 ? 1 : 0);
  return values;
}

RankingReport::RankingReport(size_t k, std::span<const uint32_t> buyers, size_t users)
    : k_(k), shown_(buyers.size()) {
  surprise_.reserve(buyers.size());
  for (const uint32_t count : buyers) {
    const double known = std::max<uint32_t>(count, 1);
    surprise_.push_back(std::log2(static_cast<double>(std::max<size_t>(users, 1)) / known));
  }
}

void RankingReport::add(std::span<const uint32_t> ranked, std::span<const uint32_t> relevant) {
  const RankingValues values = measure_ranking(ranked, relevant, k_);
  for (size_t i = 0; i < kRankingMeasures; ++i) values_[i].push_back(values[i]);
  for (const uint32_t item : ranked.first(std::min(k_, ranked.size()))) {
    shown_[item] = 1;
    surprises_ += surprise_[item];
    ++places_;
  }
}

double RankingReport::mean(RankingMeasure measure) const {
  const std::vector<double>& of = values(measure);
  if (of.empty()) return 0;
  return std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size());
}

double RankingReport::coverage() const {
  if (shown_.empty()) return 0;
  const auto shown = std::count(shown_.begin(), shown_.end(), uint8_t{1});
  return static_cast<double>(shown) / static_cast<double>(shown_.size());
}

double RankingReport::novelty() const {
  return places_ == 0 ? 0 : surprises_ / static_cast<double>(places_);
}

}  // namespace millrace::ml::evaluation
