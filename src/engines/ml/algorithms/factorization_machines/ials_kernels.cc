#include "engines/ml/algorithms/factorization_machines/ials_kernels.h"

#include <algorithm>
#include <cmath>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/ials_kernels.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace millrace::ml::factorization_machines {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;

constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kTileRows = kLanes == 16 ? 8 : 4;
constexpr size_t kTileColumns = 2 * kLanes;

// out += scaled^T rows, the upper triangle.
HWY_INLINE void multiply(const float* scaled, const float* rows, size_t count, size_t width,
                         float* out) {
  for (size_t i = 0; i < width; i += kTileRows) {
    for (size_t j = i / kTileColumns * kTileColumns; j < width; j += kTileColumns) {
      V low[kTileRows];
      V high[kTileRows];
      for (size_t t = 0; t < kTileRows; ++t) {
        low[t] = hn::LoadU(D(), out + (i + t) * width + j);
        high[t] = hn::LoadU(D(), out + (i + t) * width + j + kLanes);
      }
      for (size_t n = 0; n < count; ++n) {
        const V a = hn::LoadU(D(), rows + n * width + j);
        const V b = hn::LoadU(D(), rows + n * width + j + kLanes);
        for (size_t t = 0; t < kTileRows; ++t) {
          const V s = hn::Set(D(), scaled[n * width + i + t]);
          low[t] = hn::MulAdd(s, a, low[t]);
          high[t] = hn::MulAdd(s, b, high[t]);
        }
      }
      for (size_t t = 0; t < kTileRows; ++t) {
        hn::StoreU(low[t], D(), out + (i + t) * width + j);
        hn::StoreU(high[t], D(), out + (i + t) * width + j + kLanes);
      }
    }
  }
}

void AddGram(const float* rows, size_t count, size_t width, float* out) {
  for (size_t at = 0; at < count; at += kIalsRows) {
    const float* const part = rows + at * width;
    multiply(part, part, std::min(kIalsRows, count - at), width, out);
  }
}

// to[from..width) += scale * row[from..width), from a whole vector on.
HWY_INLINE void add_scaled(float scale, const float* row, size_t from, size_t width, float* to) {
  const V s = hn::Set(D(), scale);
  for (size_t j = from / kLanes * kLanes; j < width; j += kLanes) {
    hn::StoreU(hn::MulAdd(s, hn::LoadU(D(), row + j), hn::LoadU(D(), to + j)), D(), to + j);
  }
}

HWY_INLINE float dot(const float* a, const float* b, size_t width) {
  V low = hn::Zero(D());
  V high = hn::Zero(D());
  for (size_t j = 0; j < width; j += 2 * kLanes) {
    low = hn::MulAdd(hn::LoadU(D(), a + j), hn::LoadU(D(), b + j), low);
    high = hn::MulAdd(hn::LoadU(D(), a + j + kLanes), hn::LoadU(D(), b + j + kLanes), high);
  }
  return hn::GetLane(hn::SumOfLanes(D(), hn::Add(low, high)));
}

// One step of Cholesky's A = U'U, in place: row p of U, and what is left of A below it. What lies
// left of the diagonal in its first vector is not set. False where A is not positive.
HWY_INLINE bool eliminate(float* a, size_t p, size_t size, size_t width) {
  float* const row = a + p * width;
  if (!(row[p] > 0) || !std::isfinite(row[p])) return false;
  const V scale = hn::Set(D(), 1 / std::sqrt(row[p]));
  for (size_t j = p / kLanes * kLanes; j < width; j += kLanes) {
    hn::StoreU(hn::Mul(scale, hn::LoadU(D(), row + j)), D(), row + j);
  }
  for (size_t i = p + 1; i < size; ++i) add_scaled(-row[i], row, i, width, a + i * width);
  return true;
}

// Solves A x = b; A is overwritten, b becomes x. False where A is not positive.
HWY_INLINE bool solve(float* a, size_t size, size_t width, float* b) {
  for (size_t p = 0; p < size; ++p) {
    if (!eliminate(a, p, size, width)) return false;
    const float* const row = a + p * width;
    b[p] /= row[p];
    for (size_t j = p + 1; j < size; ++j) b[j] -= b[p] * row[j];
  }
  for (size_t p = size; p-- > 0;) {
    const float* const row = a + p * width;
    float sum = b[p];
    for (size_t j = p + 1; j < size; ++j) sum -= row[j] * b[j];
    b[p] = sum / row[p];
  }
  return true;
}

bool FactoriseIals(const float* gram, float ridge, size_t factors, size_t width, float* out) {
  std::copy_n(gram, width * width, out);
  for (size_t f = 0; f < factors; ++f) out[f * width + f] += ridge;
  for (size_t p = 0; p < factors; ++p) {
    if (!eliminate(out, p, factors, width)) return false;
  }
  for (size_t p = 0; p < factors; ++p) std::fill_n(out + p * width, p, 0.0f);
  return true;
}

// With M = U'U, H the rows of the other side that the entries name, C their weights and t their
// targets: X = U^-T H', s = (C^-1 + X'X)^-1 t, out = U^-1 X s, and the errors are -C^-1 s.
double SolveIalsFew(const IalsRow& row, const float* upper, float* scratch, float* out) {
  const size_t width = row.width;
  const size_t side = (row.count + kIalsUnit - 1) / kIalsUnit * kIalsUnit;
  float* const a = scratch;
  float* const x = scratch + width * width;
  float* const s = x + 2 * kIalsRows * width;
  for (size_t n = 0; n < row.count; ++n) {
    std::copy_n(row.others + size_t{row.entries[n].other} * width, width, x + n * width);
  }
  for (size_t p = 0; p < row.factors; ++p) {
    const float* const from = upper + p * width;
    for (size_t n = 0; n < row.count; ++n) {
      float* const to = x + n * width;
      const float value = to[p] / from[p];
      add_scaled(-value, from, p, width, to);
      to[p] = value;
    }
  }
  std::fill_n(a, row.count * side, 0.0f);
  std::fill_n(s, width, 0.0f);
  for (size_t n = 0; n < row.count; ++n) {
    for (size_t m = n; m < row.count; ++m) {
      a[n * side + m] = dot(x + n * width, x + m * width, width);
    }
    a[n * side + n] += 1 / row.entries[n].weight;
    s[n] = row.entries[n].target;
  }
  if (!solve(a, row.count, side, s)) return -1;
  std::fill_n(out, width, 0.0f);
  double loss = 0;
  for (size_t n = 0; n < row.count; ++n) {
    add_scaled(s[n], x + n * width, 0, width, out);
    loss += double{s[n]} * s[n] / row.entries[n].weight;
  }
  for (size_t p = row.factors; p-- > 0;) {
    const float* const from = upper + p * width;
    const float value = out[p];
    out[p] = 0;  // What is left of it in the row is zero.
    const size_t begin = p / (2 * kLanes) * (2 * kLanes);
    out[p] = (value - dot(from + begin, out + begin, width - begin)) / from[p];
  }
  return loss;
}

double SolveIalsRow(const IalsRow& row, float* scratch, float* out) {
  const size_t width = row.width;
  float* const a = scratch;
  float* const rows = a + width * width;
  float* const scaled = rows + kIalsRows * width;
  float* const b = scaled + kIalsRows * width;
  std::copy_n(row.gram, width * width, a);
  for (size_t f = 0; f < row.factors; ++f) a[f * width + f] += row.ridge;
  std::fill_n(b, width, 0.0f);
  for (size_t at = 0; at < row.count; at += kIalsRows) {
    const size_t count = std::min(kIalsRows, row.count - at);
    for (size_t n = 0; n < count; ++n) {
      const IalsEntry& entry = row.entries[at + n];
      const float* const other = row.others + size_t{entry.other} * width;
      const V weight = hn::Set(D(), entry.weight);
      for (size_t j = 0; j < width; j += kLanes) {
        const V value = hn::LoadU(D(), other + j);
        hn::StoreU(value, D(), rows + n * width + j);
        hn::StoreU(hn::Mul(weight, value), D(), scaled + n * width + j);
      }
      add_scaled(entry.weight * entry.target, other, 0, width, b);
    }
    multiply(scaled, rows, count, width, a);
  }
  if (!solve(a, row.factors, width, b)) return -1;
  std::copy_n(b, width, out);
  double loss = 0;
  for (size_t at = 0; at < row.count; ++at) {
    const IalsEntry& entry = row.entries[at];
    const float* const other = row.others + size_t{entry.other} * width;
    const double error = dot(out, other, width) - entry.target;
    loss += entry.weight * error * error;
  }
  return loss;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(AddGram);
HWY_EXPORT(SolveIalsRow);
HWY_EXPORT(FactoriseIals);
HWY_EXPORT(SolveIalsFew);

void add_gram(const float* rows, size_t count, size_t width, float* out) {
  HWY_DYNAMIC_DISPATCH(AddGram)(rows, count, width, out);
}

double solve_ials_row(const IalsRow& row, float* scratch, float* out) {
  return HWY_DYNAMIC_DISPATCH(SolveIalsRow)(row, scratch, out);
}

bool factorise_ials(const float* gram, float ridge, size_t factors, size_t width, float* out) {
  return HWY_DYNAMIC_DISPATCH(FactoriseIals)(gram, ridge, factors, width, out);
}

double solve_ials_few(const IalsRow& row, const float* upper, float* scratch, float* out) {
  return HWY_DYNAMIC_DISPATCH(SolveIalsFew)(row, upper, scratch, out);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
