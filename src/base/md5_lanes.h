// MD5 of several streams at once, on one core.
//
// MD5 waits for its own last step in every step, so one stream leaves most of a core idle. Where
// the processor has vectors (AVX-512VL or AVX2, asked at run time), up to kMd5Lanes streams advance
// together in about the time of one. Without, one after the other. RFC 1321.
//
// A stream is not thread-safe; it is in one call at a time. Cannot fail.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace millrace {

inline constexpr size_t kMd5Lanes = 8;

class Md5Stream final {
 public:
  void update(BytesView bytes);
  Bytes finish();  // 16 raw bytes. Ends it.

 private:
  friend class Md5Lanes;
  // Takes bytes up to the end of a block that was begun before; answers what is left of them.
  BytesView fill_block(BytesView bytes);
  void keep(BytesView rest);  // Less than a block, and none is begun.

  std::array<uint32_t, 4> state_{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
  uint64_t size_ = 0;
  std::array<char, 64> block_{};  // What has come of a block.
  size_t held_ = 0;
};

// A set of streams that advance together; work can be added between two steps.
class Md5Lanes final {
 public:
  bool full() const { return count_ == kMd5Lanes; }
  bool empty() const { return count_ == 0; }
  // Adds bytes to be digested into `stream`, which is in no lane yet; both outlive their lane.
  // `tag` comes back from step(). Not when full().
  void add(Md5Stream& stream, BytesView bytes, void* tag);
  // Digests at most `bytes_max` bytes of every lane. Calls `ended(tag)` of each that has none left.
  template <class Ended>
  void step(size_t bytes_max, Ended ended) {
    advance(bytes_max);
    for (size_t i = count_; i-- > 0;) {
      if (lanes_[i].bytes.size() >= 64) continue;
      lanes_[i].stream->keep(lanes_[i].bytes);
      void* const tag = lanes_[i].tag;
      lanes_[i] = lanes_[--count_];
      ended(tag);
    }
  }

 private:
  struct Lane {
    Md5Stream* stream = nullptr;
    BytesView bytes;
    void* tag = nullptr;
  };
  void advance(size_t bytes_max);

  std::array<Lane, kMd5Lanes> lanes_;
  size_t count_ = 0;
};

}  // namespace millrace
