// For fuzzers and tests of text: the same bytes, read side by side and number by number, give the
// same rows and the same error.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "engines/ml/decimal.h"
#include "engines/ml/text_examples.h"
#include "engines/ml/text_words.h"

namespace millrace::ml {

inline void check_rows(const RowBatch& rows, uint64_t feature_dim) {
  ASSERT(rows.indices.size() == rows.values.size());
  ASSERT(rows.open_begin() == rows.indices.size());
  for (size_t at = 0; at < rows.size(); ++at) {
    const RowView row = rows.row(at);
    ASSERT(std::isfinite(rows.label(at)));
    ASSERT(rows.importance(at) > 0);
    for (size_t i = 0; i < row.indices.size(); ++i) {
      ASSERT(row.indices[i] < feature_dim);
      ASSERT(i == 0 || row.indices[i - 1] < row.indices[i]);
      ASSERT(std::isfinite(row.values[i]));
    }
  }
}

// The words between the commas of the text, read together and one by one.
inline void compare_words(BytesView text) {
  const Bytes around = Bytes(kDecimalSlack, ',') + Bytes(text) + Bytes(kDecimalSlack, '7');
  const char* const begin = around.data() + kDecimalSlack;
  std::vector<uint32_t> places;
  const size_t count = find_separators(begin, begin + text.size(), ',', places) + 1;
  const Words words{begin, places.data(), places.data() + 1};
  std::vector<float> numbers(count);
  std::vector<uint32_t> wholes(count);
  std::vector<uint32_t> unread;
  const auto is_among = [](std::span<const uint32_t> list, size_t n) {
    return std::find(list.begin(), list.end(), n) != list.end();
  };
  const std::span<const uint32_t> no_decimals = read_decimals(words, count, numbers.data(), unread);
  for (size_t n = 0; n < count; ++n) {
    double value = 0;
    const bool read = read_decimal(words.begin(n), words.end(n), value);
    ASSERT(read != is_among(no_decimals, n));
    const auto expected = static_cast<float>(value);
    if (read) ASSERT(std::memcmp(&numbers[n], &expected, sizeof expected) == 0);
  }
  const std::span<const uint32_t> no_wholes = read_wholes(words, count, wholes.data(), unread);
  for (size_t n = 0; n < count; ++n) {
    uint64_t index = 0;
    const bool read = read_whole(words.begin(n), words.end(n), index);
    ASSERT(read != is_among(no_wholes, n));
    if (read) ASSERT(wholes[n] == index);
  }
}

// `make` is make_csv_examples or make_libsvm_examples.
template <class Make>
void compare_readers(BytesView bytes, const Make& make) {
  compare_words(bytes);
  constexpr RowRules kRules{.feature_dim = 3, .label = LabelRule::number};
  const auto fast = make(make_gunzip_source(make_memory_source(bytes)), kRules, TextOptions{});
  const auto careful = make(make_gunzip_source(make_memory_source(bytes)), kRules,
                            TextOptions{.number_by_number = true});
  RowBatch rows;
  RowBatch expected;
  for (int batch = 0; batch < 1000; ++batch) {
    rows.clear();
    expected.clear();
    const Result<bool> more = fast->read(100, rows);
    const Result<bool> expects = careful->read(100, expected);
    check_rows(rows, kRules.feature_dim);
    ASSERT(rows.size() == expected.size());
    ASSERT(rows.indices == expected.indices && rows.values == expected.values);
    for (size_t at = 0; at < rows.size(); ++at) {
      ASSERT(rows.begin_of(at) == expected.begin_of(at));
      ASSERT(rows.label(at) == expected.label(at));
      ASSERT(rows.importance(at) == expected.importance(at));
    }
    ASSERT(more.has_value() == expects.has_value());
    if (!more) ASSERT(more.error().message == expects.error().message);
    if (!more || !*more) break;
  }
}

}  // namespace millrace::ml
