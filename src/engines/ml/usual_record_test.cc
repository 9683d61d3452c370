#include "engines/ml/usual_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "engines/ml/protobuf_wire.h"
#include "engines/ml/record.h"

namespace millrace::ml {
namespace {

constexpr RowRules kRules{.feature_dim = 1u << 20, .label = LabelRule::number};

Bytes floats(const std::vector<float>& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

// An entry of the map `map`; without keys it is dense.
Bytes entry(uint32_t map, BytesView name, const std::vector<float>& values,
            const std::vector<uint64_t>& keys = {}) {
  Bytes tensor, packed, value, pair, out;
  append_bytes_field(tensor, 1, floats(values));
  for (const uint64_t key : keys) append_varint(packed, key);
  if (!keys.empty()) append_bytes_field(tensor, 2, packed);
  append_bytes_field(value, 2, tensor);
  append_bytes_field(pair, 1, name);
  append_bytes_field(pair, 2, value);
  append_bytes_field(out, map, pair);
  return out;
}

Bytes label(float value) { return entry(2, "values", {value}); }

// Whether the one pass reads it; where it does, the general parser has to agree, which is asked by
// a field of another number in front, at which the one pass gives up.
bool is_usual(BytesView record, const RowRules& rules = kRules) {
  RowBatch rows;
  rows.indices = {7};
  rows.values = {0.5f};
  rows.end_row(3);
  const bool usual = append_usual_record(record, rules, rows);
  EXPECT_EQ(rows.size(), usual ? 2u : 1u);
  EXPECT_EQ(rows.indices.size(), rows.values.size());
  if (!usual) {
    EXPECT_EQ(rows.indices.size(), 1u);
    return false;
  }
  Bytes general;
  append_bytes_field(general, 3, "uid");
  general += record;
  RowBatch expected;
  const Result<void> read = append_record(general, rules, expected);
  EXPECT_TRUE(read) << read.error().message;
  const RowView row = rows.row(1);
  EXPECT_EQ(std::vector(row.indices.begin(), row.indices.end()), expected.indices);
  EXPECT_EQ(std::vector(row.values.begin(), row.values.end()), expected.values);
  EXPECT_EQ(rows.label(1), expected.label(0));
  EXPECT_EQ(rows.importance(1), expected.importance(0));
  return true;
}

TEST(UsualRecord, ReadsWhatEncodersWrite) {
  EXPECT_TRUE(is_usual(entry(1, "values", {1, -2.5f}, {0, 70'000}) + label(4)));
  EXPECT_TRUE(is_usual(entry(1, "values", {1}, {1}) + label(4)));
  const std::vector<uint32_t> indices = {3, 500, 100'000};
  const std::vector<float> values = {1, 0, -3};
  EXPECT_TRUE(is_usual(encode_record({indices, values}, 1u << 20, 2.5f)));
  const RowRules dense{.feature_dim = 4, .label = LabelRule::number};
  EXPECT_TRUE(is_usual(entry(1, "values", {1, 2, 3, 4}) + label(4), dense));
  EXPECT_TRUE(is_usual(entry(1, "values", {0, 2, -0.0f, 4}) + label(4), dense));
  EXPECT_TRUE(is_usual(entry(1, "values", {0, 0, 0, 0}) + label(4), dense));
}

TEST(UsualRecord, AgreesOnRandomRecords) {
  std::mt19937 generator(7);
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint64_t> keys;
    std::vector<float> values;
    // Keys of one to three bytes, of records short and long.
    uint64_t key = generator() % 4;
    const size_t count = 1 + generator() % 200;
    while (keys.size() < count && key < kRules.feature_dim) {
      keys.push_back(key);
      values.push_back(static_cast<float>(generator() % 1000) / 8);
      key += 1 + generator() % (1u << (1 + generator() % 14));
    }
    ASSERT_TRUE(is_usual(entry(1, "values", values, keys) + label(1))) << round;
  }
}

TEST(UsualRecord, LeavesTheUnusualToTheGeneralParser) {
  const Bytes features = entry(1, "values", {1, 2}, {3, 4});
  EXPECT_TRUE(is_usual(features + label(1)));
  EXPECT_FALSE(is_usual(label(1) + features));
  EXPECT_FALSE(is_usual(features));
  EXPECT_FALSE(is_usual(features + label(1) + label(1)));
  EXPECT_FALSE(is_usual(features + features + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "other", {1, 2}, {3, 4}) + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "values", {1, 2}, {4, 3}) + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "values", {1, 2}, {4, 4}) + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "values", {1, 2}, {4}) + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "values", {1}, {4, 5}) + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "values", {1}, {1u << 20}) + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "values", {1}, {~0ull}) + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "values", {std::nanf("")}, {1}) + label(1)));
  EXPECT_FALSE(
      is_usual(entry(1, "values", {-std::numeric_limits<float>::infinity()}, {1}) + label(1)));
  EXPECT_FALSE(is_usual(entry(1, "values", {1}, {1}) + label(std::nanf(""))));
  EXPECT_FALSE(is_usual(entry(1, "values", {1, 2, 3}) + label(1)));  // Dense, but not so wide.
  EXPECT_FALSE(is_usual(""));
}

TEST(UsualRecord, ReadsNoCutOffRecord) {
  const Bytes record = entry(1, "values", {1, 2, 3}, {1, 2, 300}) + label(1);
  for (size_t size = 0; size < record.size(); ++size) {
    // In memory of its own, so that the sanitizer sees a read beyond it.
    const std::vector<char> cut(record.begin(), record.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(is_usual(BytesView(cut.data(), cut.size()))) << size;
  }
}

TEST(UsualRecord, ReadsLabelsByTheirRule) {
  const Bytes features = entry(1, "values", {1}, {3});
  const RowRules classes{.feature_dim = 10, .label = LabelRule::zero_one};
  EXPECT_TRUE(is_usual(features + label(1), classes));
  EXPECT_FALSE(is_usual(features + label(0.5f), classes));
  const RowRules ignored{.feature_dim = 10, .label = LabelRule::ignored};
  EXPECT_TRUE(is_usual(features, ignored));
  EXPECT_TRUE(is_usual(features + label(0.5f), ignored));
}

TEST(UsualRecord, ReadsTheImportance) {
  const Bytes features = entry(1, "values", {1}, {3});
  const Bytes half = entry(2, "importance", {0.5f});
  RowBatch rows;
  ASSERT_TRUE(append_usual_record(features + label(1), kRules, rows));
  EXPECT_FALSE(rows.weighted());
  ASSERT_TRUE(append_usual_record(features + label(1) + half, kRules, rows));
  ASSERT_TRUE(append_usual_record(features + half + label(1), kRules, rows));
  ASSERT_TRUE(append_usual_record(features + label(1), kRules, rows));
  EXPECT_TRUE(rows.weighted());
  EXPECT_EQ(rows.importance(0), 1);
  EXPECT_EQ(rows.importance(1), 0.5f);
  EXPECT_EQ(rows.importance(2), 0.5f);
  EXPECT_EQ(rows.importance(3), 1);
  EXPECT_TRUE(is_usual(features + half + label(1)));
  for (const float wrong : {0.0f, -1.0f, std::nanf("")}) {
    EXPECT_FALSE(is_usual(features + label(1) + entry(2, "importance", {wrong})));
  }
  rows.clear();
  EXPECT_FALSE(rows.weighted());
}

}  // namespace
}  // namespace millrace::ml
