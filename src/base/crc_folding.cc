// CRC-32 and CRC-64/NVME by carry-less multiplication where the processor has it, else by table.
//
// Bytes are polynomials over GF(2), and a CRC is what is left of one divided by another. So sixteen
// bytes may be moved over those that follow them, added to them and forgotten: multiplied by x to
// the distance, modulo the polynomial, which is one multiplication of each half by a constant.
// Eight such blocks are under way at a time, because a multiplication takes several cycles but one
// may begin in each. The last sixteen bytes, and what is shorter, go by table. Source: V. Gopal et
// al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009.
#include "base/crc_tables.h"
#include "base/hash.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace millrace {
namespace {

constexpr uint32_t kIeee = 0xEDB88320U;            // Reflected, as all of these.
constexpr uint64_t kNvme = 0x9A6C9329AC4BC9B5ULL;  // "Rocksoft".

#if defined(__x86_64__)

constexpr size_t kBlockBytes = 16;
constexpr size_t kLanes = 8;
constexpr size_t kRoundBytes = kLanes * kBlockBytes;

// x^power modulo the polynomial, as the upper bits of 64: bit 63 is x^0.
template <class Word, Word kPolynomial>
constexpr uint64_t power_of_x(size_t power) {
  constexpr unsigned kBits = 8 * sizeof(Word);
  Word value = Word{1} << (kBits - 1);
  for (size_t i = 0; i < power; ++i) value = value & 1 ? value >> 1 ^ kPolynomial : value >> 1;
  return static_cast<uint64_t>(value) << (64 - kBits);
}

// What the halves of a block are multiplied by to be moved over so many bytes. The first half is 64
// bits further away; the product of two reflected values comes out multiplied by x, hence one less.
template <class Word, Word kPolynomial>
struct Mover {
  template <size_t kBytes>
  __attribute__((target("pclmul"))) static __m128i over(__m128i block) {
    constexpr uint64_t kFirst = power_of_x<Word, kPolynomial>(8 * kBytes + 63);
    constexpr uint64_t kSecond = power_of_x<Word, kPolynomial>(8 * kBytes - 1);
    const __m128i by = _mm_set_epi64x(static_cast<int64_t>(kSecond), static_cast<int64_t>(kFirst));
    return _mm_xor_si128(_mm_clmulepi64_si128(block, by, 0x00),
                         _mm_clmulepi64_si128(block, by, 0x11));
  }
};

__m128i block_at(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

// Of kRoundBytes and more.
template <class Word, Word kPolynomial>
__attribute__((target("pclmul"))) Word crc_by_folding(Word seed, BytesView bytes) {
  using By = Mover<Word, kPolynomial>;
  const char* p = bytes.data();
  size_t n = bytes.size();
  __m128i lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = block_at(p + i * kBlockBytes);
  // What came before is added to the first bytes.
  const auto before = static_cast<uint64_t>(static_cast<Word>(~seed));
  lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128(static_cast<int64_t>(before)));
  for (p += kRoundBytes, n -= kRoundBytes; n >= kRoundBytes; p += kRoundBytes, n -= kRoundBytes) {
    for (size_t i = 0; i < kLanes; ++i) {
      lanes[i] =
          _mm_xor_si128(By::template over<kRoundBytes>(lanes[i]), block_at(p + i * kBlockBytes));
    }
  }
  __m128i all = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) {
    all = _mm_xor_si128(By::template over<kBlockBytes>(all), lanes[i]);
  }
  for (; n >= kBlockBytes; p += kBlockBytes, n -= kBlockBytes) {
    all = _mm_xor_si128(By::template over<kBlockBytes>(all), block_at(p));
  }
  char rest[kBlockBytes];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), all);
  // Nothing came before that is not in `rest`.
  const Word folded =
      crc_by_table<Word, kPolynomial>(static_cast<Word>(~Word{0}), BytesView(rest, kBlockBytes));
  return crc_by_table<Word, kPolynomial>(folded, BytesView(p, n));
}

bool has_instruction() {
  static const bool kHas = __builtin_cpu_supports("pclmul");
  return kHas;
}

#endif

template <class Word, Word kPolynomial>
Word crc(Word seed, BytesView bytes) {
#if defined(__x86_64__)
  if (bytes.size() >= kRoundBytes && has_instruction()) {
    return crc_by_folding<Word, kPolynomial>(seed, bytes);
  }
#endif
  return crc_by_table<Word, kPolynomial>(seed, bytes);
}

}  // namespace

uint32_t crc32(uint32_t seed, BytesView bytes) { return crc<uint32_t, kIeee>(seed, bytes); }
uint64_t crc64_nvme(uint64_t seed, BytesView bytes) { return crc<uint64_t, kNvme>(seed, bytes); }

}  // namespace millrace
