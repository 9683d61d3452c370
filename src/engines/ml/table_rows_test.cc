#include "engines/ml/table_rows.h"

#include <gtest/gtest.h>

#include <limits>

namespace millrace::ml {
namespace {

using Type = Numbers::Type;

template <class T>
Numbers numbers(const std::vector<T>& values, Type type, const uint64_t* valid = nullptr) {
  return {values.data(), valid, type};
}

// More rows than a tile has, columns of each type.
TEST(TableRows, TurnColumnsOfEveryTypeIntoRows) {
  constexpr size_t kRows = 37;
  std::vector<double> f64;
  std::vector<float> f32;
  std::vector<int64_t> i64;
  std::vector<int32_t> i32;
  for (size_t row = 0; row < kRows; ++row) {
    const auto number = static_cast<int32_t>(row);
    f64.push_back(number + 0.1);
    f32.push_back(static_cast<float>(number) / 2);
    i64.push_back(int64_t{number} << 40);
    i32.push_back(number % 5 - 2);
  }
  DenseRows rows;
  rows.set({numbers(f64, Type::f64), numbers(f32, Type::f32), numbers(i64, Type::i64),
            numbers(i32, Type::i32)},
           kRows);
  RowBatch batch;
  for (size_t row = 0; row < kRows; ++row) {
    ASSERT_TRUE(rows.append(row, batch));
    batch.end_row(0);
    const std::vector<float> expected = {static_cast<float>(f64[row]), f32[row],
                                         static_cast<float>(i64[row]),
                                         static_cast<float>(i32[row])};
    RowBatch kept;
    for (uint32_t n = 0; n < 4; ++n) {
      if (expected[n] == 0) continue;
      kept.indices.push_back(n);
      kept.values.push_back(expected[n]);
    }
    const RowView made = batch.row(row);
    EXPECT_EQ(std::vector(made.indices.begin(), made.indices.end()), kept.indices) << row;
    EXPECT_EQ(std::vector(made.values.begin(), made.values.end()), kept.values) << row;
  }
}

TEST(TableRows, LeaveWhatIsUnusual) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {1, infinity, 3};
  const std::vector<double> large = {1, 2, 1e300};
  RowBatch batch;
  DenseRows rows;
  rows.set({numbers(values, Type::f32), numbers(large, Type::f64)}, 3);
  EXPECT_TRUE(rows.append(0, batch));
  batch.end_row(0);
  EXPECT_FALSE(rows.append(1, batch));
  EXPECT_FALSE(rows.append(2, batch));
  const uint64_t present = 0b011;  // The last one is missing.
  rows.set({numbers(values, Type::f32, &present)}, 3);
  EXPECT_FALSE(rows.append(0, batch));
  rows.set({numbers(values, Type::f32, &present)}, 1);
  EXPECT_TRUE(rows.append(0, batch));
  batch.undo();
  EXPECT_EQ(batch.indices.size(), 2u);  // Of the first row.
}

TEST(TableRows, TakeListsThatAreInOrder) {
  const std::vector<int32_t> keys = {0, 7, 3, 3, 9, -1, 5};
  const std::vector<int64_t> values = {4, 5, 6, 7, 8, 9, 10};
  const std::vector<NumberLists::Place> places = {{0, 2}, {2, 2}, {4, 1}, {5, 1}, {6, 1}, {6, 0}};
  const NumberLists indices{places.data(), nullptr, numbers(keys, Type::i32)};
  const NumberLists weights{places.data(), nullptr, numbers(values, Type::i64)};
  RowBatch batch;
  SparseRows rows;
  rows.set(indices, &weights, places.size());
  EXPECT_TRUE(rows.append(0, 9, batch));
  batch.end_row(0);
  EXPECT_FALSE(rows.append(1, 9, batch));  // An index is there twice.
  EXPECT_FALSE(rows.append(2, 9, batch));  // Beyond.
  EXPECT_FALSE(rows.append(3, 9, batch));  // Negative.
  EXPECT_TRUE(rows.append(4, 9, batch));
  batch.end_row(0);
  EXPECT_TRUE(rows.append(5, 9, batch));
  batch.end_row(0);
  EXPECT_EQ(batch.indices, (std::vector<uint32_t>{0, 7, 5}));
  EXPECT_EQ(batch.values, (std::vector<float>{4, 5, 10}));
  rows.set(indices, nullptr, places.size());
  EXPECT_TRUE(rows.append(0, 9, batch));
  EXPECT_EQ(batch.values.back(), 1);
  batch.undo();
  const std::vector<double> fractional = {0, 1.5};
  rows.set({places.data(), nullptr, numbers(fractional, Type::f64)}, nullptr, 1);
  EXPECT_FALSE(rows.append(0, 9, batch));
}

}  // namespace
}  // namespace millrace::ml
