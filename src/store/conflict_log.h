// ConflictLog: which keys the latest commits wrote, to tell whether what a transaction read still
// holds. Bounded: a transaction that began before everything it remembers is in conflict.
// Not thread-safe; the writer's. No errors.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "base/bytes.h"
#include "store/limits.h"

namespace millrace::store {

// The keys from `low` up to, but not including, `high`.
struct KeyRange {
  Bytes low;
  Bytes high;
};

struct ReadSet {
  std::vector<Bytes> keys;
  std::vector<KeyRange> ranges;
  bool empty() const { return keys.empty() && ranges.empty(); }
};

class ConflictLog final {
 public:
  explicit ConflictLog(size_t keys_max = kConflictLogKeysMax,
                       size_t bytes_max = kConflictLogBytesMax)
      : keys_max_(keys_max), bytes_max_(bytes_max) {}

  // Whether no commit after number `since` wrote to what `reads` names.
  bool admits(uint64_t since, const ReadSet& reads) const;

  // Remembers that commit `number`, greater than every earlier one, wrote `keys`.
  void add(uint64_t number, const std::vector<BytesView>& keys);

 private:
  void forget_oldest();

  struct Commit {
    uint64_t number = 0;
    std::vector<const Bytes*> keys;  // Of `latest_`.
    size_t key_bytes = 0;
  };
  size_t keys_max_;
  size_t bytes_max_;
  std::map<Bytes, uint64_t, std::less<>> latest_;  // The last commit that wrote the key.
  std::deque<Commit> commits_;
  size_t keys_ = 0;
  size_t bytes_ = 0;
  uint64_t forgotten_ = 0;  // The newest commit that is no longer remembered.
};

}  // namespace millrace::store
