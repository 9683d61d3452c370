#include "engines/ml/text_words.h"

#include <algorithm>
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
constexpr size_t kLinesAtOnce = 2;
constexpr size_t kWordBytesMax = 16;  // Of a number, without its sign.

// A bit for each of the 64 bytes at `at` that is `which`.
HWY_INLINE uint64_t bits_of(const char* at, char which) {
  const hn::Vec<D> wanted = hn::Set(D(), static_cast<uint8_t>(which));
  uint64_t bits = 0;
  for (size_t lane = 0; lane < 64; lane += kLanes) {
    const hn::Vec<D> bytes = hn::LoadU(D(), reinterpret_cast<const uint8_t*>(at) + lane);
    uint64_t part = 0;
    hn::StoreMaskBits(D(), hn::Eq(bytes, wanted), reinterpret_cast<uint8_t*>(&part));
    bits |= part << lane;
  }
  return bits;
}

// Writes where the bits are, and some more that are to be written over: how many there are is
// guessed wrong too often. How many there are.
template <size_t kAtOnce = kPlacesAtOnce>
HWY_INLINE size_t store_places(uint64_t bits, size_t from, uint32_t* out) {
  const auto found = static_cast<size_t>(std::popcount(bits));
  for (size_t n = 0; n < found; n += kAtOnce) {
    for (size_t each = n; each < n + kAtOnce; ++each, bits &= bits - 1) {
      out[each] = static_cast<uint32_t>(from) + static_cast<uint32_t>(std::countr_zero(bits));
    }
  }
  return found;
}

// Writes how many of `bits` are there up to each of `marks`, counted from `before`; likewise.
HWY_INLINE void store_counts(uint64_t marks, uint64_t bits, size_t before, uint32_t* out) {
  const auto found = static_cast<size_t>(std::popcount(marks));
  for (size_t n = 0; n < found; n += kLinesAtOnce) {
    for (size_t each = n; each < n + kLinesAtOnce; ++each, marks &= marks - 1) {
      const uint64_t upto = marks ^ (marks - 1);
      out[each] = static_cast<uint32_t>(before) + static_cast<uint32_t>(std::popcount(bits & upto));
    }
  }
}

// Those of 64 bits that belong to [from, size).
HWY_INLINE uint64_t bits_within(size_t from, size_t size) {
  return size - from < 64 ? ~uint64_t{0} >> (64 - (size - from)) : ~uint64_t{0};
}

size_t FindSeparators(const char* begin, const char* end, char separator,
                      std::vector<uint32_t>& places) {
  const auto size = static_cast<size_t>(end - begin);
  size_t count = 1;
  for (size_t from = 0; from < size; from += 64) {
    const uint64_t bits = bits_of(begin + from, separator) & bits_within(from, size);
    if (places.size() < count + 64 + kPlacesAtOnce) places.resize(2 * count + 64 + kPlacesAtOnce);
    count += store_places(bits, from, places.data() + count);
  }
  if (places.size() < count + 1) places.resize(count + 1);
  places[0] = ~uint32_t{0};
  places[count] = static_cast<uint32_t>(size);
  return count - 1;
}

size_t FindFeatures(const char* begin, const char* end, size_t lines_max, FeaturePlaces& places) {
  const auto size = static_cast<size_t>(end - begin);
  size_t breaks = 0;
  size_t colons = 0;
  size_t ended = 0;
  size_t lines = 0;
  uint64_t carried = 0;  // Whether the '\n' that comes first has ended its line before.
  for (size_t from = 0; from < size && lines < lines_max; from += 64) {
    const char* const at = begin + from;
    const uint64_t within = bits_within(from, size);
    const uint64_t feeds = bits_of(at, '\n') & within;
    const uint64_t before_feeds = feeds >> 1 | uint64_t{at[64] == '\n'} << 63;
    const uint64_t returns = bits_of(at, '\r') & within & before_feeds;
    const uint64_t blanks = bits_of(at, ' ') & within;
    const uint64_t trailing = (blanks & before_feeds) | returns;
    const uint64_t bare = feeds & ~(trailing << 1 | carried);
    const uint64_t all = blanks | returns | bare;
    const uint64_t colon = bits_of(at, ':') & within;
    carried = trailing >> 63;
    store_counts(trailing | bare, all, breaks, places.breaks_to.data() + ended);
    store_counts(trailing | bare, colon, colons, places.colons_to.data() + ended);
    ended += static_cast<size_t>(std::popcount(trailing | bare));
    breaks += store_places(all, from, places.breaks.data() + breaks);
    colons += store_places(colon, from, places.colons.data() + colons);
    lines += store_places<kLinesAtOnce>(feeds, from, places.feeds.data() + lines);
  }
  return std::min(lines, lines_max);
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
constexpr uint64_t kPlus = 0x1b;   // '+' less '0'.

// So many words from `at` on, a lane each.
struct Lanes {
  VU ends;   // From the text's begin.
  VU sizes;  // Of the words; with their sign.
};
HWY_INLINE Lanes lanes_of(const Words& words, size_t at) {
  const hn::Rebind<uint32_t, DU> narrow;
  const auto befores = hn::LoadU(narrow, words.befores + at);
  const auto ends = hn::LoadU(narrow, words.ends + at);
  const auto sizes = hn::Sub(hn::Sub(ends, befores), hn::Set(narrow, 1u));
  return {hn::PromoteTo(DU(), ends), hn::PromoteTo(DU(), sizes)};
}

// Of the eight bytes that end `back` bytes before each end, less '0' each, the last `sizes`; zeros
// in front. Sizes are from 1 to 8, or the lane is not used.
HWY_INLINE VU load_last(const char* text, VU ends, size_t back, VU counts) {
  const hn::RebindToSigned<DU> di;
  const auto* const base = reinterpret_cast<const uint64_t*>(text - 8 - back);
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

// Takes the sign away that begins the bytes behind `counts` bits: where there is one.
struct Signs {
  hn::Mask<DU> any;
  hn::Mask<DU> minus;
};
HWY_INLINE Signs take_signs(VU& word, VU counts) {
  const DU d;
  const VU first = hn::And(word, hn::Shl(hn::Set(d, uint64_t{0xff}), counts));
  const auto minus = hn::Eq(first, hn::Shl(hn::Set(d, kMinus), counts));
  const auto any = hn::Or(minus, hn::Eq(first, hn::Shl(hn::Set(d, kPlus), counts)));
  word = hn::IfThenElse(any, hn::Xor(word, first), word);
  return {any, minus};
}

// Of a word of no digit, a point at most, this is all.
HWY_INLINE hn::Mask<DU> have_no_digit(VU word, VU sizes, hn::Mask<DU> sign) {
  const DU d;
  const auto one = hn::Set(d, uint64_t{1});
  const auto alone = hn::Eq(sizes, hn::IfThenElse(sign, hn::Set(d, uint64_t{2}), one));
  const auto point = hn::And(alone, hn::Eq(word, hn::Set(d, kPoint << 56)));
  return hn::Or(point, hn::And(sign, hn::Eq(sizes, one)));
}

// Words of at most eight bytes, a lane each, as floats: which are none.
HWY_INLINE hn::Mask<DU> compute_narrow(const Words& words, const Lanes& lanes, float* out) {
  const DU d;
  const VU counts = bits_before(lanes.sizes);
  VU low = load_last(words.text, lanes.ends, 0, counts);
  const Signs signs = take_signs(low, counts);
  const Dropped dropped = drop_points(low);
  auto wrong = have_no_digit(low, lanes.sizes, signs.any);
  wrong = hn::Or(wrong, hn::Or(have_others(dropped.word), hn::Eq(lanes.sizes, hn::Zero(d))));
  store_floats(values_of_eight(dropped.word), dropped.places, signs.minus, out);
  return wrong;
}

// The same of at most sixteen bytes.
HWY_INLINE hn::Mask<DU> compute_wide(const Words& words, const Lanes& lanes, float* out) {
  const DU d;
  const VU eight = hn::Set(d, uint64_t{8});
  const auto is_long = hn::Gt(lanes.sizes, eight);
  const VU low_counts = bits_before(hn::Min(lanes.sizes, eight));
  const VU high_counts =
      bits_before(hn::Min(hn::IfThenElse(is_long, hn::Sub(lanes.sizes, eight), eight), eight));
  VU low = load_last(words.text, lanes.ends, 0, low_counts);
  VU high = hn::IfThenElseZero(is_long, load_last(words.text, lanes.ends, 8, high_counts));
  VU low_without = low;
  VU high_without = high;
  const Signs low_signs = take_signs(low_without, low_counts);
  const Signs high_signs = take_signs(high_without, high_counts);
  low = hn::IfThenElse(hn::AndNot(is_long, low_signs.any), low_without, low);
  high = hn::IfThenElse(hn::And(is_long, high_signs.any), high_without, high);
  const auto minus =
      hn::Or(hn::AndNot(is_long, low_signs.minus), hn::And(is_long, high_signs.minus));
  const auto sign = hn::Or(hn::AndNot(is_long, low_signs.any), hn::And(is_long, high_signs.any));
  const Dropped below = drop_points(low);
  const Dropped above = drop_points(high);
  const VU moved = hn::Or(below.word, hn::ShiftRight<56>(high));
  const VU low_digits = hn::IfThenElse(below.absent, below.word, moved);
  const VU high_digits = hn::IfThenElse(below.absent, above.word, hn::ShiftLeft<8>(high));
  const VU further = hn::IfThenZeroElse(above.absent, hn::Add(above.places, eight));
  const VU places = hn::IfThenElse(below.absent, further, below.places);
  auto wrong = hn::And(have_no_digit(low, lanes.sizes, sign), hn::Eq(high, hn::Zero(d)));
  wrong = hn::Or(wrong, hn::Or(have_others(low_digits), have_others(high_digits)));
  wrong = hn::Or(wrong, hn::Eq(lanes.sizes, hn::Zero(d)));
  wrong = hn::Or(wrong, hn::Gt(lanes.sizes, hn::Set(d, uint64_t{kWordBytesMax})));
  const auto factor = hn::Set(DHalves(), 100'000'000u);
  const VU upper = hn::MulEven(hn::BitCast(DHalves(), values_of_eight(high_digits)), factor);
  store_floats(hn::Add(upper, values_of_eight(low_digits)), places, minus, out);
  return wrong;
}

// Appends the numbers of those lanes; what is behind them is written over.
HWY_INLINE void store_lanes(hn::Mask<DU> lanes, VU numbers, uint32_t*& out) {
  const DU d;
  const hn::Rebind<uint32_t, DU> narrow;
  hn::StoreU(hn::TruncateTo(narrow, hn::Compress(numbers, lanes)), narrow, out);
  out += hn::CountTrue(d, lanes);
}

// Reads words one by one; of those it does not read it appends the numbers.
void read_decimal_at(const Words& words, size_t at, float* out, uint32_t*& others) {
  double value = 0;
  if (HWY_LIKELY(read_decimal(words.begin(at), words.end(at), value))) {
    out[at] = static_cast<float>(value);
  } else {
    *others++ = static_cast<uint32_t>(at);
  }
}

// Words whose numbers are in [from, to), which may be `others` itself: what they are, and again
// those that are not read.
void read_wide_words(const Words& words, const uint32_t* from, const uint32_t* to, float* out,
                     uint32_t*& others) {
  const DU d;
  const hn::Rebind<uint32_t, DU> narrow;
  const hn::Rebind<int32_t, DU> signed_narrow;
  for (; static_cast<size_t>(to - from) >= kWordLanes; from += kWordLanes) {
    alignas(64) uint32_t at[kWordLanes];
    alignas(64) float values[kWordLanes];
    const auto numbers = hn::LoadU(narrow, from);
    hn::StoreU(numbers, narrow, at);
    const auto places = hn::BitCast(signed_narrow, numbers);
    const auto befores = hn::GatherIndex(narrow, words.befores, places);
    const auto ends = hn::GatherIndex(narrow, words.ends, places);
    const auto sizes = hn::Sub(hn::Sub(ends, befores), hn::Set(narrow, 1u));
    const Lanes lanes{hn::PromoteTo(d, ends), hn::PromoteTo(d, sizes)};
    const auto wrong = compute_wide(words, lanes, values);
    for (size_t lane = 0; lane < kWordLanes; ++lane) out[at[lane]] = values[lane];
    if (HWY_LIKELY(hn::AllFalse(d, wrong))) continue;
    for (size_t lane = 0; lane < kWordLanes; ++lane) read_decimal_at(words, at[lane], out, others);
  }
  for (; from < to; ++from) read_decimal_at(words, *from, out, others);
}

size_t ReadDecimals(const Words& words, size_t count, float* out, uint32_t* others) {
  const DU d;
  size_t at = 0;
  uint32_t* left = others;  // What compute_narrow() does not read.
  VU numbers = hn::Iota(d, uint64_t{0});
  for (; count - at >= kWordLanes; at += kWordLanes) {
    const Lanes lanes = lanes_of(words, at);
    const auto is_long = hn::Gt(lanes.sizes, hn::Set(d, uint64_t{8}));
    const bool wide = hn::CountTrue(d, is_long) * 2 > kWordLanes;
    const auto wrong = wide ? compute_wide(words, lanes, out + at)
                            : hn::Or(compute_narrow(words, lanes, out + at), is_long);
    store_lanes(wrong, numbers, left);
    numbers = hn::Add(numbers, hn::Set(d, uint64_t{kWordLanes}));
  }
  uint32_t* end = others;
  read_wide_words(words, others, left, out, end);
  for (; at < count; ++at) read_decimal_at(words, at, out, end);
  return static_cast<size_t>(end - others);
}

size_t ReadWholes(const Words& words, size_t count, uint32_t* out, uint32_t* others) {
  const DU d;
  const hn::Rebind<uint32_t, DU> narrow;
  size_t at = 0;
  uint32_t* end = others;
  for (; count - at >= kWordLanes; at += kWordLanes) {
    const Lanes lanes = lanes_of(words, at);
    const VU digits = load_last(words.text, lanes.ends, 0, bits_before(lanes.sizes));
    const VU least = hn::Sub(lanes.sizes, hn::Set(d, uint64_t{1}));
    const auto wrong = hn::Or(have_others(digits), hn::Gt(least, hn::Set(d, uint64_t{7})));
    hn::StoreU(hn::TruncateTo(narrow, values_of_eight(digits)), narrow, out + at);
    if (HWY_LIKELY(hn::AllFalse(d, wrong))) continue;
    store_lanes(wrong, hn::Iota(d, static_cast<uint64_t>(at)), end);
  }
  for (; at < count; ++at) {
    uint64_t value = 0;
    const bool right = read_whole(words.begin(at), words.end(at), value);
    out[at] = static_cast<uint32_t>(value);
    if (HWY_UNLIKELY(!right)) *end++ = static_cast<uint32_t>(at);
  }
  return static_cast<size_t>(end - others);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml {

static_assert(kDecimalSlack >= 64);
namespace {
constexpr size_t kLanesMax = 8;  // That are written together.
}  // namespace

HWY_EXPORT(FindSeparators);
HWY_EXPORT(FindFeatures);
HWY_EXPORT(ReadDecimals);
HWY_EXPORT(ReadWholes);

size_t find_separators(const char* begin, const char* end, char separator,
                       std::vector<uint32_t>& places) {
  return HWY_DYNAMIC_DISPATCH(FindSeparators)(begin, end, separator, places);
}

size_t find_features(const char* begin, const char* end, size_t lines_max, FeaturePlaces& places) {
  // A place for each byte, and some that are written or read in excess.
  const size_t room = static_cast<size_t>(end - begin) + 64;
  for (std::vector<uint32_t>* const each :
       {&places.feeds, &places.breaks, &places.colons, &places.breaks_to, &places.colons_to}) {
    if (each->size() < room) each->resize(room);
  }
  return HWY_DYNAMIC_DISPATCH(FindFeatures)(begin, end, lines_max, places);
}

std::span<const uint32_t> read_decimals(const Words& words, size_t count, float* out,
                                        std::vector<uint32_t>& others) {
  if (others.size() < count + kLanesMax) others.resize(count + kLanesMax);
  const size_t left = HWY_DYNAMIC_DISPATCH(ReadDecimals)(words, count, out, others.data());
  return std::span(others).first(left);
}

std::span<const uint32_t> read_wholes(const Words& words, size_t count, uint32_t* out,
                                      std::vector<uint32_t>& others) {
  if (others.size() < count + kLanesMax) others.resize(count + kLanesMax);
  const size_t left = HWY_DYNAMIC_DISPATCH(ReadWholes)(words, count, out, others.data());
  return std::span(others).first(left);
}

}  // namespace millrace::ml
#endif  // HWY_ONCE
