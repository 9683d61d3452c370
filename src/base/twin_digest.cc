#include "base/twin_digest.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/md5_steps.h"
#include "base/result.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace millrace {

#if defined(__x86_64__)
namespace {

using md5_steps::Four;
using md5_steps::Words;

constexpr int kWordsInGroup = 4;  // Of SHA-256, whose 64 rounds go by fours.

// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::array<uint32_t, 64> kSha256Constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// One stream's SHA-256 as the instructions want it: the words a, b, e, f in one register and
// c, d, g, h in the other; and the sixteen words of the message that are in use.
struct Sha {
  __m128i abef;
  __m128i cdgh;
  __m128i message[4];
};

[[gnu::target("avx512vl,sha"), gnu::always_inline]] inline void load(Sha& sha,
                                                                     const Sha256State& state) {
  const auto* const words = reinterpret_cast<const __m128i*>(state.data());
  const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xB1);
  const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1B);
  sha.abef = _mm_alignr_epi8(badc, hgfe, 8);
  sha.cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
}

[[gnu::target("avx512vl,sha"), gnu::always_inline]] inline void store(const Sha& sha,
                                                                      Sha256State& state) {
  auto* const words = reinterpret_cast<__m128i*>(state.data());
  const __m128i feba = _mm_shuffle_epi32(sha.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(sha.cdgh, 0xB1);
  _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}

// Four rounds of a block.
template <int kGroup>
[[gnu::target("avx512vl,sha"), gnu::always_inline]] inline void take_rounds(Sha& sha,
                                                                            const char* block) {
  __m128i* const m = sha.message;
  constexpr int kHere = kGroup % 4;
  constexpr int kBefore = (kGroup + 3) % 4;
  if constexpr (kGroup < 4) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    const auto* const words = reinterpret_cast<const __m128i*>(block) + kGroup;
    m[kHere] = _mm_shuffle_epi8(_mm_loadu_si128(words), big_endian);
  } else {
    const __m128i seven_back = _mm_alignr_epi8(m[kBefore], m[(kGroup + 2) % 4], 4);
    const __m128i mixed = _mm_sha256msg1_epu32(m[kHere], m[(kGroup + 1) % 4]);
    m[kHere] = _mm_sha256msg2_epu32(_mm_add_epi32(mixed, seven_back), m[kBefore]);
  }
  const auto* const constants = reinterpret_cast<const __m128i*>(kSha256Constants.data()) + kGroup;
  const __m128i sum = _mm_add_epi32(m[kHere], _mm_load_si128(constants));
  sha.cdgh = _mm_sha256rnds2_epu32(sha.cdgh, sha.abef, sum);
  sha.abef = _mm_sha256rnds2_epu32(sha.abef, sha.cdgh, _mm_shuffle_epi32(sum, 0x0E));
}

// The words of a block of each of four streams, turned round: out[i] has the word i of every
// stream.
[[gnu::target("avx512vl,sha"), gnu::always_inline]] inline void turn_round(const char* const* bytes,
                                                                           size_t offset,
                                                                           Four* out) {
  for (size_t i = 0; i < 16; i += 4) {
    Four row[kTwinLanes];
    for (size_t lane = 0; lane < kTwinLanes; ++lane) {
      std::memcpy(&row[lane], bytes[lane] + offset + 4 * i, sizeof row[lane]);
    }
    const Four low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const Four high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const Four low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Four high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    out[i] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    out[i + 1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    out[i + 2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    out[i + 3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
  }
}

template <int kGroup, size_t kShas>
[[gnu::target("avx512vl,sha"), gnu::always_inline]] inline void take_group(
    Words<Four>& words, const Four* message, std::array<Sha, kShas>& shas, const char* const* bytes,
    size_t offset) {
  md5_steps::take_steps<kGroup * kWordsInGroup>(words, message,
                                                std::make_integer_sequence<int, kWordsInGroup>());
  for (size_t i = 0; i < kShas; ++i) take_rounds<kGroup>(shas[i], bytes[i] + offset);
}

// Four steps of MD5, four rounds of every SHA-256, and so on: near enough to each other for the
// processor to have them under way at once.
template <size_t kShas, int... kGroups>
[[gnu::target("avx512vl,sha"), gnu::always_inline]] inline void mix_blocks(
    Words<Four>& words, const Four* message, std::array<Sha, kShas>& shas, const char* const* bytes,
    size_t offset, std::integer_sequence<int, kGroups...>) {
  const Words<Four> before = words;
  const std::array<Sha, kShas> begun = shas;
  (take_group<kGroups>(words, message, shas, bytes, offset), ...);
  md5_steps::add(words, before);
  for (size_t i = 0; i < kShas; ++i) {
    shas[i].abef = _mm_add_epi32(shas[i].abef, begun[i].abef);
    shas[i].cdgh = _mm_add_epi32(shas[i].cdgh, begun[i].cdgh);
  }
}

// The first kShas of `work` have a SHA-256. Lanes without a stream repeat the last one.
template <size_t kShas>
[[gnu::target("avx512vl,sha")]] void digest(std::span<const TwinWork> work, size_t blocks) {
  Words<Four> words{};
  const char* bytes[kTwinLanes];
  std::array<Sha, kShas> shas;
  for (size_t i = 0; i < kTwinLanes; ++i) {
    const TwinWork& one = work[std::min(i, work.size() - 1)];
    bytes[i] = one.bytes;
    words.a[i] = (*one.md5)[0];
    words.b[i] = (*one.md5)[1];
    words.c[i] = (*one.md5)[2];
    words.d[i] = (*one.md5)[3];
    if (i < kShas) load(shas[i], *one.sha256);
  }
  for (size_t offset = 0; offset < blocks * kDigestBlockBytes; offset += kDigestBlockBytes) {
    Four message[16];
    turn_round(bytes, offset, message);
    mix_blocks(words, message, shas, bytes, offset, std::make_integer_sequence<int, 16>());
  }
  for (size_t i = 0; i < work.size(); ++i) {
    *work[i].md5 = {words.a[i], words.b[i], words.c[i], words.d[i]};
    if (i < kShas) store(shas[i], *work[i].sha256);
  }
}

}  // namespace

bool has_twin_digest() {
  static const bool kFound = __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("sha");
  return kFound;
}

void twin_digest(std::span<const TwinWork> work, size_t blocks) {
  ASSERT(!work.empty());
  ASSERT(work.size() <= kTwinLanes);
  const auto shas = static_cast<size_t>(
      std::ranges::count_if(work, [](const TwinWork& one) { return one.sha256 != nullptr; }));
  switch (shas) {
    case 0:
      return digest<0>(work, blocks);
    case 1:
      return digest<1>(work, blocks);
    case 2:
      return digest<2>(work, blocks);
    case 3:
      return digest<3>(work, blocks);
    default:
      ASSERT(shas == kTwinLanes);
      return digest<4>(work, blocks);
  }
}

#else

bool has_twin_digest() { return false; }
void twin_digest(std::span<const TwinWork>, size_t) { ASSERT(false); }

#endif

}  // namespace millrace
