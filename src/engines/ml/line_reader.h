// Lines of a stream of bytes, without their ends (`\n` or `\r\n`; the last one may have none).
//
// Not thread-safe. Errors: invalid, where a line is longer than kLineBytesMax; what the source
// answers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/byte_source.h"
#include "engines/ml/decimal.h"

namespace millrace::ml {

class LineReader {
 public:
  explicit LineReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // The next line, valid until the next call; false at the end. kDecimalSlack bytes before and
  // behind it can be read (decimal.h).
  Result<bool> next(BytesView& line);

  // Whole lines with their ends, as they lie: one at least, and as many more as are buffered within
  // `bytes`. Valid until the next call, but for skip() and those of next() that answer lines of it.
  // Empty where there is no end of a line any more. Otherwise as next(), which answers them still.
  Result<BytesView> whole_lines(size_t bytes);
  // Goes on behind `end`, within what whole_lines() answered: so many lines further.
  void skip(const char* end, size_t lines);

  // The number, from 1, of the line that next() answered or failed at.
  uint64_t number() const { return number_; }

 private:
  // Reads on; false at the end.
  Result<bool> refill();
  // Where the next line ends; nullptr where its end is that of the source.
  Result<const char*> find_end();

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_ = std::vector<char>(2 * kDecimalSlack);
  size_t begin_ = kDecimalSlack;
  size_t end_ = kDecimalSlack;
  uint64_t number_ = 0;
};

}  // namespace millrace::ml
