// What stands behind a blob's own bytes: a CRC32C of each chunk, and a footer that ties them to
// the blob's name (docs/formats/blobs.md). Pure. Private to the module.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "store/blobs.h"

namespace millrace::store {

inline constexpr size_t kSumBytes = 4;
inline constexpr size_t kFooterBytes = 40;

// The formats of blobs, as the id names them.
inline constexpr unsigned kPlainFormat = 0;   // The bytes alone.
inline constexpr unsigned kSummedFormat = 1;  // Bytes, checksums, footer.
inline constexpr unsigned kFormatDigit = 4;   // Of the id.
inline constexpr size_t kFormatDigits = 1;

unsigned format_of(const BlobId& id);

// Where what stands in a file of the summed format.
struct BlobLayout {
  uint64_t size = 0;    // Of the blob's own bytes, which begin the file.
  uint64_t chunks = 0;  // Whose checksums follow, and then the footer.

  // Nothing where no blob makes a file of that size.
  static std::optional<BlobLayout> of_file(uint64_t file_bytes);
  uint64_t sum_at(uint64_t chunk) const { return size + chunk * kSumBytes; }
  uint64_t footer_at() const { return sum_at(chunks); }
};

// Takes a blob's bytes in their order. Not thread-safe.
class ChunkSums final {
 public:
  void add(BytesView bytes);
  // What is to follow the bytes. Ends it.
  Bytes finish(const BlobId& id);

 private:
  Bytes sums_;
  uint32_t sum_ = 0;  // Of the chunk that is not full yet.
  uint64_t size_ = 0;
};

uint32_t sum_in(BytesView sums, size_t index);

// Whether `footer` ends the blob `id` of `size` bytes.
bool is_footer_of(BytesView footer, const BlobId& id, uint64_t size);

}  // namespace millrace::store
