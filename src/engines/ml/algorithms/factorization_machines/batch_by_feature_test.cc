#include "engines/ml/algorithms/factorization_machines/batch_by_feature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

namespace millrace::ml::factorization_machines {
namespace {

RowBatch random_batch(size_t rows, uint32_t features, bool ones, unsigned seed) {
  std::mt19937 generator(seed);
  RowBatch batch;
  for (size_t at = 0; at < rows; ++at) {
    for (size_t i = generator() % 5; i > 0; --i) {
      batch.indices.push_back(generator() % features);
      batch.values.push_back(ones ? 1 : static_cast<float>(generator() % 9) / 8);
    }
    batch.order_open_row();
    if (ones) std::fill(batch.values.begin(), batch.values.end(), 1.0f);
    batch.end_row(0);
  }
  return batch;
}

using Rows = std::vector<std::pair<uint32_t, float>>;  // And the value in each.

// Of the features of a range, the plain way.
std::map<uint32_t, Rows> expected(const RowBatch& batch, FeatureRange range) {
  std::map<uint32_t, Rows> all;
  for (size_t at = 0; at < batch.size(); ++at) {
    const RowView row = batch.row(at);
    for (size_t i = 0; i < row.indices.size(); ++i) {
      if (row.indices[i] < range.begin || row.indices[i] >= range.end) continue;
      all[row.indices[i]].emplace_back(at, row.values[i]);
    }
  }
  return all;
}

std::map<uint32_t, Rows> found(const FeatureRows& view) {
  std::map<uint32_t, Rows> all;
  uint32_t i = 0;
  for (size_t at = 0; at < view.count; ++at) {
    EXPECT_FALSE(all.contains(view.features[at]));
    for (; i < view.ends[at]; ++i) {
      all[view.features[at]].emplace_back(view.rows[i], view.values ? view.values[i] : 1.0f);
    }
  }
  return all;
}

// The features are few for the entries, or many; batches are larger than the one before by little.
TEST(BatchByFeature, HasTheRowsOfEachFeatureInTheirOrder) {
  for (const uint32_t features : {3u, 100u, 5000u}) {
    for (const bool ones : {true, false}) {
      std::vector<uint32_t> marks(features);
      BatchByFeature by_feature(marks);
      for (const size_t rows : {0, 1, 60, 61, 62, 70, 40, 900}) {
        const RowBatch batch = random_batch(rows, features, ones, static_cast<unsigned>(rows));
        const uint64_t middle = features / 3;
        for (const FeatureRange range : {FeatureRange{0, features}, FeatureRange{0, middle},
                                         FeatureRange{middle, features}, FeatureRange{2, 2}}) {
          by_feature.assign(batch, range);
          if (by_feature.view().count > 0) {
            EXPECT_EQ(by_feature.view().values == nullptr, ones);
          }
          EXPECT_EQ(found(by_feature.view()), expected(batch, range));
          by_feature.release();
          EXPECT_EQ(marks, std::vector<uint32_t>(features));
        }
      }
    }
  }
}

TEST(BatchByFeature, IsSharedAsAskedFor) {
  const RowBatch batch = random_batch(2000, 1000, true, 7);
  for (const double first : {0.0, 0.25, 0.5}) {
    std::vector<FeatureRange> ranges(3);
    share_features(batch, 1000, first, ranges);
    size_t entries = 0;
    for (const uint32_t feature : batch.indices) {
      entries += static_cast<size_t>(feature < ranges[0].end);
    }
    EXPECT_NEAR(static_cast<double>(entries), first * static_cast<double>(batch.indices.size()),
                0.06 * static_cast<double>(batch.indices.size()));
    EXPECT_EQ(ranges[0].begin, 0u);
    EXPECT_EQ(ranges[1].begin, ranges[0].end);
    EXPECT_EQ(ranges[2].begin, ranges[1].end);
    EXPECT_EQ(ranges[2].end, 1000u);
  }
}

TEST(BatchByFeature, IsSharedWhateverThereIs) {
  RowBatch empty;
  empty.end_row(1);
  RowBatch one;
  one.indices = {4};
  one.values = {1};
  one.end_row(1);
  for (const RowBatch& batch : {empty, one}) {
    std::vector<FeatureRange> ranges(4);
    share_features(batch, 9, 0.25, ranges);
    uint64_t begin = 0;
    for (const FeatureRange& range : ranges) {
      EXPECT_EQ(range.begin, begin);
      EXPECT_GE(range.end, begin);
      begin = range.end;
    }
    EXPECT_EQ(begin, 9u);
  }
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
