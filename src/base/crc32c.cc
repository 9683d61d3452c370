// CRC32C with the processor's own instruction, three at a time.
//
// One crc32 instruction takes three cycles, but one may begin in every cycle. So three blocks are
// worked on at once, and their CRCs are joined: the CRC of what is followed by n bytes more is
// multiplied by x^8n modulo the polynomial, which is a carry-less multiplication by a constant.
#include "base/crc_tables.h"
#include "base/hash.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>
#endif

namespace millrace {
namespace {

#if defined(__x86_64__)

constexpr size_t kBlockBytes = 1024;
constexpr size_t kRoundBytes = 3 * kBlockBytes;

// x^power modulo the polynomial, reflected: bit 31 is x^0.
constexpr uint32_t power_of_x(size_t power) {
  uint32_t value = 0x80000000U;
  for (size_t i = 0; i < power; ++i) value = value & 1 ? value >> 1 ^ kCastagnoli : value >> 1;
  return value;
}

// The product of two reflected values comes out multiplied by x, and reducing it by the crc32
// instruction multiplies it by x^32: hence 33 less.
constexpr uint32_t kOverOneBlock = power_of_x(8 * kBlockBytes - 33);
constexpr uint32_t kOverTwoBlocks = power_of_x(16 * kBlockBytes - 33);

uint64_t word_at(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

__attribute__((target("sse4.2,pclmul"))) uint64_t moved_over(uint64_t crc, uint32_t constant) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(crc)),
                           _mm_cvtsi64_si128(static_cast<int64_t>(uint64_t{constant})), 0);
  return _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(product)));
}

__attribute__((target("sse4.2,pclmul"))) uint32_t crc_by_instruction(uint32_t seed,
                                                                     BytesView bytes) {
  uint64_t value = ~seed;
  const char* p = bytes.data();
  size_t n = bytes.size();
  for (; n >= kRoundBytes; n -= kRoundBytes, p += kRoundBytes) {
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < kBlockBytes; i += 8) {
      value = _mm_crc32_u64(value, word_at(p + i));
      second = _mm_crc32_u64(second, word_at(p + kBlockBytes + i));
      third = _mm_crc32_u64(third, word_at(p + 2 * kBlockBytes + i));
    }
    value = moved_over(value, kOverTwoBlocks) ^ moved_over(second, kOverOneBlock) ^ third;
  }
  for (; n >= 8; n -= 8, p += 8) value = _mm_crc32_u64(value, word_at(p));
  auto last = static_cast<uint32_t>(value);
  for (; n > 0; --n, ++p) last = _mm_crc32_u8(last, static_cast<uint8_t>(*p));
  return ~last;
}

bool has_instruction() {
  static const bool kHas = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
  return kHas;
}

#endif

}  // namespace

uint32_t crc32c(uint32_t seed, BytesView bytes) {
#if defined(__x86_64__)
  if (has_instruction()) return crc_by_instruction(seed, bytes);
#endif
  return crc_by_table<uint32_t, kCastagnoli>(seed, bytes);
}

}  // namespace millrace
