#include "base/aead.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace millrace {
namespace {

Bytes unhex(std::string_view text) {
  Bytes out;
  EXPECT_TRUE(from_hex(text, out));
  return out;
}

struct Vector {
  std::string_view key, nonce, bound, plain, cipher, tag;
};

constexpr std::string_view kKey =
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view kPlain =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
constexpr std::string_view kCipher =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662";

// Test cases 13, 14 and 16 of "The Galois/Counter Mode of Operation" (McGrew and Viega), which
// NIST publishes with SP 800-38D.
constexpr Vector kVectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {kKey, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2", kPlain, kCipher,
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(Cipher, SealsAndOpensThePublishedVectors) {
  for (const Vector& v : kVectors) {
    Cipher cipher(unhex(v.key));
    const Bytes plain = unhex(v.plain);
    Bytes sealed(plain.size() + Cipher::kTagBytes, '\0');
    cipher.seal(unhex(v.nonce), unhex(v.bound), plain, sealed.data());
    EXPECT_EQ(to_hex(sealed), std::string(v.cipher) + std::string(v.tag));
    Bytes opened(plain.size(), '?');
    ASSERT_TRUE(cipher.open(unhex(v.nonce), unhex(v.bound), sealed, opened.data()));
    EXPECT_EQ(opened, plain);
  }
}

TEST(Cipher, RefusesEveryFlippedBitAndZeroesWhatItWrote) {
  const Vector& v = kVectors[2];
  Cipher cipher(unhex(v.key));
  const Bytes sealed = unhex(v.cipher) + unhex(v.tag);
  const Bytes bound = unhex(v.bound);
  Bytes out(sealed.size() - Cipher::kTagBytes, '?');
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes torn = sealed;
    torn[bit / 8] = static_cast<char>(torn[bit / 8] ^ 1 << bit % 8);
    ASSERT_FALSE(cipher.open(unhex(v.nonce), bound, torn, out.data())) << bit;
    ASSERT_EQ(out, Bytes(out.size(), '\0'));
  }
  EXPECT_FALSE(cipher.open(unhex(v.nonce), bound.substr(1), sealed, out.data()));
  EXPECT_FALSE(cipher.open(Bytes(12, 'n'), bound, sealed, out.data()));
  EXPECT_FALSE(cipher.open(unhex(v.nonce), bound, "short", out.data()));
}

TEST(Cipher, SealsInPlace) {
  Cipher cipher(Bytes(32, 'k'));
  Bytes buffer = "in place" + Bytes(Cipher::kTagBytes, '\0');
  const BytesView plain = BytesView(buffer).substr(0, 8);
  cipher.seal(Bytes(12, 'n'), "", plain, buffer.data());
  EXPECT_EQ(buffer.find("in place"), Bytes::npos);
  ASSERT_TRUE(cipher.open(Bytes(12, 'n'), "", buffer, buffer.data()));
  EXPECT_EQ(plain, "in place");
}

TEST(Secret, MovesAndLeavesNothingBehind) {
  Secret first(Bytes(32, 's'));
  Secret second(std::move(first));
  EXPECT_EQ(second.view(), Bytes(32, 's'));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): what is left is the question.
  first = second;
  EXPECT_EQ(first.view(), second.view());
  Bytes text = "a key";
  const char* const at = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string_view(at, 5), std::string_view("\0\0\0\0\0", 5));
}

}  // namespace
}  // namespace millrace
