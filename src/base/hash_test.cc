#include "base/hash.h"

#include <gtest/gtest.h>

#include "base/crc_tables.h"

namespace millrace {
namespace {

constexpr std::string_view kCheck = "123456789";

std::string hex_of(DigestKind kind, BytesView bytes) {
  Digest digest(kind);
  digest.update(bytes);
  return to_hex(digest.finish());
}

// FIPS 180-2, appendix; RFC 1321, A.5.
TEST(Digest, MatchesThePublishedVectors) {
  EXPECT_EQ(hex_of(DigestKind::md5, ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_of(DigestKind::md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex_of(DigestKind::sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_of(DigestKind::sha256, ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of(DigestKind::sha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of(DigestKind::sha512, "abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(to_hex(sha256("abc")), hex_of(DigestKind::sha256, "abc"));
  EXPECT_EQ(to_hex(md5("abc")), hex_of(DigestKind::md5, "abc"));
}

TEST(Digest, TakesItsInputInPieces) {
  const Bytes million(1'000'000, 'a');
  Digest digest(DigestKind::sha256);
  for (size_t at = 0; at < million.size(); at += 977) {
    digest.update(BytesView(million).substr(at, 977));
  }
  EXPECT_EQ(to_hex(digest.finish()),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, Moves) {
  Digest first(DigestKind::sha1);
  first.update("ab");
  Digest second = std::move(first);
  second.update("c");
  EXPECT_EQ(to_hex(second.finish()), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

// RFC 4231, cases 1, 2 and 6.
TEST(Hmac, MatchesRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(131, '\xaa'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(to_hex(hmac_sha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 2202.
TEST(HmacSha1, MatchesThePublishedCases) {
  EXPECT_EQ(to_hex(hmac_sha1(Bytes(20, '\x0b'), "Hi There")),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(to_hex(hmac_sha1("Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(to_hex(hmac_sha1(Bytes(80, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First")),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

// Check values of the RevEng catalogue: CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME.
TEST(Crc, MatchesThePublishedCheckValues) {
  EXPECT_EQ(crc32(0, kCheck), 0xCBF43926U);
  EXPECT_EQ(crc32c(0, kCheck), 0xE3069283U);
  EXPECT_EQ(crc64_nvme(0, kCheck), 0xAE8B14860A799888ULL);
  EXPECT_EQ(crc32(0, ""), 0U);
  EXPECT_EQ(crc64_nvme(0, ""), 0U);
}

// RFC 3720, B.4; NVM Express NVM Command Set, "64b CRC" test cases.
TEST(Crc, MatchesTheVectorsOfTheirStandards) {
  Bytes rising(32, '\0');
  for (size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<char>(i);
  EXPECT_EQ(crc32c(0, Bytes(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(0, Bytes(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(0, rising), 0x46DD794EU);
  EXPECT_EQ(crc64_nvme(0, Bytes(4096, '\0')), 0x6482D367EB22B64EULL);
  EXPECT_EQ(crc64_nvme(0, Bytes(4096, '\xFF')), 0xC0DDBA7302ECA3ACULL);
}

// The instruction works on three blocks of 1 KiB at once; the tables on eight bytes.
TEST(Crc, TheInstructionAgreesWithTheTables) {
  Bytes bytes(9'999, '\0');
  uint32_t state = 1;
  for (char& byte : bytes)
    byte = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  for (size_t size = 0; size < bytes.size(); size += size < 40 ? 1 : 509) {
    for (const size_t from : {size_t{0}, size_t{1}, size_t{7}}) {
      const BytesView piece = BytesView(bytes).substr(from, size);
      EXPECT_EQ(crc32c(state, piece), (crc_by_table<uint32_t, kCastagnoli>(state, piece))) << size;
    }
  }
}

// The definition: one bit after the other.
template <class Word>
Word crc_by_bits(Word polynomial, Word seed, BytesView bytes) {
  Word value = static_cast<Word>(~seed);
  for (const char byte : bytes) {
    value ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ polynomial : value >> 1;
  }
  return static_cast<Word>(~value);
}

// Folding works on eight blocks of sixteen bytes at once, then on one, then goes by table.
TEST(Crc, EveryLengthAgreesWithTheDefinition) {
  Bytes bytes(1'500, '\0');
  uint32_t state = 7;
  for (char& byte : bytes)
    byte = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  for (size_t size = 0; size + 3 < bytes.size(); size += size < 300 ? 1 : 37) {
    const BytesView piece = BytesView(bytes).substr(size % 3, size);
    const uint64_t seed = uint64_t{state} * size;
    const auto narrow = static_cast<uint32_t>(seed);
    EXPECT_EQ(crc64_nvme(seed, piece), crc_by_bits<uint64_t>(0x9A6C9329AC4BC9B5ULL, seed, piece))
        << size;
    EXPECT_EQ(crc32(narrow, piece), crc_by_bits(0xEDB88320U, narrow, piece)) << size;
    EXPECT_EQ(crc32c(narrow, piece), crc_by_bits(kCastagnoli, narrow, piece)) << size;
  }
}

// What is done where the processor cannot multiply without carries.
TEST(Crc, TheTablesAgreeWithTheFolding) {
  const Bytes bytes(4096, '\xA5');
  EXPECT_EQ((crc_by_table<uint64_t, 0x9A6C9329AC4BC9B5ULL>(3, bytes)), crc64_nvme(3, bytes));
  EXPECT_EQ((crc_by_table<uint32_t, 0xEDB88320U>(3, bytes)), crc32(3, bytes));
}

TEST(Crc, ContinuesFromWhatItAnswered) {
  for (size_t cut = 0; cut <= kCheck.size(); ++cut) {
    EXPECT_EQ(crc32(crc32(0, kCheck.substr(0, cut)), kCheck.substr(cut)), 0xCBF43926U);
    EXPECT_EQ(crc32c(crc32c(0, kCheck.substr(0, cut)), kCheck.substr(cut)), 0xE3069283U);
    EXPECT_EQ(crc64_nvme(crc64_nvme(0, kCheck.substr(0, cut)), kCheck.substr(cut)),
              0xAE8B14860A799888ULL);
  }
}

}  // namespace
}  // namespace millrace
