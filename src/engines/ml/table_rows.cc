#include "engines/ml/table_rows.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace millrace::ml {
namespace {

constexpr size_t kTileRows = 16;            // A cache line of a column of floats.
constexpr uint32_t kInfinity = 0x7f800000;  // The exponent of what is not finite.

bool none_is_missing(const uint64_t* valid, size_t count) {
  if (valid == nullptr) return true;
  for (size_t word = 0; word < count / 64; ++word) {
    if (valid[word] != ~uint64_t{0}) return false;
  }
  const uint64_t rest = (uint64_t{1} << (count % 64)) - 1;
  return (count % 64) == 0 || (valid[count / 64] & rest) == rest;
}

size_t items_of(const NumberLists& lists, size_t rows) {
  uint64_t end = 0;
  for (size_t row = 0; row < rows; ++row) {
    if (lists.has(row)) end = std::max(end, lists.places[row].offset + lists.places[row].length);
  }
  return end;
}

// `use` with the numbers as what they are.
template <class Use>
decltype(auto) with_type(const Numbers& numbers, const Use& use) {
  switch (numbers.type) {
    case Numbers::Type::f32:
      return use(static_cast<const float*>(numbers.values));
    case Numbers::Type::i64:
      return use(static_cast<const int64_t*>(numbers.values));
    case Numbers::Type::i32:
      return use(static_cast<const int32_t*>(numbers.values));
    default:
      return use(static_cast<const double*>(numbers.values));
  }
}

// Rounded as the double is that any of them makes.
template <class T>
inline float to_float(T number) {
  return static_cast<float>(static_cast<double>(number));
}

inline bool are_finite(const float* values, size_t count) {
  uint32_t others = 0;
  for (size_t n = 0; n < count; ++n) {
    others |= (std::bit_cast<uint32_t>(values[n]) & kInfinity) == kInfinity ? 1u : 0u;
  }
  return others == 0;
}

// False where they are not from 0, below `feature_dim` and increasing.
template <class T>
bool copy_indices(const T* from, size_t count, uint64_t feature_dim, uint32_t* out) {
  int64_t last = -1;
  bool right = true;
  for (size_t n = 0; n < count; ++n) {
    const auto index = static_cast<int64_t>(from[n]);
    right &= index > last;
    last = index;
    out[n] = static_cast<uint32_t>(index);
  }
  return right && last < static_cast<int64_t>(feature_dim);
}

}  // namespace

void DenseRows::set(std::vector<Numbers> columns, size_t rows) {
  columns_ = std::move(columns);
  rows_ = rows;
  tile_begin_ = tile_end_ = 0;
  whole_ = std::all_of(columns_.begin(), columns_.end(),
                       [&](const Numbers& column) { return none_is_missing(column.valid, rows); });
  tile_.resize(kTileRows * columns_.size());
  while (counting_.size() < columns_.size()) {
    counting_.push_back(static_cast<uint32_t>(counting_.size()));
  }
}

void DenseRows::turn(size_t row) {
  tile_begin_ = row;
  tile_end_ = std::min(row + kTileRows, rows_);
  const size_t width = columns_.size();
  for (size_t column = 0; column < width; ++column) {
    with_type(columns_[column], [&](const auto* values) {
      float* out = tile_.data() + column;
      for (size_t n = tile_begin_; n < tile_end_; ++n, out += width) *out = to_float(values[n]);
    });
  }
}

bool DenseRows::append(size_t row, RowBatch& batch) {
  if (!whole_) return false;
  if (row < tile_begin_ || row >= tile_end_) turn(row);
  const size_t width = columns_.size();
  const float* const values = tile_.data() + (row - tile_begin_) * width;
  if (!are_finite(values, width)) return false;
  size_t zeros = 0;
  for (size_t n = 0; n < width; ++n) zeros += values[n] == 0 ? 1 : 0;
  const size_t begin = batch.open_begin();
  batch.indices.insert(batch.indices.end(), counting_.begin(),
                       counting_.begin() + static_cast<ptrdiff_t>(width));
  batch.values.insert(batch.values.end(), values, values + width);
  if (zeros == 0) return true;
  size_t end = begin;
  for (size_t n = 0; n < width; ++n) {
    batch.indices[end] = static_cast<uint32_t>(n);
    batch.values[end] = values[n];
    end += values[n] != 0 ? 1 : 0;
  }
  batch.indices.resize(end);
  batch.values.resize(end);
  return true;
}

void SparseRows::set(const NumberLists& indices, const NumberLists* values, size_t rows) {
  indices_ = indices;
  valued_ = values != nullptr;
  if (valued_) values_ = *values;
  const bool whole_numbers =
      indices.items.type == Numbers::Type::i32 || indices.items.type == Numbers::Type::i64;
  whole_ = whole_numbers && none_is_missing(indices.items.valid, items_of(indices, rows)) &&
           (!valued_ || none_is_missing(values_.items.valid, items_of(values_, rows)));
}

bool SparseRows::append(size_t row, uint64_t feature_dim, RowBatch& batch) const {
  if (!whole_ || !indices_.has(row)) return false;
  const NumberLists::Place keys = indices_.places[row];
  if (valued_ && (!values_.has(row) || values_.places[row].length != keys.length)) return false;
  const size_t begin = batch.open_begin();
  batch.indices.resize(begin + keys.length);
  batch.values.resize(begin + keys.length, 1.0f);
  float* const out = batch.values.data() + begin;
  bool right = with_type(indices_.items, [&](const auto* items) {
    return copy_indices(items + keys.offset, keys.length, feature_dim,
                        batch.indices.data() + begin);
  });
  if (valued_) {
    with_type(values_.items, [&](const auto* items) {
      const auto* const from = items + values_.places[row].offset;
      for (size_t n = 0; n < keys.length; ++n) out[n] = to_float(from[n]);
    });
    right &= are_finite(out, keys.length);
  }
  if (!right) batch.undo();
  return right;
}

}  // namespace millrace::ml
