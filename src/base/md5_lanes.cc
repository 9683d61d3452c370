#include "base/md5_lanes.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/md5_steps.h"
#include "base/result.h"

namespace millrace {
namespace {

using md5_steps::Eight;
using md5_steps::Four;
using md5_steps::mix_block;
using md5_steps::Words;

constexpr size_t kBlock = kDigestBlockBytes;

static_assert(std::endian::native == std::endian::little);

using State = Md5State;

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
  Words<Four> w{{state[0]}, {state[1]}, {state[2]}, {state[3]}};
  for (; blocks > 0; --blocks, bytes += kBlock) {
    Four message[16];
    for (size_t i = 0; i < 16; ++i) {
      uint32_t word = 0;
      std::memcpy(&word, bytes + 4 * i, sizeof word);
      message[i] = Four{word};
    }
    mix_block(w, message);
  }
  state = {w.a[0], w.b[0], w.c[0], w.d[0]};
}

// Eight words of each of eight streams, turned round: out[i] has the word i of every stream.
[[gnu::always_inline]] inline void turn_round(const char* const* bytes, size_t offset, Eight* out) {
  Eight row[8];
  for (size_t i = 0; i < 8; ++i) std::memcpy(&row[i], bytes[i] + offset, sizeof row[i]);
  Eight pair[8];
  for (size_t i = 0; i < 8; i += 2) {
    pair[i] = __builtin_shufflevector(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    pair[i + 1] = __builtin_shufflevector(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  Eight four[8];
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
  Words<Eight> w{};
  for (size_t i = 0; i < kMd5Lanes; ++i) {
    w.a[i] = (*states[i])[0];
    w.b[i] = (*states[i])[1];
    w.c[i] = (*states[i])[2];
    w.d[i] = (*states[i])[3];
  }
  for (size_t offset = 0; offset < blocks * kBlock; offset += kBlock) {
    Eight message[16];
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

using Work = TwinWork;

// MD5 alone.
void digest_md5(std::span<const Work> work, size_t blocks) {
  const Kernel& best = kernel();
  if (work.size() > 1 && work.size() <= kTwinLanes && has_twin_digest()) {
    return twin_digest(work, blocks);  // Half as wide, and quicker.
  }
  if (best.digest_eight == nullptr || work.size() == 1) {
    for (const Work& one : work) best.digest_one(*one.md5, one.bytes, blocks);
    return;
  }
  // Lanes without a stream repeat the last one, into a state that nobody reads.
  States states{};
  const char* bytes[kMd5Lanes];
  State unused{};
  for (size_t i = 0; i < kMd5Lanes; ++i) {
    states[i] = i < work.size() ? work[i].md5 : &unused;
    bytes[i] = work[std::min(i, work.size() - 1)].bytes;
  }
  best.digest_eight(states, bytes, blocks);
}

// Those with a SHA-256 go in groups as even as can be, and others in the lanes that are left.
void digest_blocks(std::span<Work> work, size_t blocks) {
  const auto both = std::ranges::partition(work, [](const Work& w) { return w.sha256 != nullptr; });
  size_t twins = work.size() - both.size();
  while (twins > 0) {
    const size_t groups = (twins + kTwinLanes - 1) / kTwinLanes;
    const size_t here = (twins + groups - 1) / groups;
    const size_t lanes = here == twins ? std::min(kTwinLanes, work.size()) : here;
    twin_digest(work.first(lanes), blocks);
    work = work.subspan(lanes);
    twins -= here;
  }
  if (!work.empty()) digest_md5(work, blocks);
}

// The end of a stream of `size` bytes, of which less than a block is left: what was left, a bit, as
// many zeroes as fit, and its length in bits. Answers how many blocks that is.
size_t end_blocks(std::span<char, 2 * kBlock> out, BytesView left, uint64_t size,
                  std::endian order) {
  const size_t blocks = left.size() < kBlock - 8 ? 1 : 2;
  std::ranges::fill(out, '\0');
  std::ranges::copy(left, out.begin());
  out[left.size()] = '\x80';
  uint64_t bits = size * 8;
  if (order == std::endian::big) bits = __builtin_bswap64(bits);
  std::memcpy(out.data() + blocks * kBlock - 8, &bits, sizeof bits);
  return blocks;
}

}  // namespace

Md5Stream Md5Stream::with_sha256() {
  ASSERT(takes_sha256());
  Md5Stream stream;
  stream.sha256_ = kSha256Start;
  return stream;
}

bool Md5Stream::takes_sha256() { return has_twin_digest(); }

void Md5Stream::digest(const char* bytes, size_t blocks) {
  Work work{&state_, sha256_ ? &*sha256_ : nullptr, bytes};
  digest_blocks({&work, 1}, blocks);
}

BytesView Md5Stream::fill_block(BytesView bytes) {
  size_ += bytes.size();
  if (held_ == 0) return bytes;
  const size_t n = std::min(kBlock - held_, bytes.size());
  std::memcpy(block_.data() + held_, bytes.data(), n);
  held_ += n;
  if (held_ == kBlock) {
    digest(block_.data(), 1);
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
  if (blocks > 0) digest(bytes.data(), blocks);
  keep(bytes.substr(blocks * kBlock));
}

Md5Stream::Digests Md5Stream::finish() {
  char end[2 * kBlock];
  Digests out;
  size_t blocks = end_blocks(end, {block_.data(), held_}, size_, std::endian::little);
  digest_one(state_, end, blocks);
  out.md5 = {reinterpret_cast<const char*>(state_.data()), sizeof state_};
  if (!sha256_) return out;
  State unused{};
  blocks = end_blocks(end, {block_.data(), held_}, size_, std::endian::big);
  const Work work{&unused, &*sha256_, end};
  twin_digest({&work, 1}, blocks);
  for (uint32_t& word : *sha256_) word = __builtin_bswap32(word);
  out.sha256 = {reinterpret_cast<const char*>(sha256_->data()), sizeof *sha256_};
  return out;
}

void Md5Lanes::add(Md5Stream& stream, BytesView bytes, void* tag) {
  ASSERT(!full());
  lanes_[count_++] = {&stream, stream.fill_block(bytes), tag};
}

void Md5Lanes::advance(size_t bytes_max) {
  size_t blocks = bytes_max / kBlock;
  std::array<Work, kMd5Lanes> work{};
  for (size_t i = 0; i < count_; ++i) {
    Md5Stream& stream = *lanes_[i].stream;
    blocks = std::min(blocks, lanes_[i].bytes.size() / kBlock);
    work[i] = {&stream.state_, stream.sha256_ ? &*stream.sha256_ : nullptr, lanes_[i].bytes.data()};
  }
  if (blocks == 0) return;
  digest_blocks(std::span(work).first(count_), blocks);
  for (size_t i = 0; i < count_; ++i) lanes_[i].bytes.remove_prefix(blocks * kBlock);
}

}  // namespace millrace
