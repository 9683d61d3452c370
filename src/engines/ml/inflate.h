// DEFLATE (RFC 1951), unpacked as a stream: several times as fast as zlib's inflate, because it
// decodes by tables of 11 bits and keeps 64 bits at hand, writes into a window of its own, and has
// no state within a symbol. What it reads is hostile.
//
// Not thread-safe. Limits: memory is a window of some 300 KiB and a buffer of the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/byte_source.h"

namespace millrace::ml {

// Bits, least significant first, of bytes in memory. A value, so that a loop that decodes keeps it
// in registers.
struct BitBuffer {
  uint64_t bits = 0;
  unsigned ready = 0;  // Bits above these may be set: they are those that come next.
  const uint8_t* at = nullptr;
  const uint8_t* end = nullptr;

  // Makes 56 bits at least ready; false where fewer than 8 bytes are left.
  bool refill() {
    if (end - at < 8) return false;
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    bits |= word << ready;
    at += (63 - ready) >> 3;
    ready |= 56;
    return true;
  }
  void drop(unsigned count) {
    bits >>= count;
    ready -= count;
  }
  // Takes `count` of the bits that are ready, 32 at most.
  uint32_t take(unsigned count) {
    const auto value = static_cast<uint32_t>(bits & ((uint64_t{1} << count) - 1));
    drop(count);
    return value;
  }
};

// The bits of a source, and whole bytes between streams of bits.
class BitReader {
 public:
  explicit BitReader(std::unique_ptr<ByteSource> source);

  // What is read from; refill() goes on where it stands.
  BitBuffer now;
  // Makes 56 bits at least ready: zeros behind the end. Errors: invalid, where bits behind the end
  // were taken; what the source answers.
  Result<void> refill();

  void align() { now.drop(now.ready & 7); }  // To the next whole byte.
  // All of `size` bytes, behind align(). Errors: as refill().
  Result<void> copy(uint8_t* to, size_t size);
  // Whether nothing is left, behind align(). Errors: what the source answers.
  Result<bool> at_end();
  // Whether more was taken than there is: what is wrong with it says nothing then.
  bool cut_off() const { return cut_off_ || now.ready < zeros_; }

 private:
  Result<bool> fetch();
  std::unexpected<Error> ends_here();

  std::unique_ptr<ByteSource> source_;
  std::vector<uint8_t> buffer_;
  unsigned zeros_ = 0;  // Of the bits that are ready, the last ones, which the input does not have.
  bool ended_ = false;
  bool cut_off_ = false;
};

// What the next bits mean: an entry for each value of `primary` bits, and behind them, for those
// that begin a longer code, entries for the bits that follow.
struct DecodeTable {
  std::vector<uint32_t> entries;
  unsigned primary = 0;
  uint32_t rest_mask = 0;
};

class Inflater {
 public:
  // `input` outlives this.
  explicit Inflater(BitReader& input);
  // A further stream begins.
  void reset();

  // The next bytes, valid until the next call; none at the end of the stream. Errors: invalid;
  // where the input is cut off, behind what came before.
  Result<BytesView> next();
  // The bytes that next() answered were the last ones.
  bool ended() const { return ended_; }

 private:
  enum class Block : uint8_t { none, stored, coded };

  Result<void> unpack(size_t limit);
  Result<void> begin_block();
  Result<void> begin_stored();
  Result<void> read_codes();
  Result<void> copy_stored(size_t limit);
  Result<void> decode(size_t limit);
  // Of decode(), which keeps both in registers.
  Result<BitBuffer> refilled(BitBuffer input, size_t made);
  std::unexpected<Error> stopped(BitBuffer input, size_t made, std::string_view why);

  BitReader& input_;
  std::vector<uint8_t> window_;
  size_t made_ = 0;  // Bytes in the window.
  Block block_ = Block::none;
  bool last_ = false;  // The block is the last one.
  bool ended_ = false;
  std::optional<Error> error_;
  size_t stored_ = 0;  // Left of a stored block.
  DecodeTable symbols_;
  DecodeTable distances_;
};

}  // namespace millrace::ml
