// The arithmetic of alternating least squares in vectors of the widest kind that the processor has.
//
// Pure apart from what they are given to write. Tables have rows of `width` floats, a multiple of
// kIalsUnit, zero from the number of factors on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace millrace::ml::factorization_machines {

inline constexpr size_t kIalsUnit = 32;
inline constexpr size_t kIalsRows = 128;  // That are gathered at once.

// The most entries of a row that solve_ials_few() takes, which beyond would not be the faster way.
constexpr size_t ials_few(size_t factors) { return std::min(kIalsRows, factors / 2); }

// One example as one of its two sides sees it.
struct IalsEntry {
  uint32_t other = 0;  // The row of the other side's table.
  float weight = 0;
  float target = 0;
};

// Floats of scratch that solve_ials_row() needs.
constexpr size_t ials_scratch(size_t width) {
  return width * width + 2 * kIalsRows * width + width;
}

// out[i * width + j] += sum over rows r_i r_j, for j from the unit of i on (the upper triangle).
void add_gram(const float* rows, size_t count, size_t width, float* out);

struct IalsRow {
  const float* gram = nullptr;    // a0 times the other side's, as add_gram() makes it.
  float ridge = 0;                // lambda (C + a0 N)^nu
  const float* others = nullptr;  // The other side's table.
  const IalsEntry* entries = nullptr;
  size_t count = 0;
  size_t factors = 0;
  size_t width = 0;
};

// Writes the least squares solution to `out` (a row of the table) and answers the sum of the
// weighted squared errors of the entries; a negative number where the equations are singular.
double solve_ials_row(const IalsRow& row, float* scratch, float* out);

// Writes U of U'U = gram + ridge I to `out`, width x width; false where it is not positive.
bool factorise_ials(const float* gram, float ridge, size_t factors, size_t width, float* out);

// As solve_ials_row(), given what factorise_ials() makes of the row's gram and ridge: equations as
// many as the row has entries, 1 to ials_few(), take the place of those of its factors (Woodbury).
double solve_ials_few(const IalsRow& row, const float* upper, float* scratch, float* out);

}  // namespace millrace::ml::factorization_machines
