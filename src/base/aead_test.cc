#include "base/aead.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/gcm.h"
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

using Make = std::unique_ptr<Gcm> (*)(BytesView key);

class Gcms : public testing::TestWithParam<Make> {
 protected:
  // Null on a processor that lacks what this way needs.
  static std::unique_ptr<Gcm> make(BytesView key) { return GetParam()(key); }
};
INSTANTIATE_TEST_SUITE_P(Ways, Gcms, testing::Values(make_vector_gcm, make_openssl_gcm));

TEST_P(Gcms, SealsAndOpensThePublishedVectors) {
  for (const Vector& v : kVectors) {
    const auto gcm = make(unhex(v.key));
    if (gcm == nullptr) GTEST_SKIP();
    const Bytes plain = unhex(v.plain);
    Bytes sealed(plain.size() + Cipher::kTagBytes, '\0');
    gcm->seal(unhex(v.nonce), unhex(v.bound), plain, sealed.data());
    EXPECT_EQ(to_hex(sealed), std::string(v.cipher) + std::string(v.tag));
    Bytes opened(plain.size(), '?');
    ASSERT_TRUE(open_with(*gcm, unhex(v.nonce), unhex(v.bound), sealed, opened.data()));
    EXPECT_EQ(opened, plain);
  }
}

TEST_P(Gcms, RefusesEveryFlippedBitAndZeroesWhatItWrote) {
  const Vector& v = kVectors[2];
  const auto gcm = make(unhex(v.key));
  if (gcm == nullptr) GTEST_SKIP();
  const Bytes sealed = unhex(v.cipher) + unhex(v.tag);
  const Bytes bound = unhex(v.bound);
  Bytes out(sealed.size() - Cipher::kTagBytes, '?');
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes torn = sealed;
    torn[bit / 8] = static_cast<char>(torn[bit / 8] ^ 1 << bit % 8);
    ASSERT_FALSE(open_with(*gcm, unhex(v.nonce), bound, torn, out.data())) << bit;
    ASSERT_EQ(out, Bytes(out.size(), '\0'));
  }
  EXPECT_FALSE(open_with(*gcm, unhex(v.nonce), bound.substr(1), sealed, out.data()));
  EXPECT_FALSE(open_with(*gcm, Bytes(12, 'n'), bound, sealed, out.data()));
  EXPECT_FALSE(open_with(*gcm, unhex(v.nonce), bound, "short", out.data()));
}

TEST_P(Gcms, TakesTextsWithoutMemory) {
  const auto gcm = make(Bytes(32, 'k'));
  if (gcm == nullptr) GTEST_SKIP();
  Bytes sealed(Cipher::kTagBytes, '\0');
  gcm->seal(Bytes(12, 'n'), BytesView(), BytesView(), sealed.data());
  EXPECT_NE(sealed, Bytes(Cipher::kTagBytes, '\0'));
  EXPECT_TRUE(open_with(*gcm, Bytes(12, 'n'), BytesView(), sealed, nullptr));
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

TEST(Cipher, RefusesAnotherNonceAndWhatIsTooShort) {
  Cipher cipher(Bytes(32, 'k'));
  Bytes sealed(4 + Cipher::kTagBytes, '\0');
  cipher.seal(Bytes(12, 'n'), "bound", "text", sealed.data());
  Bytes out(4, '?');
  EXPECT_FALSE(cipher.open(Bytes(12, 'm'), "bound", sealed, out.data()));
  EXPECT_FALSE(cipher.open(Bytes(12, 'n'), "bound", "short", out.data()));
  ASSERT_TRUE(cipher.open(Bytes(12, 'n'), "bound", sealed, out.data()));
  EXPECT_EQ(out, "text");
}

// Around the blocks, groups of blocks and counters in which the faster way works, and in place.
TEST(Gcm, BothWaysGiveTheSameBytes) {
  const auto fast = make_vector_gcm(Bytes(32, 'k'));
  if (fast == nullptr) GTEST_SKIP();
  const auto plain = make_openssl_gcm(Bytes(32, 'k'));
  std::vector<size_t> sizes;
  for (size_t size = 0; size <= 1100; ++size) sizes.push_back(size);
  for (const size_t size : {4095, 4096, 4097, 65519, 65520, 65521, 1 << 20}) sizes.push_back(size);
  for (const size_t size : sizes) {
    Bytes text(size, '\0');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 131 + size);
    const Bytes nonce(Cipher::kNonceBytes, static_cast<char>(size));
    const Bytes bound(size % 67, 'b');
    Bytes one(size + Cipher::kTagBytes, '\0');
    Bytes other = one;
    fast->seal(nonce, bound, text, one.data());
    plain->seal(nonce, bound, text, other.data());
    ASSERT_EQ(one, other) << size;
    ASSERT_TRUE(open_with(*fast, nonce, bound, one, one.data())) << size;
    ASSERT_EQ(BytesView(one).substr(0, size), text) << size;
    other.back() = static_cast<char>(other.back() ^ 1);
    ASSERT_FALSE(open_with(*fast, nonce, bound, other, other.data())) << size;
    ASSERT_EQ(BytesView(other).substr(0, size), Bytes(size, '\0')) << size;
  }
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
