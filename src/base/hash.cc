#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/result.h"

namespace millrace {
namespace {

const EVP_MD* algorithm(DigestKind kind) {
  switch (kind) {
    case DigestKind::md5: return EVP_md5();
    case DigestKind::sha1: return EVP_sha1();
    case DigestKind::sha256: return EVP_sha256();
    case DigestKind::sha512: return EVP_sha512();
  }
  return EVP_sha256();
}

// Eight tables, so that eight bytes are folded at once ("slicing by eight").
template <class Word, Word kPolynomial>
constexpr auto crc_tables() {
  std::array<std::array<Word, 256>, 8> tables{};
  for (unsigned i = 0; i < 256; ++i) {
    Word value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ kPolynomial : value >> 1;
    tables[0][i] = value;
  }
  for (unsigned i = 0; i < 256; ++i) {
    for (size_t t = 1; t < 8; ++t) {
      tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
    }
  }
  return tables;
}

template <class Word, Word kPolynomial>
Word crc(Word seed, BytesView bytes) {
  static constexpr auto kTables = crc_tables<Word, kPolynomial>();
  Word value = static_cast<Word>(~seed);
  const char* p = bytes.data();
  size_t n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t chunk = 0;
    for (int i = 0; i < 8; ++i) chunk |= static_cast<uint64_t>(static_cast<uint8_t>(p[i])) << 8 * i;
    chunk ^= value;
    value = 0;
    for (size_t i = 0; i < 8; ++i) value ^= kTables[7 - i][chunk >> 8 * i & 255];
  }
  for (; n > 0; --n, ++p) value = value >> 8 ^ kTables[0][(value ^ static_cast<uint8_t>(*p)) & 255];
  return static_cast<Word>(~value);
}

}  // namespace

struct Digest::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(md); }
};

Digest::Digest(DigestKind kind) : context_(std::make_unique<Context>()) {
  ASSERT(EVP_DigestInit_ex(context_->md, algorithm(kind), nullptr) == 1);
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(BytesView bytes) {
  ASSERT(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
}

Bytes Digest::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned length = 0;
  ASSERT(EVP_DigestFinal_ex(context_->md, out.data(), &length) == 1);
  return Bytes(reinterpret_cast<const char*>(out.data()), length);
}

Bytes md5(BytesView bytes) {
  Digest digest(DigestKind::md5);
  digest.update(bytes);
  return digest.finish();
}

Bytes sha256(BytesView bytes) {
  std::array<unsigned char, 32> out{};
  unsigned length = 0;
  ASSERT(EVP_Digest(bytes.data(), bytes.size(), out.data(), &length, EVP_sha256(), nullptr) == 1);
  return Bytes(reinterpret_cast<const char*>(out.data()), length);
}

Bytes hmac_sha256(BytesView key, BytesView bytes) {
  std::array<unsigned char, 32> out{};
  unsigned length = 0;
  const auto* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(), &length);
  ASSERT(made != nullptr);
  return Bytes(reinterpret_cast<const char*>(out.data()), length);
}

uint32_t crc32(uint32_t seed, BytesView bytes) { return crc<uint32_t, 0xEDB88320U>(seed, bytes); }
uint32_t crc32c(uint32_t seed, BytesView bytes) { return crc<uint32_t, 0x82F63B78U>(seed, bytes); }
uint64_t crc64_nvme(uint64_t seed, BytesView bytes) {
  return crc<uint64_t, 0x9A6C9329AC4BC9B5ULL>(seed, bytes);
}

}  // namespace millrace
