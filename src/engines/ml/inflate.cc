#include "engines/ml/inflate.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

namespace millrace::ml {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kInputBytes = 256 << 10;
constexpr size_t kHistoryBytes = 32 << 10;
constexpr size_t kOutputBytes = 256 << 10;
constexpr size_t kMatchBytesMax = 258;
constexpr size_t kSlackBytes = kMatchBytesMax + 32;  // See copy_back().
constexpr unsigned kCodeBitsMax = 15;
constexpr unsigned kSymbols = 288;
constexpr unsigned kDistances = 32;

// An entry of a table: what stands for it (16 bits) | kind or extra bits (8) | bits of the code
// (8). Where a code is longer than the index, the entry points to a table by the rest of it.
constexpr uint32_t kLiteral = 0x80;
constexpr uint32_t kEnd = 0x40;
constexpr uint32_t kSubtable = 0x20;
constexpr uint32_t kWrong = 0x10;
constexpr uint32_t kExtraBits = 0x0f;

constexpr uint32_t entry_of(uint32_t value, uint32_t kind) { return value << 16 | kind << 8; }
constexpr uint32_t kind_of(uint32_t entry) { return entry >> 8 & 0xff; }
constexpr uint32_t value_of(uint32_t entry) { return entry >> 16; }
constexpr unsigned bits_of(uint32_t entry) { return entry & 0xff; }

constexpr std::array<uint16_t, 29> kLengths = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                               15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                               67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<uint8_t, 29> kLengthBits = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<uint16_t, 30> kDistanceBases = {
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};

// What the symbols of an alphabet stand for, before the bits of their codes are known.
constexpr std::array<uint32_t, kSymbols> make_symbol_meanings() {
  std::array<uint32_t, kSymbols> out{};
  for (uint32_t symbol = 0; symbol < kSymbols; ++symbol) {
    if (symbol < 256) {
      out[symbol] = entry_of(symbol, kLiteral);
    } else if (symbol == 256) {
      out[symbol] = entry_of(0, kEnd);
    } else if (symbol - 257 < kLengths.size()) {
      out[symbol] = entry_of(kLengths[symbol - 257], kLengthBits[symbol - 257]);
    } else {
      out[symbol] = entry_of(0, kWrong);
    }
  }
  return out;
}

constexpr std::array<uint32_t, kDistances> make_distance_meanings() {
  std::array<uint32_t, kDistances> out{};
  for (uint32_t symbol = 0; symbol < kDistances; ++symbol) {
    out[symbol] = symbol < kDistanceBases.size()
                      ? entry_of(kDistanceBases[symbol], symbol < 2 ? 0 : symbol / 2 - 1)
                      : entry_of(0, kWrong);
  }
  return out;
}

constexpr auto kSymbolMeanings = make_symbol_meanings();
constexpr auto kDistanceMeanings = make_distance_meanings();
// The lengths of codes have an alphabet of their own, 0 to 18.
constexpr std::array<uint8_t, 19> kCodeLengthOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
constexpr unsigned kCodeLengthBits = 7;
constexpr unsigned kPrimaryBits = 11;
constexpr unsigned kDistanceBits = 9;

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorKind::invalid, "the gzip data is damaged: " + std::string(what));
}

std::unexpected<Error> truncated() { return fail(ErrorKind::invalid, "the gzip data is cut off"); }

uint32_t reversed(uint32_t code, unsigned bits) {
  uint32_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (code >> i & 1) << (bits - 1 - i);
  return out;
}

struct Canon {
  std::array<uint32_t, kCodeBitsMax + 1> counts{};
  std::array<uint32_t, kCodeBitsMax + 1> next{};  // The next code of each length.
  unsigned longest = 0;
};

// Refuses what is no set of codes: more than fit, or fewer, but for one code of one bit or none.
Result<Canon> canon_of(std::span<const uint8_t> lengths) {
  Canon canon;
  for (const uint8_t length : lengths) ++canon.counts[length];
  canon.counts[0] = 0;
  uint32_t code = 0;
  uint32_t used = 0;
  uint32_t codes = 0;
  for (unsigned bits = 1; bits <= kCodeBitsMax; ++bits) {
    code = (code + canon.counts[bits - 1]) << 1;
    canon.next[bits] = code;
    used += canon.counts[bits] << (kCodeBitsMax - bits);
    codes += canon.counts[bits];
    if (canon.counts[bits] > 0) canon.longest = bits;
  }
  constexpr uint32_t kWhole = 1u << kCodeBitsMax;
  if (used > kWhole) return damaged("over-subscribed codes");
  if (used < kWhole && (codes > 1 || canon.longest > 1)) return damaged("incomplete codes");
  return canon;
}

// Fills `table`: 2^primary entries by the next bits, and behind them those of longer codes.
Result<void> fill(DecodeTable& table, std::span<const uint8_t> lengths,
                  std::span<const uint32_t> meanings, unsigned primary) {
  TRY(Canon canon, canon_of(lengths));
  const unsigned rest = canon.longest > primary ? canon.longest - primary : 0;
  std::vector<uint32_t>& entries = table.entries;
  table.primary = primary;
  table.rest_mask = (1u << rest) - 1;
  entries.assign(size_t{1} << primary, entry_of(0, kWrong));
  for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    const unsigned bits = lengths[symbol];
    if (bits == 0) continue;
    const uint32_t code = reversed(canon.next[bits]++, bits);
    if (bits <= primary) {
      const uint32_t entry = meanings[symbol] | bits;
      for (size_t at = code; at < size_t{1} << primary; at += size_t{1} << bits) {
        entries[at] = entry;
      }
      continue;
    }
    const uint32_t front = code & ((1u << primary) - 1);
    if (kind_of(entries[front]) != kSubtable) {
      entries[front] = entry_of(static_cast<uint32_t>(entries.size()), kSubtable) | primary;
      entries.resize(entries.size() + (size_t{1} << rest), entry_of(0, kWrong));
    }
    const size_t begin = value_of(entries[front]);
    const uint32_t entry = meanings[symbol] | (bits - primary);
    for (size_t at = code >> primary; at < size_t{1} << rest; at += size_t{1} << (bits - primary)) {
      entries[begin + at] = entry;
    }
  }
  return ok;
}

// The entry of the next code, which is dropped.
inline uint32_t take_entry(BitBuffer& input, const uint32_t* entries, uint32_t mask,
                           uint32_t rest_mask) {
  uint32_t entry = entries[input.bits & mask];
  input.drop(bits_of(entry));
  if (kind_of(entry) == kSubtable) {
    entry = entries[value_of(entry) + (input.bits & rest_mask)];
    input.drop(bits_of(entry));
  }
  return entry;
}

// Copies what stands `distance` before, 8 bytes at a time, 24 at least.
inline void copy_back(uint8_t* to, size_t length, size_t distance) {
  const uint8_t* from = to - distance;
  if (distance >= 8) {
    // Most matches are short: how long they are is no branch then.
    std::memcpy(to, from, 8);
    std::memcpy(to + 8, from + 8, 8);
    std::memcpy(to + 16, from + 16, 8);
    for (size_t done = 24; done < length; done += 8) std::memcpy(to + done, from + done, 8);
  } else if (distance == 1) {
    std::memset(to, *from, length);
  } else {
    for (size_t done = 0; done < length; ++done) to[done] = from[done];
  }
}

}  // namespace

BitReader::BitReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(kInputBytes) {
  now.at = now.end = buffer_.data();
}

Result<bool> BitReader::fetch() {
  if (ended_) return false;
  const auto left = static_cast<size_t>(now.end - now.at);
  std::memmove(buffer_.data(), now.at, left);
  now.at = buffer_.data();
  now.end = now.at + left;
  TRY(const size_t taken,
      source_->read(reinterpret_cast<char*>(buffer_.data()) + left, buffer_.size() - left));
  now.end += taken;
  ended_ = taken == 0;
  return taken > 0;
}

Result<void> BitReader::refill() {
  while (!now.refill()) {
    TRY(const bool more, fetch());
    if (more) continue;
    if (now.ready < zeros_) return ends_here();
    // Bits above the ready ones are those of the last bytes, which are counted here.
    now.bits &= (uint64_t{1} << now.ready) - 1;
    for (; now.ready <= 55; now.ready += 8) {
      if (now.at != now.end) {
        now.bits |= uint64_t{*now.at++} << now.ready;
      } else {
        zeros_ += 8;
      }
    }
    return ok;
  }
  return ok;
}

Result<void> BitReader::copy(uint8_t* to, size_t size) {
  // First what is at hand as bits, then what is in the buffer.
  for (; size > 0 && now.ready >= zeros_ + 8; --size) *to++ = static_cast<uint8_t>(now.take(8));
  if (size == 0) return ok;
  if (zeros_ > 0) return ends_here();
  now.bits = 0;
  while (size > 0) {
    if (now.at == now.end) {
      TRY(const bool more, fetch());
      if (!more) return ends_here();
    }
    const size_t piece = std::min(size, static_cast<size_t>(now.end - now.at));
    std::memcpy(to, now.at, piece);
    now.at += piece;
    to += piece;
    size -= piece;
  }
  return ok;
}

std::unexpected<Error> BitReader::ends_here() {
  cut_off_ = true;
  return truncated();
}

Result<bool> BitReader::at_end() {
  if (now.ready > zeros_ || now.at != now.end) return false;
  TRY(const bool more, fetch());
  return !more;
}

Inflater::Inflater(BitReader& input)
    : input_(input), window_(kHistoryBytes + kOutputBytes + kSlackBytes) {}

void Inflater::reset() {
  made_ = 0;
  block_ = Block::none;
  last_ = ended_ = false;
  error_.reset();
}

Result<BytesView> Inflater::next() {
  // What was handed out before is history now.
  if (made_ > kHistoryBytes) {
    std::memmove(window_.data(), window_.data() + made_ - kHistoryBytes, kHistoryBytes);
    made_ = kHistoryBytes;
  }
  if (error_) return fail(*error_);
  const size_t begin = made_;
  if (Result<void> done = unpack(begin + kOutputBytes); !done) {
    if (!input_.cut_off()) return fail(std::move(done).error());
    error_ = truncated().error();
    if (made_ == begin) return fail(*error_);
  }
  return BytesView(reinterpret_cast<const char*>(window_.data()) + begin, made_ - begin);
}

Result<void> Inflater::unpack(size_t limit) {
  while (!ended_ && made_ < limit) {
    if (block_ == Block::stored) {
      TRY(copy_stored(limit));
    } else if (block_ == Block::coded) {
      TRY(decode(limit));
    } else if (last_) {
      if (input_.cut_off()) return truncated();
      ended_ = true;
    } else {
      TRY(begin_block());
    }
  }
  return ok;
}

Result<void> Inflater::begin_block() {
  TRY(input_.refill());
  last_ = input_.now.take(1) != 0;
  switch (input_.now.take(2)) {
    case 0:
      return begin_stored();
    case 1: {
      std::array<uint8_t, kSymbols> lengths{};
      std::fill(lengths.begin(), lengths.begin() + 144, uint8_t{8});
      std::fill(lengths.begin() + 144, lengths.begin() + 256, uint8_t{9});
      std::fill(lengths.begin() + 256, lengths.begin() + 280, uint8_t{7});
      std::fill(lengths.begin() + 280, lengths.end(), uint8_t{8});
      std::array<uint8_t, kDistances> distances{};
      distances.fill(5);
      block_ = Block::coded;
      TRY(fill(symbols_, lengths, kSymbolMeanings, kPrimaryBits));
      return fill(distances_, distances, kDistanceMeanings, kDistanceBits);
    }
    case 2:
      block_ = Block::coded;
      return read_codes();
    default:
      return damaged("invalid block type");
  }
}

Result<void> Inflater::begin_stored() {
  input_.align();
  std::array<uint8_t, 4> head{};
  TRY(input_.copy(head.data(), head.size()));
  stored_ = head[0] | head[1] << 8;
  if ((stored_ ^ 0xffff) != static_cast<size_t>(head[2] | head[3] << 8)) {
    return damaged("invalid stored block lengths");
  }
  block_ = Block::stored;
  return ok;
}

Result<void> Inflater::read_codes() {
  BitBuffer& input = input_.now;
  const size_t symbols = 257 + input.take(5);
  const size_t distances = 1 + input.take(5);
  const size_t code_lengths = 4 + input.take(4);
  if (symbols > 286 || distances > 30) return damaged("too many length or distance symbols");
  std::array<uint8_t, kCodeLengthOrder.size()> small{};
  unsigned used = 0;
  for (size_t i = 0; i < code_lengths; ++i) {
    TRY(input_.refill());
    const uint32_t bits = input.take(3);
    small[kCodeLengthOrder[i]] = static_cast<uint8_t>(bits);
    if (bits > 0) used += 1u << (kCodeLengthBits - bits);
  }
  if (used != 1u << kCodeLengthBits) return damaged("invalid code lengths set");
  std::array<uint32_t, kCodeLengthOrder.size()> meanings{};
  for (uint32_t i = 0; i < meanings.size(); ++i) meanings[i] = entry_of(i, kLiteral);
  TRY(fill(symbols_, small, meanings, kCodeLengthBits));
  std::array<uint8_t, kSymbols + kDistances> lengths{};
  for (size_t at = 0; at < symbols + distances;) {
    TRY(input_.refill());
    const uint32_t entry =
        take_entry(input, symbols_.entries.data(), (1u << kCodeLengthBits) - 1, 0);
    const uint32_t value = value_of(entry);
    if (value < 16) {
      lengths[at++] = static_cast<uint8_t>(value);
      continue;
    }
    if (value == 16 && at == 0) return damaged("invalid bit length repeat");
    const uint8_t repeated = value == 16 ? lengths[at - 1] : uint8_t{0};
    const size_t times = value == 16   ? 3 + input.take(2)
                         : value == 17 ? 3 + input.take(3)
                                       : 11 + input.take(7);
    if (at + times > symbols + distances) return damaged("invalid bit length repeat");
    std::fill_n(lengths.begin() + static_cast<ptrdiff_t>(at), times, repeated);
    at += times;
  }
  const std::span<const uint8_t> all(lengths);
  if (all[256] == 0) return damaged("missing end-of-block");
  TRY(fill(symbols_, all.first(symbols), kSymbolMeanings, kPrimaryBits));
  return fill(distances_, all.subspan(symbols, distances), kDistanceMeanings, kDistanceBits);
}

Result<void> Inflater::copy_stored(size_t limit) {
  const size_t piece = std::min(stored_, limit - made_);
  TRY(input_.copy(window_.data() + made_, piece));
  made_ += piece;
  stored_ -= piece;
  if (stored_ == 0) block_ = Block::none;
  return ok;
}

Result<BitBuffer> Inflater::refilled(BitBuffer input, size_t made) {
  input_.now = input;
  made_ = made;
  TRY(input_.refill());
  return input_.now;
}

std::unexpected<Error> Inflater::stopped(BitBuffer input, size_t made, std::string_view why) {
  input_.now = input;
  made_ = made;
  return damaged(why);
}

// Up to `limit`, or a little further, or the end of the block.
Result<void> Inflater::decode(size_t limit) {
  // Copies, which the bytes that are written cannot change: they stay in registers.
  BitBuffer input = input_.now;
  uint8_t* const window = window_.data();
  const uint32_t* const symbols = symbols_.entries.data();
  const uint32_t* const distances = distances_.entries.data();
  const uint32_t symbols_rest = symbols_.rest_mask;
  const uint32_t distances_rest = distances_.rest_mask;
  constexpr uint32_t kSymbolsMask = (1u << kPrimaryBits) - 1;
  constexpr uint32_t kDistancesMask = (1u << kDistanceBits) - 1;
  size_t made = made_;
  while (made < limit) {
    // Three codes and the extra bits of a length take 50 bits at most.
    if (!input.refill()) {
      TRY(input, refilled(input, made));
    }
    uint32_t entry = take_entry(input, symbols, kSymbolsMask, symbols_rest);
    for (int literals = 0; (kind_of(entry) & kLiteral) != 0 && literals < 2; ++literals) {
      window[made++] = static_cast<uint8_t>(value_of(entry));
      entry = take_entry(input, symbols, kSymbolsMask, symbols_rest);
    }
    if ((kind_of(entry) & kLiteral) != 0) {
      window[made++] = static_cast<uint8_t>(value_of(entry));
      continue;
    }
    if ((kind_of(entry) & kWrong) != 0) return stopped(input, made, "invalid literal/length code");
    if ((kind_of(entry) & kEnd) != 0) {
      block_ = Block::none;
      break;
    }
    const size_t length = value_of(entry) + input.take(kind_of(entry) & kExtraBits);
    if (!input.refill()) {
      TRY(input, refilled(input, made));
    }
    const uint32_t far = take_entry(input, distances, kDistancesMask, distances_rest);
    if ((kind_of(far) & kWrong) != 0) return stopped(input, made, "invalid distance code");
    const size_t distance = value_of(far) + input.take(kind_of(far) & kExtraBits);
    if (distance > made) return stopped(input, made, "invalid distance too far back");
    copy_back(window + made, length, distance);
    made += length;
  }
  input_.now = input;
  made_ = made;
  return ok;
}

}  // namespace millrace::ml
