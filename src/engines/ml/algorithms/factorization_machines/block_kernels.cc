#include "engines/ml/algorithms/factorization_machines/block_kernels.h"

#include <algorithm>
#include <cmath>
#include <vector>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/block_kernels.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace millrace::ml::factorization_machines {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kBlockLanes>;
using V = hn::Vec<D>;

constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kVectors = kBlockLanes / kLanes;  // Of kBlockLanes floats.
constexpr size_t kCacheRows = 128;                 // That stay in the first cache.

// Calls `work.template run<n>(at)` for chunks of n x kBlockLanes floats up to `width`.
template <class Work>
HWY_INLINE void by_chunks(size_t width, Work& work) {
  size_t at = 0;
  for (; width - at >= 4 * kBlockLanes; at += 4 * kBlockLanes) work.template run<4>(at);
  if (width - at >= 2 * kBlockLanes) {
    work.template run<2>(at);
    at += 2 * kBlockLanes;
  }
  if (width > at) work.template run<1>(at);
}

struct RowDerivatives {
  const BlockSource& source;
  RowView row;
  uint32_t skipped;
  float scale;
  float* out;

  template <size_t kBlocks>
  HWY_INLINE void run(size_t at) {
    constexpr size_t kCount = kBlocks * kVectors;
    V sums[kCount];
    for (size_t n = 0; n < kCount; ++n) sums[n] = hn::Zero(D());
    for (size_t i = 0; i < row.indices.size(); ++i) {
      if (row.indices[i] == skipped) continue;
      const float* from = source.parameters + row.indices[i] * source.width + at;
      const V x = hn::Set(D(), row.values[i]);
      for (size_t n = 0; n < kCount; ++n) {
        sums[n] = hn::MulAdd(x, hn::LoadU(D(), from + n * kLanes), sums[n]);
      }
    }
    for (size_t n = 0; n < kCount; ++n) {
      hn::StoreU(hn::Mul(sums[n], hn::Set(D(), scale)), D(), out + at + n * kLanes);
    }
  }
};

void Derivatives(const BlockSource& source, const Column& column, float* derivatives) {
  const size_t width = source.width;
  const float* own = source.parameters + column.feature * width;
  for (size_t at = 0; at < column.size(); ++at) {
    const uint32_t r = column.rows[at];
    const float x = column.values[at];
    const float scale = source.roots == nullptr ? x : x * source.roots[r];
    float* out = derivatives + at * width;
    if (source.sums == nullptr) {
      RowDerivatives work{source, source.rows->row(r), column.feature, scale, out};
      by_chunks(width, work);
    } else {
      const float* sums = source.sums + r * width;
      for (size_t n = 0; n < width; n += kLanes) {
        const V others =
            hn::NegMulAdd(hn::Set(D(), x), hn::LoadU(D(), own + n), hn::LoadU(D(), sums + n));
        hn::StoreU(hn::Mul(others, hn::Set(D(), scale)), D(), out + n);
      }
    }
    out[source.factors] = scale;
  }
}

void AddUncertainty(const BlockSource& source, const Column& column, const float* variances,
                    const float* derivatives, float* diagonal, float* shared) {
  const size_t width = source.width;
  for (size_t at = 0; at < column.size(); ++at) {
    const uint32_t r = column.rows[at];
    const float root = source.roots == nullptr ? 1 : source.roots[r];
    const float own = root * column.values[at];
    const RowView row = source.rows->row(r);
    const float* const derivative = derivatives + at * width;
    for (size_t i = 0; i < row.indices.size(); ++i) {
      if (row.indices[i] == column.feature) continue;
      const float x = row.values[i];
      const float* const variance = variances + row.indices[i] * width;
      const float* const mean = source.parameters + row.indices[i] * width;
      const bool others = row.indices.size() > 2;
      for (size_t n = 0; n < width; n += kLanes) {
        const V part = hn::Mul(hn::Set(D(), x * x), hn::LoadU(D(), variance + n));
        hn::StoreU(hn::MulAdd(hn::Set(D(), own * own), part, hn::LoadU(D(), diagonal + n)), D(),
                   diagonal + n);
        if (!others) continue;
        const V rest = hn::NegMulAdd(hn::Set(D(), own * x), hn::LoadU(D(), mean + n),
                                     hn::LoadU(D(), derivative + n));
        hn::StoreU(hn::MulAdd(hn::Mul(hn::Set(D(), root), part), rest, hn::LoadU(D(), shared + n)),
                   D(), shared + n);
      }
    }
  }
}

// Of one row: its linear weights', and of the pairs of each factor
//   sum_i x_i^2 s_i (sum_{j != i} x_j v_j)^2 + sum_{i < j} x_i^2 s_i x_j^2 s_j.
float row_variance(const BlockSource& source, const float* variances, RowView row) {
  V total = hn::Zero(D());
  float linear = 0;
  for (size_t n = 0; n < source.factors; n += kLanes) {
    V sums = hn::Zero(D());
    V spreads = hn::Zero(D());
    for (size_t i = 0; i < row.indices.size(); ++i) {
      const size_t at = row.indices[i] * source.width + n;
      const V x = hn::Set(D(), row.values[i]);
      sums = hn::MulAdd(x, hn::LoadU(D(), source.parameters + at), sums);
      spreads = hn::MulAdd(hn::Mul(x, x), hn::LoadU(D(), variances + at), spreads);
    }
    V here = hn::Mul(spreads, spreads);
    for (size_t i = 0; i < row.indices.size(); ++i) {
      const size_t at = row.indices[i] * source.width + n;
      const V x = hn::Set(D(), row.values[i]);
      const V spread = hn::Mul(hn::Mul(x, x), hn::LoadU(D(), variances + at));
      const V others = hn::NegMulAdd(x, hn::LoadU(D(), source.parameters + at), sums);
      here = hn::NegMulAdd(spread, spread, here);
      here = hn::MulAdd(hn::Mul(hn::Add(spread, spread), others), others, here);
    }
    const size_t left = source.factors - n;
    total = hn::Add(total, left >= kLanes ? here : hn::IfThenElseZero(hn::FirstN(D(), left), here));
  }
  for (size_t i = 0; i < row.indices.size(); ++i) {
    const float spread = variances[row.indices[i] * source.width + source.factors];
    linear += row.values[i] * row.values[i] * spread;
  }
  return linear + 0.5f * hn::GetLane(hn::SumOfLanes(D(), total));
}

void OutputVariances(const BlockSource& source, const float* variances, size_t first, size_t count,
                     float* results) {
  for (size_t at = first; at < first + count; ++at) {
    results[at] = row_variance(source, variances, source.rows->row(at));
  }
}

void AddToSums(const Column& column, const float* change, size_t width, float* sums) {
  for (size_t at = 0; at < column.size(); ++at) {
    float* to = sums + column.rows[at] * width;
    const V x = hn::Set(D(), column.values[at]);
    for (size_t n = 0; n < width; n += kLanes) {
      hn::StoreU(hn::MulAdd(x, hn::LoadU(D(), change + n), hn::LoadU(D(), to + n)), D(), to + n);
    }
  }
}

// Four rows of the products, as many columns as the template says.
template <size_t kBlocks>
HWY_INLINE void add_tile(const float* rows, size_t count, size_t width, size_t i, size_t j,
                         float* products) {
  constexpr size_t kCount = kBlocks * kVectors;
  V sums[4][kCount];
  for (size_t p = 0; p < 4; ++p) {
    for (size_t n = 0; n < kCount; ++n) {
      sums[p][n] = hn::LoadU(D(), products + (i + p) * width + j + n * kLanes);
    }
  }
  for (size_t r = 0; r < count; ++r) {
    const float* row = rows + r * width;
    V right[kCount];
    for (size_t n = 0; n < kCount; ++n) right[n] = hn::LoadU(D(), row + j + n * kLanes);
    for (size_t p = 0; p < 4; ++p) {
      const V left = hn::Set(D(), row[i + p]);
      for (size_t n = 0; n < kCount; ++n) sums[p][n] = hn::MulAdd(left, right[n], sums[p][n]);
    }
  }
  for (size_t p = 0; p < 4; ++p) {
    for (size_t n = 0; n < kCount; ++n) {
      hn::StoreU(sums[p][n], D(), products + (i + p) * width + j + n * kLanes);
    }
  }
}

void AddProducts(const float* rows, size_t count, size_t width, float* products) {
  for (size_t first = 0; first < count; first += kCacheRows) {
    const size_t here = std::min(kCacheRows, count - first);
    for (size_t i = 0; i < width; i += 4) {
      size_t j = i / kBlockLanes * kBlockLanes;
      for (; width - j >= 2 * kBlockLanes; j += 2 * kBlockLanes) {
        add_tile<2>(rows + first * width, here, width, i, j, products);
      }
      if (j < width) add_tile<1>(rows + first * width, here, width, i, j, products);
    }
  }
}

struct ScaledSum {
  const float* rows;
  const float* factors;
  size_t count;
  size_t width;
  float* total;

  template <size_t kBlocks>
  HWY_INLINE void run(size_t at) {
    constexpr size_t kCount = kBlocks * kVectors;
    V sums[kCount];
    for (size_t n = 0; n < kCount; ++n) sums[n] = hn::LoadU(D(), total + at + n * kLanes);
    for (size_t r = 0; r < count; ++r) {
      const V factor = hn::Set(D(), factors[r]);
      for (size_t n = 0; n < kCount; ++n) {
        sums[n] = hn::MulAdd(factor, hn::LoadU(D(), rows + r * width + at + n * kLanes), sums[n]);
      }
    }
    for (size_t n = 0; n < kCount; ++n) hn::StoreU(sums[n], D(), total + at + n * kLanes);
  }
};

void AddScaled(const float* rows, const float* factors, size_t count, size_t width, float* total) {
  ScaledSum work{rows, factors, count, width, total};
  by_chunks(width, work);
}

HWY_INLINE float dot(const float* a, const float* b, size_t size) {
  V sum = hn::Zero(D());
  for (size_t n = 0; n < size; n += kLanes) {
    sum = hn::MulAdd(hn::LoadU(D(), a + n), hn::LoadU(D(), b + n), sum);
  }
  return hn::GetLane(hn::SumOfLanes(D(), sum));
}

void Multiply(const float* rows, const float* vector, size_t count, size_t width, float* products) {
  for (size_t r = 0; r < count; ++r) products[r] = dot(rows + r * width, vector, width);
}

// From where on whole vectors reach to the end of a row, at or before `at`.
HWY_INLINE size_t aligned(size_t at) { return at / kBlockLanes * kBlockLanes; }

void Factorise(float* matrix, size_t size, size_t width) {
  constexpr float kNothing = 1e-6f;  // Of what stood on the diagonal.
  constexpr float kInfinite = 1e15f;
  std::vector<float> before(size);
  for (size_t j = 0; j < size; ++j) before[j] = matrix[j * width + j];
  for (size_t j = 0; j < size; ++j) {
    float* row = matrix + j * width;
    const float pivot = row[j];
    std::fill(row + aligned(j), row + j, 0.0f);
    if (!(pivot > kNothing * before[j])) {
      std::fill(row + j, row + width, 0.0f);
      row[j] = kInfinite;
      continue;
    }
    const float root = std::sqrt(pivot);
    const V scale = hn::Set(D(), 1 / root);
    for (size_t n = aligned(j); n < width; n += kLanes) {
      hn::StoreU(hn::Mul(hn::LoadU(D(), row + n), scale), D(), row + n);
    }
    for (size_t i = j + 1; i < size; ++i) {
      float* to = matrix + i * width;
      const V by = hn::Set(D(), row[i]);
      for (size_t n = aligned(i); n < width; n += kLanes) {
        hn::StoreU(hn::NegMulAdd(by, hn::LoadU(D(), row + n), hn::LoadU(D(), to + n)), D(), to + n);
      }
    }
  }
}

void SolveLower(const float* upper, size_t size, size_t width, float* y) {
  for (size_t j = 0; j < size; ++j) {
    const float* row = upper + j * width;
    const float solved = y[j] / row[j];
    const V by = hn::Set(D(), solved);
    for (size_t n = aligned(j); n < width; n += kLanes) {
      hn::StoreU(hn::NegMulAdd(by, hn::LoadU(D(), row + n), hn::LoadU(D(), y + n)), D(), y + n);
    }
    y[j] = solved;
  }
}

void SolveUpper(const float* upper, size_t size, size_t width, float* x) {
  for (size_t j = size; j-- > 0;) {
    const float* row = upper + j * width;
    const float right = x[j];
    x[j] = 0;
    x[j] = (right - dot(row + aligned(j), x + aligned(j), width - aligned(j))) / row[j];
  }
}

struct RowSums {
  const BlockSource& source;
  RowView row;
  float pairs = 0;

  template <size_t kBlocks>
  HWY_INLINE void run(size_t at) {
    constexpr size_t kCount = kBlocks * kVectors;
    V sums[kCount], squares[kCount];
    for (size_t n = 0; n < kCount; ++n) sums[n] = squares[n] = hn::Zero(D());
    for (size_t i = 0; i < row.indices.size(); ++i) {
      const float* from = source.parameters + row.indices[i] * source.width + at;
      const V x = hn::Set(D(), row.values[i]);
      for (size_t n = 0; n < kCount; ++n) {
        V part = hn::Mul(x, hn::LoadU(D(), from + n * kLanes));
        if (at + n * kLanes + kLanes > source.factors) {  // The linear weight has no pairs.
          const size_t left = source.factors - std::min(source.factors, at + n * kLanes);
          part = hn::IfThenElseZero(hn::FirstN(D(), left), part);
        }
        sums[n] = hn::Add(sums[n], part);
        squares[n] = hn::MulAdd(part, part, squares[n]);
      }
    }
    V total = hn::Zero(D());
    for (size_t n = 0; n < kCount; ++n) {
      total = hn::Add(total, hn::MulSub(sums[n], sums[n], squares[n]));
    }
    pairs += hn::GetLane(hn::SumOfLanes(D(), total));
  }
};

void Outputs(const BlockSource& source, float bias, size_t first, size_t count, float* outputs) {
  for (size_t at = first; at < first + count; ++at) {
    RowSums work{source, source.rows->row(at)};
    by_chunks(source.width, work);
    float linear = bias;
    for (size_t i = 0; i < work.row.indices.size(); ++i) {
      const float* from = source.parameters + work.row.indices[i] * source.width;
      linear += work.row.values[i] * from[source.factors];
    }
    outputs[at] = linear + 0.5f * work.pairs;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(Derivatives);
HWY_EXPORT(AddUncertainty);
HWY_EXPORT(OutputVariances);
HWY_EXPORT(AddToSums);
HWY_EXPORT(AddProducts);
HWY_EXPORT(AddScaled);
HWY_EXPORT(Multiply);
HWY_EXPORT(Factorise);
HWY_EXPORT(SolveLower);
HWY_EXPORT(SolveUpper);
HWY_EXPORT(Outputs);

void block_derivatives(const BlockSource& source, const Column& column, float* derivatives) {
  HWY_DYNAMIC_DISPATCH(Derivatives)(source, column, derivatives);
}

void add_uncertainty(const BlockSource& source, const Column& column, const float* variances,
                     const float* derivatives, float* diagonal, float* shared) {
  HWY_DYNAMIC_DISPATCH(AddUncertainty)(source, column, variances, derivatives, diagonal, shared);
}

void block_output_variances(const BlockSource& source, const float* variances, size_t first,
                            size_t count, float* results) {
  HWY_DYNAMIC_DISPATCH(OutputVariances)(source, variances, first, count, results);
}

void add_to_sums(const Column& column, const float* change, size_t width, float* sums) {
  HWY_DYNAMIC_DISPATCH(AddToSums)(column, change, width, sums);
}

void add_products(const float* rows, size_t count, size_t width, float* products) {
  HWY_DYNAMIC_DISPATCH(AddProducts)(rows, count, width, products);
}

void add_scaled(const float* rows, const float* factors, size_t count, size_t width, float* total) {
  HWY_DYNAMIC_DISPATCH(AddScaled)(rows, factors, count, width, total);
}

void multiply(const float* rows, const float* vector, size_t count, size_t width, float* products) {
  HWY_DYNAMIC_DISPATCH(Multiply)(rows, vector, count, width, products);
}

void factorise(float* matrix, size_t size, size_t width) {
  HWY_DYNAMIC_DISPATCH(Factorise)(matrix, size, width);
}

void solve_lower(const float* upper, size_t size, size_t width, float* y) {
  HWY_DYNAMIC_DISPATCH(SolveLower)(upper, size, width, y);
}

void solve_upper(const float* upper, size_t size, size_t width, float* x) {
  HWY_DYNAMIC_DISPATCH(SolveUpper)(upper, size, width, x);
}

void block_outputs(const BlockSource& source, float bias, size_t first, size_t count,
                   float* outputs) {
  HWY_DYNAMIC_DISPATCH(Outputs)(source, bias, first, count, outputs);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
