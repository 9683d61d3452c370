#include "engines/ml/line_reader.h"

#include <fmt/format.h>

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

Result<bool> LineReader::next(BytesView& line) {
  ++number_;
  for (size_t searched = 0;;) {
    const char* const begin = buffer_.data() + begin_;
    const size_t available = end_ - begin_;
    if (searched < available) {
      const void* const found = std::memchr(begin + searched, '\n', available - searched);
      if (found != nullptr) {
        const auto size = static_cast<size_t>(static_cast<const char*>(found) - begin);
        line = without_return(begin, size);
        begin_ += size + 1;
        return true;
      }
    }
    searched = available;
    if (available > kLineBytesMax) {
      return fail(ErrorKind::invalid, fmt::format("it is longer than {} bytes", kLineBytesMax));
    }
    TRY(const bool more, refill());
    if (more) continue;
    if (available == 0) {
      --number_;
      return false;
    }
    line = without_return(buffer_.data() + begin_, available);
    begin_ = end_;
    return true;
  }
}

}  // namespace millrace::ml
