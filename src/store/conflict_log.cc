#include "store/conflict_log.h"

#include <algorithm>

namespace millrace::store {

bool ConflictLog::admits(uint64_t since, const ReadSet& reads) const {
  if (reads.empty()) return true;
  if (since < forgotten_) return false;
  if (commits_.empty() || commits_.back().number <= since) return true;
  const auto unchanged = [&](const Bytes& key) {
    const auto it = latest_.find(key);
    return it == latest_.end() || it->second <= since;
  };
  if (!std::all_of(reads.keys.begin(), reads.keys.end(), unchanged)) return false;
  return std::all_of(reads.ranges.begin(), reads.ranges.end(), [&](const KeyRange& range) {
    for (auto it = latest_.lower_bound(range.low); it != latest_.end() && it->first < range.high;
         ++it) {
      if (it->second > since) return false;
    }
    return true;
  });
}

void ConflictLog::add(uint64_t number, const std::vector<BytesView>& keys) {
  if (keys.empty()) return;
  Commit commit{number, {}, 0};
  commit.keys.reserve(keys.size());
  for (const BytesView key : keys) {
    auto it = latest_.lower_bound(key);
    if (it == latest_.end() || it->first != key) it = latest_.emplace_hint(it, key, number);
    it->second = number;
    commit.keys.push_back(&it->first);
    commit.key_bytes += key.size();
  }
  keys_ += commit.keys.size();
  bytes_ += commit.key_bytes;
  commits_.push_back(std::move(commit));
  while (keys_ > keys_max_ || bytes_ > bytes_max_) forget_oldest();
}

void ConflictLog::forget_oldest() {
  Commit& oldest = commits_.front();
  for (const Bytes* key : oldest.keys) {
    const auto it = latest_.find(*key);
    // A key that a later commit wrote again is that commit's now.
    if (it != latest_.end() && it->second == oldest.number) latest_.erase(it);
  }
  keys_ -= oldest.keys.size();
  bytes_ -= oldest.key_bytes;
  forgotten_ = oldest.number;
  commits_.pop_front();
}

}  // namespace millrace::store
