#include "engines/ml/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engines/ml/limits.h"

namespace millrace::ml {
namespace {

constexpr size_t kReadBytes = 256 << 10;

BytesView without_return(const char* begin, size_t size) {
  return {begin, size > 0 && begin[size - 1] == '\r' ? size - 1 : size};
}

}  // namespace

Result<bool> LineReader::refill() {
  if (begin_ > kDecimalSlack) {
    std::memmove(buffer_.data() + kDecimalSlack, buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_ - kDecimalSlack;
    begin_ = kDecimalSlack;
  }
  if (buffer_.size() < end_ + kReadBytes + kDecimalSlack) {
    buffer_.resize(buffer_.size() * 2 + kReadBytes + kDecimalSlack);
  }
  TRY(const size_t taken,
      source_->read(buffer_.data() + end_, buffer_.size() - kDecimalSlack - end_));
  end_ += taken;
  return taken > 0;
}

Result<const char*> LineReader::find_end() {
  for (size_t searched = 0;;) {
    const char* const begin = buffer_.data() + begin_;
    const size_t available = end_ - begin_;
    if (searched < available) {
      const void* const found = std::memchr(begin + searched, '\n', available - searched);
      if (found != nullptr) return static_cast<const char*>(found);
    }
    searched = available;
    if (available > kLineBytesMax) {
      return fail(ErrorKind::invalid, fmt::format("it is longer than {} bytes", kLineBytesMax));
    }
    TRY(const bool more, refill());
    if (!more) return nullptr;
  }
}

Result<bool> LineReader::next(BytesView& line) {
  ++number_;
  TRY(const char* const end, find_end());
  const char* const begin = buffer_.data() + begin_;
  if (end != nullptr) {
    line = without_return(begin, static_cast<size_t>(end - begin));
    begin_ += static_cast<size_t>(end - begin) + 1;
    return true;
  }
  if (begin_ == end_) {
    --number_;
    return false;
  }
  line = without_return(begin, end_ - begin_);
  begin_ = end_;
  return true;
}

Result<BytesView> LineReader::whole_lines(size_t bytes) {
  ++number_;
  TRY(const char* const first, find_end());
  --number_;
  if (first == nullptr) return BytesView();
  const char* const begin = buffer_.data() + begin_;
  const auto least = static_cast<size_t>(first - begin) + 1;
  const size_t most = std::min(bytes, end_ - begin_);
  if (most <= least) return BytesView(begin, least);
  return BytesView(begin, most).substr(0, BytesView(begin, most).rfind('\n') + 1);
}

void LineReader::skip(const char* end, size_t lines) {
  begin_ = static_cast<size_t>(end - buffer_.data());
  ASSERT(begin_ <= end_);
  number_ += lines;
}

}  // namespace millrace::ml
