#include "engines/ml/algorithms/factorization_machines/softmax_kernels.h"

#include <algorithm>
#include <cmath>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/softmax_kernels.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
// Behind it, as it is compiled as often.
#include "hwy/contrib/math/math-inl.h"

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

struct Product {
  const float* a;
  size_t a_row;
  size_t a_inner;
  const float* b;
  size_t b_row;
  float* c;
  size_t c_row;
  size_t inner;
  size_t columns;

  template <size_t kRows>
  HWY_INLINE void rows_from(size_t r) const {
    for (size_t j = 0; j < columns; j += kTileColumns) {
      V low[kRows];
      V high[kRows];
      for (size_t t = 0; t < kRows; ++t) {
        low[t] = hn::LoadU(D(), c + (r + t) * c_row + j);
        high[t] = hn::LoadU(D(), c + (r + t) * c_row + j + kLanes);
      }
      for (size_t n = 0; n < inner; ++n) {
        const V left = hn::LoadU(D(), b + n * b_row + j);
        const V right = hn::LoadU(D(), b + n * b_row + j + kLanes);
        for (size_t t = 0; t < kRows; ++t) {
          const V s = hn::Set(D(), a[(r + t) * a_row + n * a_inner]);
          low[t] = hn::MulAdd(s, left, low[t]);
          high[t] = hn::MulAdd(s, right, high[t]);
        }
      }
      for (size_t t = 0; t < kRows; ++t) {
        hn::StoreU(low[t], D(), c + (r + t) * c_row + j);
        hn::StoreU(high[t], D(), c + (r + t) * c_row + j + kLanes);
      }
    }
  }
};

void MultiplyAdd(const float* a, size_t a_row, size_t a_inner, const float* b, size_t b_row,
                 float* c, size_t c_row, size_t rows, size_t inner, size_t columns) {
  const Product product{a, a_row, a_inner, b, b_row, c, c_row, inner, columns};
  size_t r = 0;
  for (; r + kTileRows <= rows; r += kTileRows) product.template rows_from<kTileRows>(r);
  for (; r < rows; ++r) product.template rows_from<1>(r);
}

float SoftmaxShares(float* logits, size_t count, float own, float* log_sum) {
  V largest = hn::Set(D(), own);
  for (size_t at = 0; at < count; at += kLanes) {
    largest = hn::Max(largest, hn::LoadU(D(), logits + at));
  }
  const float top = hn::GetLane(hn::MaxOfLanes(D(), largest));
  const V away = hn::Set(D(), top);
  V sums = hn::Zero(D());
  for (size_t at = 0; at < count; at += kLanes) {
    // Exp() is made for numbers that are finite; below -87 the share is nothing anyway.
    const V power = hn::Max(hn::Sub(hn::LoadU(D(), logits + at), away), hn::Set(D(), -100.0f));
    const V share = hn::IfThenZeroElse(hn::Lt(power, hn::Set(D(), -87.0f)), hn::Exp(D(), power));
    hn::StoreU(share, D(), logits + at);
    sums = hn::Add(sums, share);
  }
  const float mine = std::exp(own - top);
  const float sum = hn::GetLane(hn::SumOfLanes(D(), sums)) + mine;
  const V inverse = hn::Set(D(), 1 / sum);
  for (size_t at = 0; at < count; at += kLanes) {
    hn::StoreU(hn::Mul(hn::LoadU(D(), logits + at), inverse), D(), logits + at);
  }
  *log_sum = top + std::log(sum);
  return mine / sum;
}

void MoveAdagrad(float* values, float* squares, const float* gradients, size_t count, float rate,
                 float decay) {
  size_t at = 0;
  const V speed = hn::Set(D(), rate);
  const V shrink = hn::Set(D(), decay);
  for (; at + kLanes <= count; at += kLanes) {
    const V value = hn::LoadU(D(), values + at);
    const V gradient = hn::MulAdd(shrink, value, hn::LoadU(D(), gradients + at));
    const V square = hn::MulAdd(gradient, gradient, hn::LoadU(D(), squares + at));
    hn::StoreU(square, D(), squares + at);
    const V step = hn::Div(hn::Mul(speed, gradient), hn::Sqrt(square));
    hn::StoreU(hn::Sub(value, step), D(), values + at);
  }
  for (; at < count; ++at) {
    const float gradient = gradients[at] + decay * values[at];
    squares[at] += gradient * gradient;
    values[at] -= rate * gradient / std::sqrt(squares[at]);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(MultiplyAdd);
HWY_EXPORT(SoftmaxShares);
HWY_EXPORT(MoveAdagrad);

void multiply_add(const float* a, size_t a_row, size_t a_inner, const float* b, size_t b_row,
                  float* c, size_t c_row, size_t rows, size_t inner, size_t columns) {
  HWY_DYNAMIC_DISPATCH(MultiplyAdd)
  (a, a_row, a_inner, b, b_row, c, c_row, rows, inner, columns);
}

float softmax_shares(float* logits, size_t count, float own, float* log_sum) {
  return HWY_DYNAMIC_DISPATCH(SoftmaxShares)(logits, count, own, log_sum);
}

void move_adagrad(float* values, float* squares, const float* gradients, size_t count, float rate,
                  float decay) {
  HWY_DYNAMIC_DISPATCH(MoveAdagrad)(values, squares, gradients, count, rate, decay);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
