// For fuzzers of text: the same bytes, read side by side and number by number, give the same rows
// and the same error.
#pragma once

#include <cmath>

#include "engines/ml/text_examples.h"

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

// `make` is make_csv_examples or make_libsvm_examples.
template <class Make>
void compare_readers(BytesView bytes, const Make& make) {
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
