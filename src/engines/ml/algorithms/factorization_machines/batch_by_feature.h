// A batch of examples by feature: which rows each feature occurs in, in an order that depends on
// nothing but the batch. Threads that go through one batch take a range of the features each.
//
// Takes time in proportion to the entries of the batch (and of the range, where that is hardly
// longer). Not thread-safe by itself; several may share the marks as long as their ranges are
// disjoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/adam_kernels.h"
#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

// Features from `begin` to before `end`.
struct FeatureRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Sets ranges of all features so that the first one has about the share `first` of the batch's
// entries, and the others share the rest alike; by the look of some entries.
void share_features(const RowBatch& batch, uint64_t feature_dim, double first,
                    std::vector<FeatureRange>& ranges);

class BatchByFeature {
 public:
  // `marks` by feature, all 0; only those of the range are touched, and left so by release().
  explicit BatchByFeature(std::vector<uint32_t>& marks) : marks_(marks) {}

  void assign(const RowBatch& batch, FeatureRange range);

  // Leaves the marks to whoever has the features of the range next.
  void release();

  // Valid until the next assign().
  FeatureRows view() const;
  std::span<const uint32_t> features() const { return std::span(features_).first(count_); }
  float* gradients() { return gradients_.data(); }  // Room for one of each feature.

 private:
  void make_room(size_t entries, bool whole);
  void count_all(const Entries& entries, FeatureRange range);
  void count_few(const Entries& entries);

  // By feature: while they are counted how often each occurs, or its place; while their rows are
  // put in order where the next one goes.
  std::vector<uint32_t>& marks_;
  std::vector<uint32_t> row_of_;        // By entry of the batch.
  std::vector<uint32_t> own_features_;  // By entry of the range.
  std::vector<uint32_t> own_rows_;      // Likewise.
  std::vector<float> own_values_;       // Likewise.
  size_t count_ = 0;                    // Of features.
  bool ones_ = true;                    // Every value is 1.
  std::vector<uint32_t> features_;
  std::vector<uint32_t> ends_;      // By place in features_: of its rows.
  std::vector<uint32_t> place_of_;  // By entry of the range.
  std::vector<uint32_t> rows_;
  std::vector<float> values_;
  std::vector<float> gradients_;
};

}  // namespace millrace::ml::factorization_machines
