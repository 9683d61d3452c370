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

size_t ReadDecimals(const Words& words, size_t from, size_t count, float* out) {
  for (size_t n = from; n < count; ++n) {
    double value = 0;
    if (HWY_UNLIKELY(!read_decimal(words.begin(n), words.end(n), value))) return n;
    out[n] = static_cast<float>(value);
  }
  return count;
}

size_t ReadWholes(const Words& words, size_t from, size_t count, uint32_t* out) {
  for (size_t n = from; n < count; ++n) {
    uint64_t value = 0;
    if (HWY_UNLIKELY(!read_whole(words.begin(n), words.end(n), value))) return n;
    out[n] = static_cast<uint32_t>(value);
  }
  return count;
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
