#include "engines/ml/text_words.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engines/ml/decimal.h"

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/text_words.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace millrace::ml {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<uint8_t, 64>;
constexpr size_t kLanes = hn::MaxLanes(D());
static_assert(kLanes <= 64);
constexpr size_t kWordBytesMax = 16;  // Of a number, without its minus.

// A bit for each of the 64 bytes at `at`.
HWY_INLINE uint64_t separators_of(const uint8_t* at, hn::Vec<D> one, hn::Vec<D> other) {
  uint64_t bits = 0;
  for (size_t lane = 0; lane < 64; lane += kLanes) {
    const hn::Vec<D> bytes = hn::LoadU(D(), at + lane);
    const auto found = hn::Or(hn::Eq(bytes, one), hn::Eq(bytes, other));
    uint64_t part = 0;
    hn::StoreMaskBits(D(), found, reinterpret_cast<uint8_t*>(&part));
    bits |= part << lane;
  }
  return bits;
}

size_t FindSeparators(const char* begin, const char* end, char one, char other,
                      std::vector<uint32_t>& places) {
  const hn::Vec<D> first = hn::Set(D(), static_cast<uint8_t>(one));
  const hn::Vec<D> second = hn::Set(D(), static_cast<uint8_t>(other));
  const auto size = static_cast<size_t>(end - begin);
  size_t count = 1;
  for (size_t from = 0; from < size; from += 64) {
    const auto* at = reinterpret_cast<const uint8_t*>(begin) + from;
    uint64_t bits = separators_of(at, first, second);
    if (size - from < 64) bits &= ~uint64_t{0} >> (64 - (size - from));
    if (places.size() < count + 65) places.resize(2 * count + 65);
    uint32_t* const out = places.data() + count;
    const auto found = static_cast<size_t>(std::popcount(bits));
    for (size_t n = 0; n < found; ++n, bits &= bits - 1) {
      out[n] = static_cast<uint32_t>(from) + static_cast<uint32_t>(std::countr_zero(bits));
    }
    count += found;
  }
  if (places.size() < count + 1) places.resize(count + 1);
  places[0] = ~uint32_t{0};
  places[count] = static_cast<uint32_t>(size);
  return count - 1;
}

// Numbers are computed in lanes of eight bytes, a word each. First their bytes are laid side by
// side.
using DU = hn::CappedTag<uint64_t, 8>;
using VU = hn::Vec<DU>;
using DBytes = hn::Repartition<uint8_t, DU>;
using DHalves = hn::Repartition<uint32_t, DU>;
using DQuarters = hn::Repartition<uint16_t, DU>;
using DDouble = hn::RebindToFloat<DU>;
constexpr size_t kWordLanes = hn::MaxLanes(DU());
constexpr size_t kTogether = 64;  // Words; a multiple of the lanes.
static_assert(kTogether % kWordLanes == 0);

constexpr uint64_t kZeros = 0x3030303030303030;
constexpr uint64_t kPoint = 0x1e;             // '.' less '0'.
constexpr uint64_t kNoDigits = ~uint64_t{0};  // What no word of digits is.

// The bytes that a word of so many has among its last eight, and among the eight before those.
struct WordMasks {
  uint64_t low[kWordBytesMax + 1];
  uint64_t high[kWordBytesMax + 1];
};
constexpr WordMasks make_masks() {
  WordMasks out{};
  for (size_t size = 1; size <= kWordBytesMax; ++size) {
    out.low[size] = size >= 8 ? ~uint64_t{0} : ~uint64_t{0} << (64 - 8 * size);
    out.high[size] = size <= 8 ? 0 : size == 16 ? ~uint64_t{0} : ~uint64_t{0} << (128 - 8 * size);
  }
  return out;
}
constexpr WordMasks kMasks = make_masks();

// Less '0' each; zeros in front. What is no word of 1 to 16 bytes without its minus becomes
// kNoDigits.
struct LaidWords {
  alignas(64) uint64_t low[kTogether];
  alignas(64) uint64_t high[kTogether];
  alignas(64) uint64_t sign[kTogether];  // The bit of a double.
  bool wide = false;                     // A word has more than eight bytes.
};

HWY_INLINE void lay(const Words& words, size_t from, size_t count, LaidWords& out) {
  size_t longest = 0;
  for (size_t n = 0; n < count; ++n) {
    const char* const begin = words.begin(from + n);
    const char* const end = words.end(from + n);
    const size_t minus = *begin == '-' ? 1 : 0;
    const auto size = static_cast<size_t>(end - begin) - minus;
    const bool fits = size - 1 < kWordBytesMax;
    uint64_t low = 0;
    uint64_t high = 0;
    std::memcpy(&low, end - 8, 8);
    std::memcpy(&high, end - 16, 8);
    out.low[n] = fits ? (low ^ kZeros) & kMasks.low[size] : kNoDigits;
    out.high[n] = fits ? (high ^ kZeros) & kMasks.high[size] : 0;
    out.sign[n] = uint64_t{minus} << 63;
    longest = fits && size > longest ? size : longest;
  }
  out.wide = longest > 8;
}

// What eight digits a lane are, the first in the lowest byte.
HWY_INLINE VU values_of_eight(VU digits) {
  const DQuarters quarters;
  const DHalves halves;
  const auto pairs = hn::BitCast(quarters, digits);
  const auto tens =
      hn::Mul(hn::And(pairs, hn::Set(quarters, uint16_t{0xff})), hn::Set(quarters, uint16_t{10}));
  const auto hundreds = hn::Add(tens, hn::ShiftRight<8>(pairs));
  const auto front = hn::BitCast(halves, hn::Mul(hundreds, hn::Set(quarters, uint16_t{100})));
  const auto fours = hn::Add(hn::And(front, hn::Set(halves, 0xffffu)),
                             hn::ShiftRight<16>(hn::BitCast(halves, hundreds)));
  const VU upper = hn::ShiftRight<32>(hn::BitCast(DU(), fours));
  return hn::Add(hn::MulEven(fours, hn::Set(halves, 10'000u)), upper);
}

// The lanes whose bytes are not all from 0 to 9.
HWY_INLINE hn::Mask<DU> have_others(VU digits) {
  const DU d;
  const VU carried = hn::Or(digits, hn::Add(digits, hn::Set(d, 0x0606060606060606)));
  return hn::Ne(hn::And(carried, hn::Set(d, 0xf0f0f0f0f0f0f0f0)), hn::Zero(d));
}

// As decimal::drop_point(): where each lane has a point, what is before it moves up by a byte.
struct Dropped {
  VU word;
  VU places;            // One more than the digits behind the point; 0 where there is none.
  hn::Mask<DU> absent;  // There is none.
};
HWY_INLINE Dropped drop_points(VU word) {
  const DU d;
  const auto points = hn::Eq(hn::BitCast(DBytes(), word), hn::Set(DBytes(), uint8_t{kPoint}));
  const VU found = hn::BitCast(d, hn::VecFromMask(DBytes(), points));
  const VU lowest = hn::And(found, hn::Sub(hn::Zero(d), found));
  const VU before = hn::Sub(lowest, hn::Set(d, uint64_t{1}));
  const VU point = hn::Sub(hn::ShiftLeft<8>(lowest), lowest);
  const VU moved =
      hn::Or(hn::AndNot(hn::Or(before, point), word), hn::ShiftLeft<8>(hn::And(word, before)));
  const auto absent = hn::Eq(found, hn::Zero(d));
  const VU bits = hn::Sub(hn::Set(d, uint64_t{64}), hn::PopulationCount(before));
  return {hn::IfThenElse(absent, word, moved), hn::ShiftRight<3>(bits), absent};
}

// By Dropped::places.
alignas(64) constexpr double kDivisors[] = {1e0, 1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                                            1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// The lanes of words from `at` on as floats, and whether all of them are numbers.
template <bool kWide>
HWY_INLINE bool compute(const LaidWords& words, size_t at, float* out) {
  const DU d;
  const DDouble dd;
  VU low = hn::Load(d, words.low + at);
  VU high = hn::Zero(d);
  // A point without a digit: the one byte of its word.
  auto wrong = hn::Eq(low, hn::Set(d, kPoint << 56));
  Dropped dropped = drop_points(low);
  low = dropped.word;
  if constexpr (kWide) {
    high = hn::Load(d, words.high + at);
    const Dropped above = drop_points(high);
    const VU moved = hn::Or(low, hn::ShiftRight<56>(high));
    low = hn::IfThenElse(dropped.absent, low, moved);
    high = hn::IfThenElse(dropped.absent, above.word, hn::ShiftLeft<8>(high));
    const VU further =
        hn::IfThenZeroElse(above.absent, hn::Add(above.places, hn::Set(d, uint64_t{8})));
    dropped.places = hn::IfThenElse(dropped.absent, further, dropped.places);
    wrong = hn::Or(wrong, have_others(high));
  }
  wrong = hn::Or(wrong, have_others(low));
  VU digits = values_of_eight(low);
  if constexpr (kWide) {
    const VU upper = values_of_eight(high);
    const auto factor = hn::Set(DHalves(), 100'000'000u);
    digits = hn::Add(digits, hn::MulEven(hn::BitCast(DHalves(), upper), factor));
  }
  const hn::RebindToSigned<DU> di;
  const auto numbers = hn::ConvertTo(dd, hn::BitCast(di, digits));
  const auto divisors = hn::GatherIndex(dd, kDivisors, hn::BitCast(di, dropped.places));
  const auto signs = hn::BitCast(dd, hn::Load(d, words.sign + at));
  const auto values = hn::Xor(hn::Div(numbers, divisors), signs);
  hn::StoreU(hn::DemoteTo(hn::Rebind<float, DDouble>(), values), hn::Rebind<float, DDouble>(), out);
  return hn::AllFalse(d, wrong);
}

// Words [at, end) one by one: the first that is none, or `end`.
size_t ReadDecimalsSingly(const Words& words, size_t at, size_t end, float* out) {
  for (; at < end; ++at) {
    double value = 0;
    if (HWY_UNLIKELY(!read_decimal(words.begin(at), words.end(at), value))) break;
    out[at] = static_cast<float>(value);
  }
  return at;
}

size_t ReadDecimals(const Words& words, size_t from, size_t count, float* out) {
  LaidWords laid;
  size_t at = from;
  while (count - at >= kWordLanes) {
    const size_t together = std::min(kTogether, (count - at) / kWordLanes * kWordLanes);
    lay(words, at, together, laid);
    for (size_t n = 0; n < together; n += kWordLanes) {
      const bool right =
          laid.wide ? compute<true>(laid, n, out + at + n) : compute<false>(laid, n, out + at + n);
      if (HWY_LIKELY(right)) continue;
      const size_t end = at + n + kWordLanes;
      if (const size_t read = ReadDecimalsSingly(words, at + n, end, out); read < end) return read;
    }
    at += together;
  }
  return ReadDecimalsSingly(words, at, count, out);
}

size_t ReadWholesSingly(const Words& words, size_t at, size_t end, uint32_t* out) {
  for (; at < end; ++at) {
    uint64_t value = 0;
    if (HWY_UNLIKELY(!read_whole(words.begin(at), words.end(at), value))) break;
    out[at] = static_cast<uint32_t>(value);
  }
  return at;
}

size_t ReadWholes(const Words& words, size_t from, size_t count, uint32_t* out) {
  alignas(64) uint64_t laid[kTogether];
  const DU d;
  size_t at = from;
  while (count - at >= kWordLanes) {
    const size_t together = std::min(kTogether, (count - at) / kWordLanes * kWordLanes);
    for (size_t n = 0; n < together; ++n) {
      const char* const end = words.end(at + n);
      const auto size = static_cast<size_t>(end - words.begin(at + n));
      uint64_t word = 0;
      std::memcpy(&word, end - 8, 8);
      laid[n] = size - 1 < 8 ? (word ^ kZeros) & kMasks.low[size] : kNoDigits;
    }
    for (size_t n = 0; n < together; n += kWordLanes) {
      const VU digits = hn::Load(d, laid + n);
      if (HWY_UNLIKELY(!hn::AllFalse(d, have_others(digits)))) {
        return ReadWholesSingly(words, at + n, count, out);
      }
      const hn::Rebind<uint32_t, DU> narrow;
      hn::StoreU(hn::TruncateTo(narrow, values_of_eight(digits)), narrow, out + at + n);
    }
    at += together;
  }
  return ReadWholesSingly(words, at, count, out);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml {

static_assert(kDecimalSlack >= 64);

HWY_EXPORT(FindSeparators);
HWY_EXPORT(ReadDecimals);
HWY_EXPORT(ReadWholes);

size_t find_separators(const char* begin, const char* end, char one, char other,
                       std::vector<uint32_t>& places) {
  return HWY_DYNAMIC_DISPATCH(FindSeparators)(begin, end, one, other, places);
}

size_t read_decimals(const Words& words, size_t from, size_t count, float* out) {
  return HWY_DYNAMIC_DISPATCH(ReadDecimals)(words, from, count, out);
}

size_t read_wholes(const Words& words, size_t from, size_t count, uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(ReadWholes)(words, from, count, out);
}

}  // namespace millrace::ml
#endif  // HWY_ONCE
