#include "engines/objects/sealing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace::objects {
namespace {

using Nonce = std::array<char, Cipher::kNonceBytes>;

// 8 bytes of the chunk's number, 3 of nothing, 1 that tells the last chunk.
Nonce nonce_of(uint64_t index, bool last) {
  Nonce out{};
  for (size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(index >> (56 - 8 * i) & 255);
  out.back() = last ? 1 : 0;
  return out;
}

BytesView view(const Nonce& nonce) { return {nonce.data(), nonce.size()}; }

}  // namespace

uint64_t sealed_bytes(uint64_t plain_bytes) {
  const uint64_t chunks = plain_bytes / kPlainChunkBytes + (plain_bytes % kPlainChunkBytes != 0);
  return plain_bytes + chunks * Cipher::kTagBytes;
}

void Sealer::seal(BytesView plain, bool last, Bytes& out) {
  const size_t at = out.size();
  // Without zeroes first: every byte is written.
  // GCC 12 hands the capacity that it has made to the operation, not the size asked for.
  const size_t wanted = at + plain.size() + Cipher::kTagBytes;
  out.resize_and_overwrite(wanted, [wanted](char*, size_t) { return wanted; });
  cipher_.seal(view(nonce_of(index_, last)), {}, plain, out.data() + at);
  ++index_;
}

void Sealer::update(BytesView plain, Bytes& out) {
  plain_bytes_ += plain.size();
  out.reserve(out.size() + sealed_bytes(held_.size() + plain.size()));
  if (!held_.empty()) {
    const size_t missing = std::min(kPlainChunkBytes - held_.size(), plain.size());
    held_.append(plain.substr(0, missing));
    plain.remove_prefix(missing);
    if (plain.empty()) return;
    seal(held_, false, out);
    held_.clear();
  }
  // Whole chunks are sealed where they lie; the last one stays, in case it is the stream's last.
  while (plain.size() > kPlainChunkBytes) {
    seal(plain.substr(0, kPlainChunkBytes), false, out);
    plain.remove_prefix(kPlainChunkBytes);
  }
  held_.assign(plain);
}

void Sealer::finish(Bytes& out) {
  if (plain_bytes_ == 0) return;
  seal(held_, true, out);
  wipe(held_);
}

void Sealer::finish_with(BytesView plain, Bytes& out) {
  ASSERT(plain_bytes_ == 0);
  ASSERT(plain.size() <= kPlainChunkBytes);
  plain_bytes_ = plain.size();
  if (!plain.empty()) seal(plain, true, out);
}

SealedRange Opener::locate(uint64_t offset, uint64_t length) const {
  ASSERT(length != 0);
  ASSERT(offset < plain_bytes_);
  ASSERT(length <= plain_bytes_ - offset);
  SealedRange out;
  out.first = offset / kPlainChunkBytes;
  out.offset = out.first * kSealedChunkBytes;
  out.skip = static_cast<size_t>(offset % kPlainChunkBytes);
  const uint64_t behind = ((offset + length - 1) / kPlainChunkBytes + 1) * kSealedChunkBytes;
  out.length = std::min(behind, sealed_bytes(plain_bytes_)) - out.offset;
  return out;
}

size_t Opener::plain_of(uint64_t index) const {
  ASSERT(index <= last());
  return static_cast<size_t>(
      std::min<uint64_t>(kPlainChunkBytes, plain_bytes_ - index * kPlainChunkBytes));
}

Result<void> Opener::open(uint64_t index, BytesView sealed, char* out) {
  const bool whole = sealed.size() == plain_of(index) + Cipher::kTagBytes;
  if (whole && cipher_.open(view(nonce_of(index, index == last())), {}, sealed, out)) return {};
  return fail(ErrorKind::internal, fmt::format("sealed chunk {} is damaged", index));
}

}  // namespace millrace::objects
