// MXNet's recordIO framing: each record is the magic number 0xced7230a, a word of 3 flag bits
// (0 whole, 1 first, 2 middle, 3 last part) and 29 length bits, the bytes, and zeros up to a
// multiple of 4; between the parts of a split record stood the magic number. Little-endian.
// Source: https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading and the
// reader of dmlc-core. The writer never splits, as SageMaker's SDKs, which cannot join, expect.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/byte_source.h"
#include "engines/ml/limits.h"
#include "engines/ml/protobuf_wire.h"

namespace millrace::ml {

inline constexpr uint32_t kRecordioMagic = 0xced7230a;

class RecordioReader {
 public:
  explicit RecordioReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // The bytes of the next record, valid until the next call; nothing at the end. Errors: invalid,
  // where a frame is damaged, cut off or too long; what the source answers.
  Result<std::optional<BytesView>> next();

  // Takes the next record where it lies whole and unsplit in the buffer; false where next() has to
  // read, to join or to complain. For those who read millions of records.
  bool take_buffered(BytesView& record) {
    const size_t available = end_ - begin_;
    if (available < kHeadBytes) return false;
    const char* const head = buffer_.data() + begin_;
    const uint32_t word = load_u32(head + 4);  // A flag would make the size too large.
    const size_t frame = kHeadBytes + ((size_t{word} + 3) & ~size_t{3});
    if (load_u32(head) != kRecordioMagic || word > kRecordBytesMax || frame > available) {
      return false;
    }
    record = BytesView(head + kHeadBytes, word);
    begin_ += frame;
    ++number_;
    return true;
  }

  // The number, from 1, of the record that next() answered or failed at.
  uint64_t number() const { return number_; }

 private:
  static constexpr size_t kHeadBytes = 8;
  struct Head {
    uint32_t part;
    size_t size;
  };
  // Has at least `size` bytes in the buffer unless the source ends; answers how many there are.
  Result<size_t> buffer(size_t size);
  Result<std::optional<Head>> head();
  // The bytes of a part; they stay where they are until buffer() is called.
  Result<BytesView> body(size_t size);
  Result<BytesView> join(size_t first_size);

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  Bytes joined_;
  uint64_t number_ = 0;
};

// Appends `record` as one frame. It is at most kRecordBytesMax long.
void append_recordio(Bytes& out, BytesView record);

}  // namespace millrace::ml
