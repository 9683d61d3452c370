#include "engines/ml/recordio.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace millrace::ml {
namespace {

constexpr uint32_t kLengthBits = 29;
constexpr size_t kReadBytes = 256 << 10;

enum Part : uint32_t { kWhole = 0, kFirst = 1, kMiddle = 2, kLast = 3 };

size_t padded(size_t size) { return (size + 3) & ~size_t{3}; }

}  // namespace

Result<size_t> RecordioReader::buffer(size_t size) {
  while (end_ - begin_ < size) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    // Grows as bytes arrive: a damaged length must not cost its number of bytes.
    if (buffer_.size() - end_ < kReadBytes) buffer_.resize(buffer_.size() * 2 + kReadBytes);
    TRY(const size_t taken, source_->read(buffer_.data() + end_, buffer_.size() - end_));
    if (taken == 0) break;
    end_ += taken;
  }
  return end_ - begin_;
}

Result<std::optional<RecordioReader::Head>> RecordioReader::head() {
  TRY(const size_t available, buffer(kHeadBytes));
  if (available == 0) return std::optional<Head>();
  if (available < kHeadBytes) {
    return fail(ErrorKind::invalid, "the data is truncated: it ends within the head of the record");
  }
  const uint32_t magic = load_u32(buffer_.data() + begin_);
  if (magic != kRecordioMagic) {
    return fail(ErrorKind::invalid,
                fmt::format("this is not recordIO: the magic number is {:#010x}, not {:#010x}",
                            magic, kRecordioMagic));
  }
  const uint32_t word = load_u32(buffer_.data() + begin_ + 4);
  begin_ += kHeadBytes;
  return Head{word >> kLengthBits, word & ((1u << kLengthBits) - 1)};
}

Result<BytesView> RecordioReader::body(size_t size) {
  TRY(const size_t available, buffer(padded(size)));
  // The padding of the last record may be missing; its bytes may not.
  if (available < size) {
    return fail(ErrorKind::invalid,
                fmt::format("the data is truncated: the record is {} bytes long and {} are left",
                            size, available));
  }
  const BytesView bytes(buffer_.data() + begin_, size);
  begin_ += std::min(padded(size), available);
  return bytes;
}

Result<BytesView> RecordioReader::join(size_t first_size) {
  TRY(const BytesView first, body(first_size));
  joined_.assign(first);
  for (;;) {
    TRY(const std::optional<Head> next, head());
    if (!next) {
      return fail(ErrorKind::invalid, "the data is truncated: the last part is missing");
    }
    if (next->part != kMiddle && next->part != kLast) {
      return fail(ErrorKind::invalid, "the parts of the record are out of order");
    }
    append_u32(joined_, kRecordioMagic);
    TRY(const BytesView bytes, body(next->size));
    joined_.append(bytes);
    if (joined_.size() > kRecordBytesMax) {
      return fail(ErrorKind::invalid,
                  fmt::format("the record is longer than {} bytes", kRecordBytesMax));
    }
    if (next->part == kLast) return BytesView(joined_);
  }
}

Result<std::optional<BytesView>> RecordioReader::next() {
  ++number_;
  TRY(const std::optional<Head> head, this->head());
  if (!head) {
    --number_;
    return std::optional<BytesView>();
  }
  if (head->part == kFirst) {
    TRY(const BytesView joined, join(head->size));
    return joined;
  }
  if (head->part != kWhole) {
    return fail(ErrorKind::invalid, "the parts of the record are out of order");
  }
  TRY(const BytesView whole, body(head->size));
  return whole;
}

void append_recordio(Bytes& out, BytesView record) {
  ASSERT(record.size() <= kRecordBytesMax);
  append_u32(out, kRecordioMagic);
  append_u32(out, static_cast<uint32_t>(record.size()));
  out.append(record);
  out.append(padded(record.size()) - record.size(), '\0');
}

}  // namespace millrace::ml
