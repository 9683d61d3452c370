#include "engines/ml/evaluation/interactions.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/result.h"

namespace millrace::ml::evaluation {
namespace {

// Leaves out of the test what nobody could have learned.
void leave_out_unknown(TimeSplit& split) {
  uint32_t users = 0;
  uint32_t items = 0;
  for (const Interaction& seen : split.train) {
    users = std::max(users, seen.user + 1);
    items = std::max(items, seen.item + 1);
  }
  std::vector<bool> known_users(users), known_items(items);
  for (const Interaction& seen : split.train) {
    known_users[seen.user] = true;
    known_items[seen.item] = true;
  }
  const auto unknown = [&](const Interaction& one) {
    return one.user >= users || !known_users[one.user] || one.item >= items ||
           !known_items[one.item];
  };
  split.unknown = std::erase_if(split.test, unknown);
}

}  // namespace

InteractionMatrix::InteractionMatrix(std::span<const Interaction> interactions, size_t users,
                                     size_t items)
    : items_(items) {
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  pairs.reserve(interactions.size());
  for (const Interaction& one : interactions) {
    ASSERT(one.user < users);
    ASSERT(one.item < items);
    pairs.emplace_back(one.user, one.item);
  }
  std::sort(pairs.begin(), pairs.end());
  ends_.assign(users, 0);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (i > 0 && pairs[i] == pairs[i - 1]) {
      ++counts_.back();
      continue;
    }
    columns_.push_back(pairs[i].second);
    counts_.push_back(1);
    ++ends_[pairs[i].first];
  }
  for (size_t user = 1; user < users; ++user) ends_[user] += ends_[user - 1];
}

InteractionMatrix InteractionMatrix::turned() const {
  InteractionMatrix out;
  out.items_ = users();
  out.ends_.assign(items_, 0);
  for (const uint32_t item : columns_) ++out.ends_[item];
  for (size_t item = 1; item < items_; ++item) out.ends_[item] += out.ends_[item - 1];
  out.columns_.resize(columns_.size());
  out.counts_.resize(columns_.size());
  std::vector<size_t> next(items_, 0);
  for (size_t item = 1; item < items_; ++item) next[item] = out.ends_[item - 1];
  for (uint32_t user = 0; user < users(); ++user) {
    const std::span<const uint32_t> seen = row(user);
    const std::span<const uint32_t> times = counts(user);
    for (size_t i = 0; i < seen.size(); ++i) {
      const size_t at = next[seen[i]]++;
      out.columns_[at] = user;
      out.counts_[at] = times[i];
    }
  }
  return out;
}

std::vector<uint32_t> InteractionMatrix::users_of_items() const {
  std::vector<uint32_t> out(items_);
  for (const uint32_t item : columns_) ++out[item];
  return out;
}

TimeSplit split_at(std::span<const Interaction> interactions, int64_t cut) {
  TimeSplit split;
  for (const Interaction& one : interactions) {
    (one.time < cut ? split.train : split.test).push_back(one);
  }
  leave_out_unknown(split);
  return split;
}

TimeSplit leave_last_out(std::span<const Interaction> interactions, size_t baskets) {
  std::vector<Interaction> sorted(interactions.begin(), interactions.end());
  std::sort(sorted.begin(), sorted.end(), [](const Interaction& a, const Interaction& b) {
    return std::tie(a.user, a.time, a.item) < std::tie(b.user, b.time, b.item);
  });
  TimeSplit split;
  for (size_t begin = 0; begin < sorted.size();) {
    std::vector<size_t> times;  // Where each basket of the user begins.
    size_t end = begin;
    for (; end < sorted.size() && sorted[end].user == sorted[begin].user; ++end) {
      if (end == begin || sorted[end].time != sorted[end - 1].time) times.push_back(end);
    }
    const size_t cut = times.size() > baskets ? times[times.size() - baskets] : end;
    const auto at = [&](size_t i) { return sorted.begin() + static_cast<ptrdiff_t>(i); };
    split.train.insert(split.train.end(), at(begin), at(cut));
    split.test.insert(split.test.end(), at(cut), at(end));
    begin = end;
  }
  leave_out_unknown(split);
  return split;
}

}  // namespace millrace::ml::evaluation
