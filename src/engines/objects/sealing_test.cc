#include "engines/objects/sealing.h"

#include <gtest/gtest.h>

#include "store/blobs.h"

namespace millrace::objects {
namespace {

static_assert(kSealedChunkBytes == store::kBlobChunkBytes);

Secret stream_key(char c = 'k') { return Secret(Bytes(Cipher::kKeyBytes, c)); }

Bytes text_of(size_t size) {
  Bytes out(size, '\0');
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
  return out;
}

Bytes seal_in_pieces(BytesView plain, size_t piece) {
  Sealer sealer(stream_key());
  Bytes out;
  for (size_t at = 0; at < plain.size(); at += piece) sealer.update(plain.substr(at, piece), out);
  sealer.finish(out);
  EXPECT_EQ(sealer.plain_bytes(), plain.size());
  EXPECT_EQ(out.size(), sealed_bytes(plain.size()));
  return out;
}

// What Reader does: only the chunks of the range are looked at.
Result<Bytes> open_range(BytesView sealed, uint64_t plain_bytes, uint64_t offset, uint64_t length,
                         char key = 'k') {
  Opener opener(stream_key(key), plain_bytes);
  const SealedRange range = opener.locate(offset, length);
  Bytes out;
  BytesView rest = sealed.substr(range.offset, range.length);
  for (uint64_t index = range.first; !rest.empty(); ++index) {
    Bytes plain(opener.plain_of(index), '\0');
    const BytesView chunk = rest.substr(0, plain.size() + Cipher::kTagBytes);
    TRY(opener.open(index, chunk, plain.data()));
    out.append(plain);
    rest.remove_prefix(chunk.size());
  }
  return out.substr(range.skip, length);
}

constexpr size_t kSizes[] = {1,
                             Cipher::kTagBytes,
                             kPlainChunkBytes - 1,
                             kPlainChunkBytes,
                             kPlainChunkBytes + 1,
                             kSealedChunkBytes,
                             3 * kPlainChunkBytes - 1,
                             3 * kPlainChunkBytes,
                             3 * kPlainChunkBytes + 7};

TEST(Sealing, HowItIsCutUpDoesNotMatter) {
  for (const size_t size : kSizes) {
    const Bytes plain = text_of(size);
    const Bytes whole = seal_in_pieces(plain, size);
    EXPECT_EQ(whole.find(plain.substr(0, 16)), Bytes::npos);
    for (const size_t piece : {size_t{1000}, kPlainChunkBytes - 1, kPlainChunkBytes,
                               kPlainChunkBytes + 1, 2 * kPlainChunkBytes}) {
      ASSERT_EQ(seal_in_pieces(plain, piece), whole) << size << " by " << piece;
    }
    ASSERT_EQ(*open_range(whole, size, 0, size), plain);
  }
  EXPECT_EQ(seal_in_pieces("", 1), "");
  EXPECT_EQ(sealed_bytes(0), 0U);
}

TEST(Sealing, AtOnceIsAsInPieces) {
  for (size_t size = 0; size < 70; ++size) {
    const Bytes plain = text_of(size);
    Sealer sealer(stream_key());
    Bytes out;
    sealer.finish_with(plain, out);
    ASSERT_EQ(out, seal_in_pieces(plain, 1000)) << size;
  }
}

TEST(Sealing, RangesAreReadFromTheirChunksOnly) {
  const size_t size = 3 * kPlainChunkBytes + 7;
  const Bytes plain = text_of(size);
  const Bytes sealed = seal_in_pieces(plain, size);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{kPlainChunkBytes - 1},
                                uint64_t{kPlainChunkBytes}, uint64_t{2 * kPlainChunkBytes + 5}}) {
    for (const uint64_t length : {1UL, 2UL, kPlainChunkBytes, kPlainChunkBytes + 1}) {
      const uint64_t wanted = std::min(length, size - offset);
      ASSERT_EQ(*open_range(sealed, size, offset, wanted), plain.substr(offset, wanted));
    }
  }
  const Opener opener(stream_key(), size);
  const SealedRange range = opener.locate(kPlainChunkBytes, 1);
  EXPECT_EQ(range.first, 1U);
  EXPECT_EQ(range.offset, kSealedChunkBytes);
  EXPECT_EQ(range.length, kSealedChunkBytes);
}

TEST(Sealing, EveryFlippedBitIsFound) {
  const Bytes plain = text_of(40);
  const Bytes sealed = seal_in_pieces(plain, 40);
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes torn = sealed;
    torn[bit / 8] = static_cast<char>(torn[bit / 8] ^ 1 << bit % 8);
    ASSERT_EQ(open_range(torn, 40, 0, 40).error().kind, ErrorKind::internal) << bit;
  }
}

TEST(Sealing, ChunksAreNotMovedSwappedCutOffOrTakenFromAnotherStream) {
  const size_t size = 2 * kPlainChunkBytes + 9;
  const Bytes sealed = seal_in_pieces(text_of(size), size);
  const Bytes swapped = sealed.substr(kSealedChunkBytes, kSealedChunkBytes) +
                        sealed.substr(0, kSealedChunkBytes) + sealed.substr(2 * kSealedChunkBytes);
  EXPECT_FALSE(open_range(swapped, size, 0, 1));
  EXPECT_FALSE(open_range(swapped, size, kPlainChunkBytes, 1));
  EXPECT_TRUE(open_range(swapped, size, size - 1, 1));
  // A stream that ends earlier, whatever length its row is made to say.
  const BytesView two = BytesView(sealed).substr(0, 2 * kSealedChunkBytes);
  EXPECT_TRUE(open_range(two, 2 * kPlainChunkBytes, 0, 1));
  EXPECT_FALSE(open_range(two, 2 * kPlainChunkBytes, kPlainChunkBytes, 1));
  EXPECT_FALSE(open_range(sealed, size, 0, 1, 'x'));
  EXPECT_FALSE(open_range(sealed, size - 1, size - 2, 1));
}

TEST(Sealing, AShorterChunkThanTheRowSaysIsDamage) {
  Opener opener(stream_key(), 40);
  Bytes out(40, '\0');
  for (size_t size = 0; size < 56; ++size) {
    ASSERT_FALSE(opener.open(0, Bytes(size, 'x'), out.data()));
  }
}

}  // namespace
}  // namespace millrace::objects
