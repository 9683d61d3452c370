// Lines of libsvm as they mostly are, `label index:value index:value` with one blank between them,
// many at a time: their separators are found together, and then all their indices, all values and
// all labels are read, whatever line they are of. Lines that are otherwise, or wrong, are left out:
// text_examples.cc reads them one by one.
//
// Not thread-safe. Reads kDecimalSlack bytes around the lines (decimal.h).
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "engines/ml/rows.h"
#include "engines/ml/text_words.h"

namespace millrace::ml {

class LibsvmLines {
 public:
  // Reads whole lines, the first `lines_max` at most: how many. They lie there as long as they are
  // asked for.
  size_t read(BytesView lines, size_t lines_max, const RowRules& rules);

  // The first line from `from` on that was not read, or `to`.
  size_t first_other(size_t from, size_t to) const;
  // Appends lines [from, to), which were read, as rows.
  void append(size_t from, size_t to, RowBatch& batch) const;
  // Behind the end of the line.
  const char* end_of(size_t line) const { return text_ + places_.feeds[line] + 1; }

 private:
  void find_words();
  void read_words();
  void check_rows(const RowRules& rules);
  size_t line_of(size_t feature) const;

  const char* text_ = nullptr;
  size_t lines_ = 0;
  FeaturePlaces places_;
  // Where the words are, as Words have it: the colon between index and value is an end and a begin.
  std::vector<uint32_t> befores_;
  std::vector<uint32_t> colons_;
  std::vector<uint32_t> ends_;
  std::vector<uint32_t> label_befores_;
  std::vector<uint32_t> label_ends_;
  // By line: whether it is another one; where its features end in the arrays behind.
  std::vector<uint8_t> others_;
  std::vector<size_t> row_ends_;
  std::vector<float> labels_;
  std::vector<uint32_t> indices_;
  std::vector<float> values_;
  std::vector<uint32_t> unread_;  // Words.
};

}  // namespace millrace::ml
