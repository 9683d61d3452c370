#include "store/blob_format.h"

#include <algorithm>

#include "base/hash.h"

namespace millrace::store {
namespace {

// "MRB" and the format.
constexpr BytesView kMagic("MRB\1", 4);

void append_little(Bytes& to, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) to.push_back(static_cast<char>(value >> 8 * i & 255));
}

Bytes footer_of(const BlobId& id, uint64_t size) {
  Bytes footer;
  ASSERT(from_hex(id.text(), footer));
  append_little(footer, size, 8);
  append_little(footer, kBlobChunkBytes, 4);
  append_little(footer, 0, 4);
  footer.append(kMagic);
  append_little(footer, crc32c(0, footer), kSumBytes);
  ASSERT(footer.size() == kFooterBytes);
  return footer;
}

}  // namespace

unsigned format_of(const BlobId& id) {
  const char digit = id.text()[kFormatDigit];
  return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

std::optional<BlobLayout> BlobLayout::of_file(uint64_t file_bytes) {
  if (file_bytes < kFooterBytes) return std::nullopt;
  const uint64_t rest = file_bytes - kFooterBytes;
  constexpr uint64_t kSummedBytes = kBlobChunkBytes + kSumBytes;
  const uint64_t chunks = (rest + kSummedBytes - 1) / kSummedBytes;
  const uint64_t last = rest - (chunks == 0 ? 0 : chunks - 1) * kSummedBytes;
  if (chunks != 0 && last <= kSumBytes) return std::nullopt;
  return BlobLayout{rest - chunks * kSumBytes, chunks};
}

void ChunkSums::add(BytesView bytes) {
  while (!bytes.empty()) {
    const size_t inside = size_ % kBlobChunkBytes;
    const BytesView piece = bytes.substr(0, kBlobChunkBytes - inside);
    sum_ = crc32c(inside == 0 ? 0 : sum_, piece);
    size_ += piece.size();
    bytes.remove_prefix(piece.size());
    if (size_ % kBlobChunkBytes == 0) append_little(sums_, sum_, kSumBytes);
  }
}

Bytes ChunkSums::finish(const BlobId& id) {
  if (size_ % kBlobChunkBytes != 0) append_little(sums_, sum_, kSumBytes);
  return std::move(sums_) + footer_of(id, size_);
}

uint32_t sum_in(BytesView sums, size_t index) {
  uint32_t sum = 0;
  for (size_t i = 0; i < kSumBytes; ++i) {
    sum |= uint32_t{static_cast<uint8_t>(sums[index * kSumBytes + i])} << 8 * i;
  }
  return sum;
}

bool is_footer_of(BytesView footer, const BlobId& id, uint64_t size) {
  return footer == footer_of(id, size);
}

}  // namespace millrace::store
