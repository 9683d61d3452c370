#include "engines/ml/text_words.h"

#include <bit>

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
constexpr size_t kPlacesAtOnce = 8;
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
    if (places.size() < count + 64 + kPlacesAtOnce) places.resize(2 * count + 64 + kPlacesAtOnce);
    uint32_t* const out = places.data() + count;
    const auto found = static_cast<size_t>(std::popcount(bits));
    // Some too many, which are written over: how many there are is guessed wrong too often.
    for (size_t n = 0; n < found; n += kPlacesAtOnce) {
      for (size_t each = n; each < n + kPlacesAtOnce; ++each, bits &= bits - 1) {
        out[each] = static_cast<uint32_t>(from) + static_cast<uint32_t>(std::countr_zero(bits));
      }
    }
    count += found;
  }
  if (places.size() < count + 1) places.resize(count + 1);
  places[0] = ~uint32_t{0};
  places[count] = static_cast<uint32_t>(size);
  return count - 1;
}

// Numbers are computed in lanes of eight bytes, a word each.
using DU = hn::CappedTag<uint64_t, 8>;
using VU = hn::Vec<DU>;
using DBytes = hn::Repartition<uint8_t, DU>;
using DHalves = hn::Repartition<uint32_t, DU>;
using DQuarters = hn::Repartition<uint16_t, DU>;
using DDouble = hn::RebindToFloat<DU>;
constexpr size_t kWordLanes = hn::MaxLanes(DU());

constexpr uint64_t kZeros = 0x3030303030303030;
constexpr uint64_t kPoint = 0x1e;  // '.' less '0'.
constexpr uint64_t kMinus = 0x1d;  // '-' less '0'.

// So many words from `at` on, a lane each.
struct Lanes {
  VU ends;   // From the line's begin.
  VU sizes;  // Of the words; with their minus.
};
HWY_INLINE Lanes lanes_of(const Words& words, size_t at) {
  const hn::Rebind<uint32_t, DU> narrow;
  const uint32_t* const from = words.places + at * words.stride;
  auto befores = hn::LoadU(narrow, from);
  auto ends = hn::LoadU(narrow, from + 1);
  if (words.stride == 2) hn::LoadInterleaved2(narrow, from, befores, ends);
  const auto sizes = hn::Sub(hn::Sub(ends, befores), hn::Set(narrow, 1u));
  return {hn::PromoteTo(DU(), ends), hn::PromoteTo(DU(), sizes)};
}

// Of the eight bytes that end `back` bytes before each end, less '0' each, the last `sizes`; zeros
// in front. Sizes are from 1 to 8, or the lane is not used.
HWY_INLINE VU load_last(const char* line, VU ends, size_t back, VU counts) {
  const hn::RebindToSigned<DU> di;
  const auto* const base = reinterpret_cast<const uint64_t*>(line - 8 - back);
  const VU bytes =
      hn::Xor(hn::GatherOffset(DU(), base, hn::BitCast(di, ends)), hn::Set(DU(), kZeros));
  return hn::And(bytes, hn::Shl(hn::Set(DU(), ~uint64_t{0}), counts));
}

// How many bits stand in front of so many bytes, 1 to 8.
HWY_INLINE VU bits_before(VU sizes) {
  return hn::Sub(hn::Set(DU(), uint64_t{64}), hn::ShiftLeft<3>(sizes));
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

// What the digits are over a power of ten, as floats; negative where the minus is there.
HWY_INLINE void store_floats(VU digits, VU places, hn::Mask<DU> minus, float* out) {
  const DU d;
  const DDouble dd;
  const hn::RebindToSigned<DU> di;
  const auto numbers = hn::ConvertTo(dd, hn::BitCast(di, digits));
  const auto divisors = hn::GatherIndex(dd, kDivisors, hn::BitCast(di, places));
  const VU signs = hn::IfThenElseZero(minus, hn::Set(d, uint64_t{1} << 63));
  const auto values = hn::Xor(hn::Div(numbers, divisors), hn::BitCast(dd, signs));
  const hn::Rebind<float, DDouble> narrow;
  hn::StoreU(hn::DemoteTo(narrow, values), narrow, out);
}

// Takes the minus away that begins the bytes behind `counts` bits: where there is one.
HWY_INLINE hn::Mask<DU> take_minus(VU& word, VU counts) {
  const DU d;
  const VU first = hn::And(word, hn::Shl(hn::Set(d, uint64_t{0xff}), counts));
  const auto minus = hn::Eq(first, hn::Shl(hn::Set(d, kMinus), counts));
  word = hn::IfThenElse(minus, hn::Xor(word, first), word);
  return minus;
}

// Of a word of no digit, a point at most, this is all.
HWY_INLINE hn::Mask<DU> have_no_digit(VU word, VU sizes, hn::Mask<DU> minus) {
  const DU d;
  const auto one = hn::Set(d, uint64_t{1});
  const auto alone = hn::Eq(sizes, hn::IfThenElse(minus, hn::Set(d, uint64_t{2}), one));
  const auto point = hn::And(alone, hn::Eq(word, hn::Set(d, kPoint << 56)));
  return hn::Or(point, hn::And(minus, hn::Eq(sizes, one)));
}

// Words of at most eight bytes, a lane each, as floats. False where one is no number; the others
// are right.
HWY_INLINE bool compute_narrow(const Words& words, const Lanes& lanes, float* out) {
  const DU d;
  const VU counts = bits_before(lanes.sizes);
  VU low = load_last(words.line, lanes.ends, 0, counts);
  const auto minus = take_minus(low, counts);
  const Dropped dropped = drop_points(low);
  auto wrong = have_no_digit(low, lanes.sizes, minus);
  wrong = hn::Or(wrong, hn::Or(have_others(dropped.word), hn::Eq(lanes.sizes, hn::Zero(d))));
  store_floats(values_of_eight(dropped.word), dropped.places, minus, out);
  return hn::AllFalse(d, wrong);
}

// The same of at most sixteen bytes.
HWY_INLINE bool compute_wide(const Words& words, const Lanes& lanes, float* out) {
  const DU d;
  const VU eight = hn::Set(d, uint64_t{8});
  const auto is_long = hn::Gt(lanes.sizes, eight);
  const VU low_counts = bits_before(hn::Min(lanes.sizes, eight));
  const VU high_counts =
      bits_before(hn::Min(hn::IfThenElse(is_long, hn::Sub(lanes.sizes, eight), eight), eight));
  VU low = load_last(words.line, lanes.ends, 0, low_counts);
  VU high = hn::IfThenElseZero(is_long, load_last(words.line, lanes.ends, 8, high_counts));
  VU low_without = low;
  VU high_without = high;
  const auto low_minus = hn::AndNot(is_long, take_minus(low_without, low_counts));
  const auto high_minus = hn::And(is_long, take_minus(high_without, high_counts));
  low = hn::IfThenElse(low_minus, low_without, low);
  high = hn::IfThenElse(high_minus, high_without, high);
  const auto minus = hn::Or(low_minus, high_minus);
  const Dropped below = drop_points(low);
  const Dropped above = drop_points(high);
  const VU moved = hn::Or(below.word, hn::ShiftRight<56>(high));
  const VU low_digits = hn::IfThenElse(below.absent, below.word, moved);
  const VU high_digits = hn::IfThenElse(below.absent, above.word, hn::ShiftLeft<8>(high));
  const VU further = hn::IfThenZeroElse(above.absent, hn::Add(above.places, eight));
  const VU places = hn::IfThenElse(below.absent, further, below.places);
  auto wrong = hn::And(have_no_digit(low, lanes.sizes, minus), hn::Eq(high, hn::Zero(d)));
  wrong = hn::Or(wrong, hn::Or(have_others(low_digits), have_others(high_digits)));
  wrong = hn::Or(wrong, hn::Eq(lanes.sizes, hn::Zero(d)));
  wrong = hn::Or(wrong, hn::Gt(lanes.sizes, hn::Set(d, uint64_t{kWordBytesMax})));
  const auto factor = hn::Set(DHalves(), 100'000'000u);
  const VU upper = hn::MulEven(hn::BitCast(DHalves(), values_of_eight(high_digits)), factor);
  store_floats(hn::Add(upper, values_of_eight(low_digits)), places, minus, out);
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
  size_t at = from;
  for (; count - at >= kWordLanes; at += kWordLanes) {
    const Lanes lanes = lanes_of(words, at);
    const bool wide = !hn::AllFalse(DU(), hn::Gt(lanes.sizes, hn::Set(DU(), uint64_t{8})));
    const bool right =
        wide ? compute_wide(words, lanes, out + at) : compute_narrow(words, lanes, out + at);
    if (HWY_LIKELY(right)) continue;
    const size_t end = at + kWordLanes;
    if (const size_t read = ReadDecimalsSingly(words, at, end, out); read < end) return read;
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
  const DU d;
  const hn::Rebind<uint32_t, DU> narrow;
  size_t at = from;
  for (; count - at >= kWordLanes; at += kWordLanes) {
    const Lanes lanes = lanes_of(words, at);
    const VU digits = load_last(words.line, lanes.ends, 0, bits_before(lanes.sizes));
    const VU least = hn::Sub(lanes.sizes, hn::Set(d, uint64_t{1}));
    const auto wrong = hn::Or(have_others(digits), hn::Gt(least, hn::Set(d, uint64_t{7})));
    if (HWY_UNLIKELY(!hn::AllFalse(d, wrong))) return ReadWholesSingly(words, at, count, out);
    hn::StoreU(hn::TruncateTo(narrow, values_of_eight(digits)), narrow, out + at);
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
