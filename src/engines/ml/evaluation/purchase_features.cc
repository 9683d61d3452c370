#include "engines/ml/evaluation/purchase_features.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "base/result.h"

namespace millrace::ml::evaluation {
namespace {

enum Field : size_t { kPopular, kRecent, kTimes, kShare, kSince, kDue, kBaskets, kFirstRank };

constexpr size_t kRanks = 2048;  // From which on the bucket is the last one.
constexpr double kDay = 86'400;

uint32_t bounded(double bucket) {
  return static_cast<uint32_t>(std::clamp(bucket, 0.0, PurchaseFeatures::kBuckets - 1.0));
}

// 0 of nothing, then two buckets for every doubling.
uint32_t bucket_of(double amount) {
  return amount > 0 ? bounded(1 + 2 * std::log2(std::max(amount, 1.0))) : 0;
}

// Around 1, from its eighth to its thousandfold.
uint32_t bucket_of_ratio(double ratio) {
  return bounded(7 + 2 * std::log2(std::max(ratio, 0.125)));
}

std::vector<uint32_t> buckets_of(const std::vector<uint32_t>& amounts) {
  std::vector<uint32_t> buckets;
  for (const uint32_t amount : amounts) buckets.push_back(bucket_of(amount));
  return buckets;
}

}  // namespace

PurchaseFeatures::PurchaseFeatures(const Known& known) : known_(known), own_(known.users) {
  std::vector<Interaction> sorted(known.history.begin(), known.history.end());
  std::sort(sorted.begin(), sorted.end(), [](const Interaction& a, const Interaction& b) {
    return std::tie(a.user, a.item, a.time) < std::tie(b.user, b.item, b.time);
  });
  std::vector<uint32_t> users_of(known.items), recent(known.items);
  std::vector<std::set<int64_t>> baskets(known.users);
  for (const Interaction& one : sorted) {
    ASSERT(one.time < known.now);
    std::vector<Own>& own = own_[one.user];
    if (own.empty() || own.back().item != one.item) {
      own.push_back({one.item, 0, one.time, one.time});
      ++users_of[one.item];
    }
    if (own.back().times == 0 || own.back().last != one.time) ++own.back().times;
    own.back().last = one.time;
    recent[one.item] += one.time >= known.now - known.window;
    baskets[one.user].insert(one.time);
  }
  popularity_ = buckets_of(users_of);
  recent_ = buckets_of(recent);
  for (const auto& times : baskets) baskets_.push_back(static_cast<uint32_t>(times.size()));
}

size_t PurchaseFeatures::fields() const { return kFirstRank + known_.rankers.size(); }

void PurchaseFeatures::of_user(uint32_t user, std::vector<uint32_t>& features) const {
  const size_t width = fields();
  features.assign(known_.items * width, 0);
  const double baskets = baskets_[user];
  for (size_t item = 0; item < known_.items; ++item) {
    uint32_t* const to = features.data() + item * width;
    to[kPopular] = popularity_[item];
    to[kRecent] = recent_[item];
    to[kBaskets] = bucket_of(baskets);
  }
  for (const Own& own : own_[user]) {
    uint32_t* const to = features.data() + own.item * width;
    const double since = static_cast<double>(known_.now - own.last) / kDay;
    to[kTimes] = bucket_of(own.times);
    to[kShare] = bounded(1 + 16 * own.times / baskets);
    to[kSince] = bucket_of(1 + since);
    if (own.times < 2) continue;
    const double gap = static_cast<double>(own.last - own.first) / kDay / (own.times - 1);
    to[kDue] = 1 + std::min<uint32_t>(bucket_of_ratio(since / gap), kBuckets - 2);
  }
  for (size_t ranker = 0; ranker < known_.rankers.size(); ++ranker) rank(user, ranker, features);
  for (size_t at = 0; at < features.size(); ++at) {
    features[at] += static_cast<uint32_t>(at % width * kBuckets);
  }
}

bool PurchaseFeatures::is_candidate(std::span<const uint32_t> features, size_t places) const {
  const uint32_t last = bucket_of(static_cast<double>(places));
  for (size_t field = kFirstRank; field < fields(); ++field) {
    const uint32_t bucket = features[field] - static_cast<uint32_t>(field * kBuckets);
    if (bucket > 0 && bucket <= last) return true;
  }
  return false;
}

// What a ranker says nothing of (a score of 0) has the bucket 0.
void PurchaseFeatures::rank(uint32_t user, size_t ranker, std::vector<uint32_t>& features) const {
  std::vector<float> scores(known_.items);
  known_.rankers[ranker]->score(user, scores);
  std::vector<uint32_t> order(known_.items);
  std::iota(order.begin(), order.end(), 0u);
  const auto better = [&](uint32_t a, uint32_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  };
  // Beyond, all places are in one bucket.
  const auto last = order.begin() + static_cast<ptrdiff_t>(std::min(kRanks, order.size()));
  std::nth_element(order.begin(), last, order.end(), better);
  std::sort(order.begin(), last, better);
  for (size_t place = 0; place < order.size(); ++place) {
    if (scores[order[place]] == 0) continue;
    features[order[place] * fields() + kFirstRank + ranker] =
        bucket_of(static_cast<double>(place + 1));
  }
}

}  // namespace millrace::ml::evaluation
