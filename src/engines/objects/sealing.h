// Sealing: a stream of bytes as chunks of AES-256-GCM, so that any range of it can be read without
// the rest, and so that no chunk can be changed, moved, left out or taken from another stream.
//
// A stream has a random key of its own and is sealed once. Its chunks are numbered from 0; the
// nonce of a chunk is its number and whether it is the last one, so a chunk opens only in its
// place, and a stream that was cut off does not open at its end. The last chunk may be short, and
// is empty only where the stream is. The format is docs/formats/sealed-objects.md.
//
// Pure. Sealer and Opener belong to one task at a time; both burn some 0.3 ns a byte.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/aead.h"
#include "base/bytes.h"
#include "base/result.h"

namespace millrace::objects {

// A sealed chunk is as long as what one checksum of a blob is of (store/blobs.h).
inline constexpr size_t kSealedChunkBytes = 64 * 1024;
inline constexpr size_t kPlainChunkBytes = kSealedChunkBytes - Cipher::kTagBytes;

// How long a stream of so many bytes is once it is sealed.
uint64_t sealed_bytes(uint64_t plain_bytes);

class Sealer final {
 public:
  explicit Sealer(const Secret& stream_key) : cipher_(stream_key.view()) {}

  // Takes more of the stream and appends the chunks that are complete to `out`. The last chunk is
  // held back: only finish() knows that it is one.
  void update(BytesView plain, Bytes& out);
  // Ends the stream. Without effect on an empty one: nothing is nothing.
  void finish(Bytes& out);
  // Both at once, for a stream of at most kPlainChunkBytes of which nothing was taken before.
  void finish_with(BytesView plain, Bytes& out);
  uint64_t plain_bytes() const { return plain_bytes_; }

 private:
  void seal(BytesView plain, bool last, Bytes& out);
  Cipher cipher_;
  Bytes held_;
  uint64_t index_ = 0;
  uint64_t plain_bytes_ = 0;
};

// Where the sealed bytes of a range lie in their stream.
struct SealedRange {
  uint64_t first = 0;   // Number of the chunk that has the range's first byte.
  uint64_t offset = 0;  // Of that chunk, in the sealed stream.
  uint64_t length = 0;  // Of whole chunks.
  size_t skip = 0;      // Bytes of the first chunk's plain text before the range.
};

class Opener final {
 public:
  // `plain_bytes` of the whole stream; it says which chunk is the last.
  Opener(const Secret& stream_key, uint64_t plain_bytes)
      : cipher_(stream_key.view()), plain_bytes_(plain_bytes) {}

  // [offset, offset+length) is within the stream and not empty.
  SealedRange locate(uint64_t offset, uint64_t length) const;
  // The plain length of a chunk.
  size_t plain_of(uint64_t index) const;
  // Opens the whole chunk into `out`, which has plain_of(index) bytes and may be sealed.data().
  // Errors: internal (the bytes are not that chunk of this stream).
  Result<void> open(uint64_t index, BytesView sealed, char* out);

 private:
  uint64_t last() const { return plain_bytes_ == 0 ? 0 : (plain_bytes_ - 1) / kPlainChunkBytes; }
  Cipher cipher_;
  uint64_t plain_bytes_;
};

}  // namespace millrace::objects
