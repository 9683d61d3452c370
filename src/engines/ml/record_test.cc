#include "engines/ml/record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engines/ml/protobuf_wire.h"

namespace millrace::ml {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Bytes packed_floats(const std::vector<float>& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

Bytes packed_doubles(const std::vector<double>& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
}

Bytes packed_varints(const std::vector<uint64_t>& values) {
  Bytes out;
  for (const uint64_t value : values) append_varint(out, value);
  return out;
}

Bytes tensor(BytesView values, const std::vector<uint64_t>& keys) {
  Bytes out;
  append_bytes_field(out, 1, values);
  if (!keys.empty()) append_bytes_field(out, 2, packed_varints(keys));
  return out;
}

// An entry of the map `map`, of one value of the type that `field` numbers.
Bytes entry(uint32_t map, BytesView name, uint32_t field, BytesView tensor_bytes) {
  Bytes value;
  append_bytes_field(value, field, tensor_bytes);
  Bytes pair;
  append_bytes_field(pair, 1, name);
  append_bytes_field(pair, 2, value);
  Bytes out;
  append_bytes_field(out, map, pair);
  return out;
}

Bytes features(const std::vector<float>& values, const std::vector<uint64_t>& keys) {
  return entry(1, "values", 2, tensor(packed_floats(values), keys));
}

Bytes label(const std::vector<float>& values) {
  return entry(2, "values", 2, tensor(packed_floats(values), {}));
}

constexpr RowRules kNumber{.feature_dim = 10, .label = LabelRule::number};

std::string error_of(BytesView record, const RowRules& rules = kNumber) {
  RowBatch rows;
  rows.indices = {3};
  rows.values = {0.5f};
  rows.end_row(7);
  const Result<void> result = append_record(record, rules, rows);
  if (result) return "none";
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  // Nothing of a refused record stays.
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.indices.size(), 1u);
  EXPECT_EQ(rows.values.size(), 1u);
  return result.error().message;
}

void expect_row(BytesView record, const std::vector<uint32_t>& indices,
                const std::vector<float>& values, float expected_label) {
  RowBatch rows;
  const Result<void> result = append_record(record, kNumber, rows);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.indices, indices);
  EXPECT_EQ(rows.values, values);
  EXPECT_EQ(rows.label(0), expected_label);
}

TEST(Record, ReadsSparseAndDense) {
  expect_row(features({1.5f, -2}, {2, 9}) + label({4}), {2, 9}, {1.5f, -2}, 4);
  expect_row(features({0, 1, 0, 0, 0, 2, 0, 0, 0, 0}, {}) + label({-1}), {1, 5}, {1, 2}, -1);
}

TEST(Record, ReadsTheBytesOfAnEncoderThatIsNotOurs) {
  // What Google's encoder makes of features {"values": {float32: [1.0], keys: [3], shape: [10]}},
  // label {"values": {float32: [2.0]}}.
  Bytes bytes;
  ASSERT_TRUE(
      from_hex("0a180a0676616c756573120e120c0a040000803f120103"
               "1a010a"
               "12120a0676616c7565731208120"
               "60a0400000040",
               bytes));
  expect_row(bytes, {3}, {1}, 2);
}

TEST(Record, ReadsFloat64AndInt32) {
  const Bytes doubles = entry(1, "values", 3, tensor(packed_doubles({0.5, 3}), {1, 2}));
  expect_row(doubles + entry(2, "values", 3, tensor(packed_doubles({2.25}), {})), {1, 2}, {0.5f, 3},
             2.25f);
  const Bytes negative = packed_varints({static_cast<uint64_t>(-7), 5});
  expect_row(entry(1, "values", 7, tensor(negative, {0, 4})) + label({1}), {0, 4}, {-7, 5}, 1);
}

TEST(Record, ReadsUnpackedFields) {
  Bytes unpacked;
  append_tag(unpacked, 1, WireType::fixed32);
  append_u32(unpacked, 0x40000000);  // 2.0
  append_tag(unpacked, 2, WireType::varint);
  append_varint(unpacked, 8);
  expect_row(entry(1, "values", 2, unpacked) + label({1}), {8}, {2}, 1);
}

TEST(Record, IgnoresWhatItDoesNotKnow) {
  Bytes more = features({1}, {1}) + label({1});
  append_bytes_field(more, 3, "an id");
  append_bytes_field(more, 4, "metadata");
  append_tag(more, 99, WireType::fixed64);
  append_u64(more, 5);
  expect_row(more + entry(1, "other", 2, tensor(packed_floats({kNan}), {})), {1}, {1}, 1);
}

TEST(Record, SortsIndicesAndAddsUpEqualOnes) {
  expect_row(features({1, 2, 4, 8}, {7, 3, 7, 0}) + label({0}), {0, 3, 7}, {8, 2, 5}, 0);
}

TEST(Record, ReadsARowOfZeros) { expect_row(features({}, {}) + label({3}), {}, {}, 3); }

TEST(Record, RefusesNumbersThatAreNotFinite) {
  EXPECT_EQ(error_of(features({1, kNan}, {1, 4}) + label({1})), "the value of feature 4 is NaN");
  EXPECT_NE(error_of(features({std::numeric_limits<float>::infinity()}, {1}) + label({1}))
                .find("feature 1 is infinite"),
            std::string::npos);
  const Bytes large = entry(1, "values", 3, tensor(packed_doubles({1e300}), {2}));
  EXPECT_NE(error_of(large + label({1})).find("too large for float32"), std::string::npos);
  EXPECT_NE(error_of(features({3e38f, 3e38f}, {2, 2}) + label({1})), "none");
  EXPECT_EQ(error_of(features({1}, {1}) + label({kNan})), "the label is not a finite number");
}

TEST(Record, RefusesIndicesBeyondFeatureDim) {
  EXPECT_EQ(error_of(features({1}, {10}) + label({1})),
            "feature index 10 is not below feature_dim, which is 10");
  EXPECT_NE(error_of(features({1}, {~0ull}) + label({1})), "none");
  EXPECT_EQ(error_of(features({1, 2}, {}) + label({1})),
            "the record is dense with 2 values, but feature_dim is 10");
}

TEST(Record, RefusesKeysThatDoNotMatchValues) {
  EXPECT_EQ(error_of(features({1, 2}, {1}) + label({1})), "the record has 1 keys but 2 values");
  EXPECT_EQ(error_of(features({}, {1}) + label({1})), "the record has 1 keys but 0 values");
}

TEST(Record, RefusesMissingAndFurtherLabels) {
  EXPECT_EQ(error_of(features({1}, {1})), "the record has no label");
  EXPECT_EQ(error_of(features({1}, {1}) + label({})), "the record has no label");
  EXPECT_EQ(error_of(features({1}, {1}) + label({1, 2})), "the record has more than one label: 2");
  const Bytes other = entry(2, "second", 2, tensor(packed_floats({1}), {}));
  EXPECT_EQ(error_of(features({1}, {1}) + label({1}) + other),
            "the record has more than one label");
  EXPECT_EQ(error_of(features({1}, {1}) + other), "the record's label is not named 'values'");
}

TEST(Record, RefusesAnImportanceThatIsNone) {
  const auto importance = [](const std::vector<float>& values) {
    return entry(2, "importance", 2, tensor(packed_floats(values), {}));
  };
  const Bytes record = features({1}, {1}) + label({1});
  EXPECT_EQ(error_of(record + importance({2.5f})), "none");
  EXPECT_EQ(error_of(record + importance({0})),
            "the record's importance is 0, but it has to be positive and finite");
  EXPECT_EQ(error_of(record + importance({kNan})),
            "the record's importance is nan, but it has to be positive and finite");
  EXPECT_EQ(error_of(record + importance({1, 2})),
            "the record's importance is not one number but 2");
  EXPECT_EQ(error_of(features({1}, {1}) + importance({1})), "the record has no label");
  const RowRules ignored{.feature_dim = 10, .label = LabelRule::ignored};
  EXPECT_EQ(error_of(features({1}, {1}) + importance({-1}), ignored), "none");
}

TEST(Record, RefusesLabelsThatAreNoClass) {
  const RowRules rules{.feature_dim = 10, .label = LabelRule::zero_one};
  EXPECT_EQ(error_of(features({1}, {1}) + label({1}), rules), "none");
  EXPECT_EQ(error_of(features({1}, {1}) + label({0.5f}), rules),
            "the label is 0.5, but a binary_classifier takes 0 and 1 only");
}

TEST(Record, RefusesRecordsWithoutNumbers) {
  EXPECT_EQ(error_of(label({1})), "the record has no feature named 'values'");
  EXPECT_NE(error_of(entry(1, "values", 9, "bytes") + label({1})).find("bytes"), std::string::npos);
  Bytes empty_value;
  append_bytes_field(empty_value, 1, "\x0a\x06values\x12");
  EXPECT_NE(error_of(empty_value), "none");
}

TEST(Record, RefusesEveryCutOffRecord) {
  const Bytes record = features({1, 2, 3}, {1, 2, 300}) + label({1});
  const RowRules rules{.feature_dim = 1000, .label = LabelRule::number};
  EXPECT_EQ(error_of(record, rules), "none");
  for (size_t size = 0; size < record.size(); ++size) {
    EXPECT_NE(error_of(BytesView(record).substr(0, size), rules), "none") << size;
  }
}

TEST(Record, WritesWhatItReads) {
  const std::vector<uint32_t> indices = {0, 5, 9};
  const std::vector<float> values = {1, -0.25f, 1e-20f};
  expect_row(encode_record({indices, values}, 10, 12.5f), indices, values, 12.5f);
  EXPECT_EQ(error_of(encode_record({indices, values}, 10, {})), "the record has no label");
}

}  // namespace
}  // namespace millrace::ml
