// Decimal numbers in text, as fast as they come: a number of at most 19 digits is made of one or
// two words of 8 digits each, without a branch on its length. The value is the double that is
// nearest to what is written, as std::from_chars has it, which does the rare rest.
//
// Pure. What is read must have kDecimalSlack readable bytes behind its end, and for read_whole()
// and read_decimal() kDecimalSlack readable bytes before its begin.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace::ml {

inline constexpr size_t kDecimalSlack = 64;

namespace decimal {

static_assert(std::endian::native == std::endian::little);

inline constexpr uint64_t kPowers[] = {1,       10,        100,        1'000,      10'000,
                                       100'000, 1'000'000, 10'000'000, 100'000'000};
inline constexpr double kExactPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The number that eight digits are, one a byte as a value from 0 to 9, the first in the lowest.
[[gnu::always_inline]] inline uint64_t value_of_eight(uint64_t word) {
  word = word * 2561 >> 8;
  word = (word & 0x00ff00ff00ff00ff) * 6553601 >> 16;
  return (word & 0x0000ffff0000ffff) * 42949672960001 >> 32;
}

// The digits at `at`, 8 at most: their number; `value` becomes theirs.
[[gnu::always_inline]] inline unsigned take_eight(const char* at, uint64_t& value) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  word ^= 0x3030303030303030;
  const uint64_t others = ((word + 0x7676767676767676) | word) & 0x8080808080808080;
  const auto digits = static_cast<unsigned>(std::countr_zero(others)) / 8;
  // The first digit is in the lowest byte: shifting puts zeros in front of it.
  word = digits == 0 ? 0 : word << (64 - 8 * digits);
  value = value_of_eight(word & 0x0f0f0f0f0f0f0f0f);
  return digits;
}

// All digits at `at`: their number. `value` is right where there are at most 19 of them.
[[gnu::always_inline]] inline unsigned take_digits(const char*& at, const char* end,
                                                   uint64_t& value) {
  unsigned digits = 0;
  for (;;) {
    uint64_t eight = 0;
    const unsigned taken = take_eight(at, eight);
    value = value * kPowers[taken] + eight;
    digits += taken;
    at += taken;
    if (taken < 8 || at >= end) return digits;
  }
}

// Whether all bytes are from 0 to 9.
[[gnu::always_inline]] inline bool are_digits(uint64_t word) {
  return ((word | (word + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0) == 0;
}

// The last `size` bytes before `end`, 1 to 8, less '0' each; zeros in front of them.
[[gnu::always_inline]] inline uint64_t last_bytes(const char* end, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, end - sizeof word, sizeof word);
  return (word ^ 0x3030303030303030) & (~uint64_t{0} << (64 - 8 * size));
}

// Digits in whose midst a point may be, as digits: bytes before the point move up by one. `first`
// comes in from below, and `fraction` is how many digits follow the point; where there is no point,
// nothing moves. Whether there is a point.
[[gnu::always_inline]] inline bool drop_point(uint64_t& word, uint64_t first, unsigned& fraction) {
  constexpr uint64_t kPoint = 0x1e1e1e1e1e1e1e1e;  // '.' less '0', as last_bytes() has it.
  const uint64_t other = word ^ kPoint;
  const uint64_t points = (other - 0x0101010101010101) & ~other & 0x8080808080808080;
  if (points == 0) return false;
  const auto place = static_cast<unsigned>(std::countr_zero(points)) / 8;
  const uint64_t before = (uint64_t{1} << (8 * place)) - 1;
  word = (word & ~before & ~(uint64_t{0xff} << (8 * place))) | (word & before) << 8 | first;
  fraction = 7 - place;
  return true;
}

// By the library; infinite where it is too large. False where there is no number.
bool take_slowly(const char*& at, const char* end, double& value);

}  // namespace decimal

// Takes a whole number of at most 19 digits from `at`; false where there is none.
[[gnu::always_inline]] inline bool take_whole(const char*& at, const char* end, uint64_t& value) {
  value = 0;
  const char* next = at;
  const unsigned digits = decimal::take_digits(next, end, value);
  if (digits == 0 || digits > 19 || next > end) return false;
  at = next;
  return true;
}

// Takes a number (sign, digits with a point, exponent; nan and inf, too) from `at`; false where
// there is none.
[[gnu::always_inline]] inline bool take_decimal(const char*& at, const char* end, double& value) {
  if (at == end) return false;
  const char* next = at + (*at == '-' ? 1 : 0);
  uint64_t digits_value = 0;
  unsigned digits = decimal::take_digits(next, end, digits_value);
  unsigned fraction = 0;
  if (next < end && *next == '.') {
    ++next;
    fraction = decimal::take_digits(next, end, digits_value);
    digits += fraction;
  }
  // Both the digits and the power of ten are doubles without loss, so that their quotient is the
  // nearest one (Clinger, 1990, "How to read floating point numbers accurately").
  constexpr uint64_t kExactMax = uint64_t{1} << 53;
  const bool exponent = next < end && (*next == 'e' || *next == 'E');
  if (digits == 0 || digits > 19 || digits_value > kExactMax || exponent || next > end) {
    // Variables of its own: those of the caller stay in registers.
    const char* slow_at = at;
    double slow_value = 0;
    const bool taken = decimal::take_slowly(slow_at, end, slow_value);
    at = slow_at;
    value = slow_value;
    return taken;
  }
  const double magnitude = static_cast<double>(digits_value) / decimal::kExactPowers[fraction];
  value = *at == '-' ? -magnitude : magnitude;
  at = next;
  return true;
}

// The whole number of at most 8 digits that is all of [begin, end); false where it is another one,
// or none.
[[gnu::always_inline]] inline bool read_whole(const char* begin, const char* end, uint64_t& value) {
  const auto size = static_cast<size_t>(end - begin);
  if (size - 1 >= 8) return false;
  const uint64_t word = decimal::last_bytes(end, size);
  value = decimal::value_of_eight(word);
  return decimal::are_digits(word);
}

// The number that is all of [begin, end), where it is written in digits, with a sign and a point
// perhaps, and at most 16 bytes without the sign; what take_decimal() makes of it. False where it
// is another number, or none.
[[gnu::always_inline]] inline bool read_decimal(const char* begin, const char* end, double& value) {
  const bool negative = *begin == '-';
  const auto size = static_cast<size_t>(end - begin) - (negative || *begin == '+' ? 1 : 0);
  if (size - 1 >= 16) return false;
  unsigned fraction = 0;
  uint64_t digits = 0;
  bool right = false;
  if (size <= 8) {
    uint64_t word = decimal::last_bytes(end, size);
    const bool point = decimal::drop_point(word, 0, fraction);
    right = decimal::are_digits(word) && (!point || size > 1);
    digits = decimal::value_of_eight(word);
  } else {
    uint64_t low = decimal::last_bytes(end, 8);
    uint64_t high = decimal::last_bytes(end - 8, size - 8);
    if (decimal::drop_point(low, high >> 56, fraction)) {
      high <<= 8;
    } else if (decimal::drop_point(high, 0, fraction)) {
      fraction += 8;
    }
    right = decimal::are_digits(low) && decimal::are_digits(high);
    digits = decimal::value_of_eight(high) * 100'000'000 + decimal::value_of_eight(low);
  }
  // At most 15 digits with a point: a quotient of exact doubles; 16 digits are rounded once.
  const double magnitude = static_cast<double>(digits) / decimal::kExactPowers[fraction];
  value = negative ? -magnitude : magnitude;
  return right;
}

}  // namespace millrace::ml
