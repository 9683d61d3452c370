// MD5 of several streams at once, on one core, and the SHA-256 of the same bytes with it.
//
// MD5 waits for its own last step in every step, so one stream leaves most of a core idle. Where
// the processor has vectors (AVX-512VL or AVX2, asked at run time), up to kMd5Lanes streams advance
// together in about the time of one. Without, one after the other. Where it has instructions for
// SHA-256 too, they run in what MD5 leaves idle (base/twin_digest.h). RFC 1321, FIPS 180-4.
//
// A stream is not thread-safe; it is in one call at a time. Cannot fail.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/twin_digest.h"

namespace millrace {

inline constexpr size_t kMd5Lanes = 8;

class Md5Stream final {
 public:
  struct Digests {
    Bytes md5;     // 16 raw bytes.
    Bytes sha256;  // 32, or none.
  };

  Md5Stream() = default;
  // One that takes the SHA-256 too. Only where the processor does.
  static Md5Stream with_sha256();
  static bool takes_sha256();

  void update(BytesView bytes);
  Digests finish();  // Ends it.

 private:
  friend class Md5Lanes;
  // Takes bytes up to the end of a block that was begun before; answers what is left of them.
  BytesView fill_block(BytesView bytes);
  void keep(BytesView rest);  // Less than a block, and none is begun.

  void digest(const char* bytes, size_t blocks);

  Md5State state_{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
  std::optional<Sha256State> sha256_;
  uint64_t size_ = 0;
  std::array<char, kDigestBlockBytes> block_{};  // What has come of a block.
  size_t held_ = 0;
};

// A set of streams that advance together; work can be added between two steps.
class Md5Lanes final {
 public:
  bool full() const { return free() == 0; }
  size_t free() const { return kMd5Lanes - count_; }
  bool empty() const { return count_ == 0; }
  // Adds bytes to be digested into `stream`, which is in no lane yet; both outlive their lane.
  // `tag` comes back from step(). Not when full().
  void add(Md5Stream& stream, BytesView bytes, void* tag);
  // Digests at most `bytes_max` bytes of every lane. Calls `ended(tag)` of each that has none left.
  template <class Ended>
  void step(size_t bytes_max, Ended ended) {
    advance(bytes_max);
    for (size_t i = count_; i-- > 0;) {
      if (lanes_[i].bytes.size() >= kDigestBlockBytes) continue;
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
