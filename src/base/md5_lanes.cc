#include "base/md5_lanes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "base/result.h"

namespace millrace {
namespace {

constexpr size_t kBlock = 64;

// floor(2^32 * abs(sin(i + 1))).
constexpr std::array<uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<int, 4>, 4> kTurns = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

// One word of one stream, or of eight: the steps are the same. A Single has its word in the first
// place of a vector, whose instructions need four cycles a step where others need five.
using Vector = uint32_t __attribute__((vector_size(32)));
using Single = uint32_t __attribute__((vector_size(16)));
template <class Word>
struct Words {
  Word a, b, c, d;
};

// Has `word` made here. A step waits for the step before it, so what can be added without that is
// to be added first; the compiler would choose another order.
[[gnu::always_inline]] inline void make_now(uint32_t& word) { asm("" : "+r"(word)); }
[[gnu::always_inline]] inline void make_now(Single& word) { asm("" : "+x"(word)); }
[[gnu::always_inline]] inline void make_now(Vector&) {}  // As the compiler would.

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

template <class Word, int... kSteps>
[[gnu::always_inline]] inline void take_steps(Words<Word>& w, const Word* message,
                                              std::integer_sequence<int, kSteps...>) {
  (take_step<kSteps>(w, message), ...);
}

template <class Word>
[[gnu::always_inline]] inline void mix_block(Words<Word>& w, const Word* message) {
  const Words<Word> before = w;
  take_steps(w, message, std::make_integer_sequence<int, 64>());
  w.a += before.a;
  w.b += before.b;
  w.c += before.c;
  w.d += before.d;
}

static_assert(std::endian::native == std::endian::little);

using State = std::array<uint32_t, 4>;

void digest_one(State& state, const char* bytes, size_t blocks) {
  Words<uint32_t> w{state[0], state[1], state[2], state[3]};
  for (; blocks > 0; --blocks, bytes += kBlock) {
    uint32_t message[16];
    std::memcpy(message, bytes, kBlock);
    mix_block(w, message);
  }
  state = {w.a, w.b, w.c, w.d};
}

[[gnu::target("avx512vl")]] void digest_one_avx512(State& state, const char* bytes, size_t blocks) {
  Words<Single> w{{state[0]}, {state[1]}, {state[2]}, {state[3]}};
  for (; blocks > 0; --blocks, bytes += kBlock) {
    Single message[16];
    for (size_t i = 0; i < 16; ++i) {
      uint32_t word = 0;
      std::memcpy(&word, bytes + 4 * i, sizeof word);
      message[i] = Single{word};
    }
    mix_block(w, message);
  }
  state = {w.a[0], w.b[0], w.c[0], w.d[0]};
}

// Eight words of each of eight streams, turned round: out[i] has the word i of every stream.
[[gnu::always_inline]] inline void turn_round(const char* const* bytes, size_t offset,
                                              Vector* out) {
  Vector row[8];
  for (size_t i = 0; i < 8; ++i) std::memcpy(&row[i], bytes[i] + offset, sizeof row[i]);
  Vector pair[8];
  for (size_t i = 0; i < 8; i += 2) {
    pair[i] = __builtin_shufflevector(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    pair[i + 1] = __builtin_shufflevector(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  Vector four[8];
  for (size_t i = 0; i < 8; i += 4) {
    four[i] = __builtin_shufflevector(pair[i], pair[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    four[i + 1] = __builtin_shufflevector(pair[i], pair[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    four[i + 2] = __builtin_shufflevector(pair[i + 1], pair[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    four[i + 3] = __builtin_shufflevector(pair[i + 1], pair[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (size_t i = 0; i < 4; ++i) {
    out[i] = __builtin_shufflevector(four[i], four[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    out[i + 4] = __builtin_shufflevector(four[i], four[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

using States = std::array<State*, kMd5Lanes>;

[[gnu::always_inline]] inline void digest_eight(const States& states, const char* const* bytes,
                                                size_t blocks) {
  Words<Vector> w{};
  for (size_t i = 0; i < kMd5Lanes; ++i) {
    w.a[i] = (*states[i])[0];
    w.b[i] = (*states[i])[1];
    w.c[i] = (*states[i])[2];
    w.d[i] = (*states[i])[3];
  }
  for (size_t offset = 0; offset < blocks * kBlock; offset += kBlock) {
    Vector message[16];
    turn_round(bytes, offset, message);
    turn_round(bytes, offset + kBlock / 2, message + 8);
    mix_block(w, message);
  }
  for (size_t i = 0; i < kMd5Lanes; ++i) *states[i] = {w.a[i], w.b[i], w.c[i], w.d[i]};
}

[[gnu::target("avx512vl")]] void digest_eight_avx512(const States& states, const char* const* bytes,
                                                     size_t blocks) {
  digest_eight(states, bytes, blocks);
}

[[gnu::target("avx2")]] void digest_eight_avx2(const States& states, const char* const* bytes,
                                               size_t blocks) {
  digest_eight(states, bytes, blocks);
}

// What the processor is best at: with one stream, and with more.
struct Kernel {
  void (*digest_one)(State&, const char*, size_t) = nullptr;
  void (*digest_eight)(const States&, const char* const*, size_t) = nullptr;
};

// AVX2 cannot turn words in one instruction, so a stream alone goes without it.
Kernel find_kernel() {
  if (__builtin_cpu_supports("avx512vl")) return {digest_one_avx512, digest_eight_avx512};
  if (__builtin_cpu_supports("avx2")) return {digest_one, digest_eight_avx2};
  return {digest_one, nullptr};
}

const Kernel& kernel() {
  static const Kernel kFound = find_kernel();
  return kFound;
}

struct Work {
  State* state = nullptr;
  const char* bytes = nullptr;
};

void digest_blocks(std::span<const Work> work, size_t blocks) {
  const Kernel& best = kernel();
  if (best.digest_eight == nullptr || work.size() == 1) {
    for (const Work& one : work) best.digest_one(*one.state, one.bytes, blocks);
    return;
  }
  // Lanes without a stream repeat the last one, into a state that nobody reads.
  States states{};
  const char* bytes[kMd5Lanes];
  State unused{};
  for (size_t i = 0; i < kMd5Lanes; ++i) {
    states[i] = i < work.size() ? work[i].state : &unused;
    bytes[i] = work[std::min(i, work.size() - 1)].bytes;
  }
  best.digest_eight(states, bytes, blocks);
}

}  // namespace

BytesView Md5Stream::fill_block(BytesView bytes) {
  size_ += bytes.size();
  if (held_ == 0) return bytes;
  const size_t n = std::min(kBlock - held_, bytes.size());
  std::memcpy(block_.data() + held_, bytes.data(), n);
  held_ += n;
  if (held_ == kBlock) {
    digest_one(state_, block_.data(), 1);
    held_ = 0;
  }
  return bytes.substr(n);
}

void Md5Stream::keep(BytesView rest) {
  if (rest.empty()) return;
  ASSERT(held_ == 0);
  ASSERT(rest.size() < kBlock);
  std::memcpy(block_.data(), rest.data(), rest.size());
  held_ = rest.size();
}

void Md5Stream::update(BytesView bytes) {
  bytes = fill_block(bytes);
  const size_t blocks = bytes.size() / kBlock;
  const Work work{&state_, bytes.data()};
  if (blocks > 0) digest_blocks({&work, 1}, blocks);
  keep(bytes.substr(blocks * kBlock));
}

Bytes Md5Stream::finish() {
  const uint64_t bits = size_ * 8;
  Bytes padding((held_ < 56 ? 56 : 120) - held_, '\0');
  padding[0] = '\x80';
  padding.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  update(padding);
  return {reinterpret_cast<const char*>(state_.data()), sizeof state_};
}

void Md5Lanes::add(Md5Stream& stream, BytesView bytes, void* tag) {
  ASSERT(!full());
  lanes_[count_++] = {&stream, stream.fill_block(bytes), tag};
}

void Md5Lanes::advance(size_t bytes_max) {
  size_t blocks = bytes_max / kBlock;
  std::array<Work, kMd5Lanes> work{};
  for (size_t i = 0; i < count_; ++i) {
    blocks = std::min(blocks, lanes_[i].bytes.size() / kBlock);
    work[i] = {&lanes_[i].stream->state_, lanes_[i].bytes.data()};
  }
  if (blocks == 0) return;
  digest_blocks(std::span(work).first(count_), blocks);
  for (size_t i = 0; i < count_; ++i) lanes_[i].bytes.remove_prefix(blocks * kBlock);
}

}  // namespace millrace
