// The arithmetic of MD5 (RFC 1321), for one stream or for several in the lanes of a vector.
// Pure. Private to the module.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace millrace::md5_steps {

// floor(2^32 * abs(sin(i + 1))).
inline constexpr std::array<uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
inline constexpr std::array<std::array<int, 4>, 4> kTurns = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

// One word of one stream, or of the streams in the lanes of a vector: the steps are the same. Also
// one stream alone goes best in the first lane of a Four, whose instructions need four cycles a
// step where others need five.
using Four = uint32_t __attribute__((vector_size(16)));
using Eight = uint32_t __attribute__((vector_size(32)));
template <class Word>
struct Words {
  Word a, b, c, d;
};

// Has `word` made here. A step waits for the step before it, so what can be added without that is
// to be added first; the compiler would choose another order.
[[gnu::always_inline]] inline void make_now(uint32_t& word) { asm("" : "+r"(word)); }
[[gnu::always_inline]] inline void make_now(Four& word) { asm("" : "+x"(word)); }
[[gnu::always_inline]] inline void make_now(Eight&) {}  // As the compiler would.

template <int kStep, class Word>
[[gnu::always_inline]] inline void take_step(Words<Word>& w, const Word* message) {
  constexpr int kRound = kStep / 16;
  constexpr int kWord = kRound == 0   ? kStep
                        : kRound == 1 ? (5 * kStep + 1) % 16
                        : kRound == 2 ? (3 * kStep + 5) % 16
                                      : 7 * kStep % 16;
  constexpr int kTurn = kTurns[kRound][kStep % 4];
  Word mixed = w.a + message[kWord] + kSines[kStep];
  // As numbers, two words without a common bit are added where vectors unite them in passing.
  if constexpr (kRound == 1 && std::is_integral_v<Word>) mixed += w.c & ~w.d;
  make_now(mixed);
  if constexpr (kRound == 0) mixed += w.d ^ (w.b & (w.c ^ w.d));
  if constexpr (kRound == 1 && std::is_integral_v<Word>) mixed += w.b & w.d;
  if constexpr (kRound == 1 && !std::is_integral_v<Word>) mixed += (w.b & w.d) | (w.c & ~w.d);
  if constexpr (kRound == 2) mixed += w.b ^ w.c ^ w.d;
  if constexpr (kRound == 3) mixed += w.c ^ (w.b | ~w.d);
  const Word turned = (mixed << kTurn) | (mixed >> (32 - kTurn));
  w.a = w.d;
  w.d = w.c;
  w.c = w.b;
  w.b += turned;
}

// The steps from kFrom on, as many as the sequence is long.
template <int kFrom, class Word, int... kSteps>
[[gnu::always_inline]] inline void take_steps(Words<Word>& w, const Word* message,
                                              std::integer_sequence<int, kSteps...>) {
  (take_step<kFrom + kSteps>(w, message), ...);
}

template <class Word>
[[gnu::always_inline]] inline void add(Words<Word>& w, const Words<Word>& before) {
  w.a += before.a;
  w.b += before.b;
  w.c += before.c;
  w.d += before.d;
}

template <class Word>
[[gnu::always_inline]] inline void mix_block(Words<Word>& w, const Word* message) {
  const Words<Word> before = w;
  take_steps<0>(w, message, std::make_integer_sequence<int, 64>());
  add(w, before);
}

}  // namespace millrace::md5_steps
