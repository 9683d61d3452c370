// Decimal numbers in text, as fast as they come: a number of at most 19 digits is made of one or
// two words of 8 digits each, without a branch on its length. The value is the double that is
// nearest to what is written, as std::from_chars has it, which does the rare rest.
//
// Pure. What is read must have kDecimalSlack readable bytes behind its end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace::ml {

inline constexpr size_t kDecimalSlack = 8;

namespace decimal {

static_assert(std::endian::native == std::endian::little);

inline constexpr uint64_t kPowers[] = {1,       10,        100,        1'000,      10'000,
                                       100'000, 1'000'000, 10'000'000, 100'000'000};
inline constexpr double kExactPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The digits at `at`, 8 at most: their number; `value` becomes theirs.
[[gnu::always_inline]] inline unsigned take_eight(const char* at, uint64_t& value) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  word ^= 0x3030303030303030;
  const uint64_t others = ((word + 0x7676767676767676) | word) & 0x8080808080808080;
  const auto digits = static_cast<unsigned>(std::countr_zero(others)) / 8;
  // The first digit is in the lowest byte: shifting puts zeros in front of it.
  word = digits == 0 ? 0 : word << (64 - 8 * digits);
  word = (word & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
  word = (word & 0x00ff00ff00ff00ff) * 6553601 >> 16;
  value = (word & 0x0000ffff0000ffff) * 42949672960001 >> 32;
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

}  // namespace millrace::ml
