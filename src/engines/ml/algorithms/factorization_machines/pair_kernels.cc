#include "engines/ml/algorithms/factorization_machines/pair_kernels.h"

#include <algorithm>
#include <cmath>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/pair_kernels.cc"
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
constexpr size_t kAhead = 16;    // Rows from one that is worked on to the one that is fetched.
constexpr size_t kSumRows = 64;  // Whose errors are summed up as floats.
constexpr size_t kCacheLine = 64;
constexpr double kProductMax = 1e300;

// The vectors of a row of factors: as many as kFixed says, or where that is 0 as many as needed,
// the last of them cut off.
template <size_t kFixed>
class Vectors {
 public:
  HWY_INLINE explicit Vectors(size_t width)
      : count_((width + kLanes - 1) / kLanes),
        last_(hn::FirstN(D(), width - (count_ - 1) * kLanes)) {}

  HWY_INLINE size_t count() const { return kFixed != 0 ? kFixed : count_; }
  HWY_INLINE V load(const float* from, size_t n) const {
    if (kFixed == 0 && n + 1 == count_) return hn::MaskedLoad(last_, D(), from + n * kLanes);
    return hn::LoadU(D(), from + n * kLanes);
  }
  HWY_INLINE void store(V value, float* to, size_t n) const {
    if (kFixed == 0 && n + 1 == count_) {
      hn::BlendedStore(value, last_, D(), to + n * kLanes);
    } else {
      hn::StoreU(value, D(), to + n * kLanes);
    }
  }

 private:
  size_t count_;
  hn::Mask<D> last_;
};

HWY_INLINE float exp_of(float x) {
  const hn::CappedTag<float, 1> one;
  return hn::GetLane(hn::Exp(one, hn::Set(one, x)));
}

HWY_INLINE void fetch(const float* row, size_t bytes) {
  const char* const begin = reinterpret_cast<const char*>(row);
  for (size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(begin + at, 1);
}

template <bool kClassifier, bool kAdagrad, size_t kFixed>
struct PairWork {
  const PairTables& tables;
  const PairRates& rates;
  const Vectors<kFixed> vectors{tables.width};
  const float linear_kept = 1 - rates.linear * rates.linear_decay;
  const float factors_kept = 1 - rates.factors * rates.factors_decay;
  const float bias;
  PairSums sums;
  double product = 1;  // Of 1 + e^-|y|, whose logarithm is still to be taken.

  HWY_INLINE void fetch_row(uint32_t feature) const {
    const size_t bytes = tables.width * sizeof(float);
    fetch(tables.factors + feature * tables.stride, bytes);
    __builtin_prefetch(tables.linear + feature, 1);
    if constexpr (kAdagrad) {
      fetch(tables.squares + feature * tables.stride, bytes);
      __builtin_prefetch(tables.linear_squares + feature, 1);
    }
  }

  // The derivative of the cross-entropy, log(1 + e^-|y|) and |y| more where the guess is wrong.
  HWY_INLINE float classify(float output, float label) {
    Tally& tally = sums.tally;
    const float small = exp_of(-std::abs(output));
    const float inverse = 1 / (1 + small);
    const bool guess = output > 0;
    const bool truth = label > 0.5f;
    product *= 1 + small;
    if (guess != truth) tally.loss += std::abs(output);
    if (product > kProductMax) take_logarithm();
    tally.right += guess == truth;
    tally.true_positives += guess && truth;
    tally.false_positives += guess && !truth;
    tally.false_negatives += !guess && truth;
    return (guess ? inverse : small * inverse) - label;
  }

  void take_logarithm() {
    sums.tally.loss += std::log(product);
    product = 1;
  }

  static HWY_INLINE void move_adagrad(float& parameter, float& square, float gradient, float rate) {
    square += gradient * gradient;
    parameter -= rate * gradient / std::sqrt(square);
  }

  HWY_INLINE void move_linear(uint32_t feature, float slope) const {
    float& weight = tables.linear[feature];
    if constexpr (kAdagrad) {
      move_adagrad(weight, tables.linear_squares[feature], slope + rates.linear_decay * weight,
                   rates.linear);
    } else {
      weight = weight * linear_kept - rates.linear * slope;
    }
  }

  static HWY_INLINE V step_adagrad(V gradient, V rate, const Vectors<kFixed>& lanes, float* squares,
                                   size_t n) {
    const V square = hn::MulAdd(gradient, gradient, lanes.load(squares, n));
    lanes.store(square, squares, n);
    return hn::Mul(hn::Mul(rate, gradient), hn::ApproximateReciprocalSqrt(square));
  }

  // Both rows by the slope: the gradient of one is the slope times the other, beside its decay.
  HWY_INLINE void move_factors(const PairRow& row, const V* u_held, const V* v_held,
                               float slope) const {
    float* const u = tables.factors + row.first * tables.stride;
    float* const v = tables.factors + row.second * tables.stride;
    const V by = hn::Set(D(), kAdagrad ? slope : rates.factors * slope);
    const V kept = hn::Set(D(), kAdagrad ? rates.factors_decay : factors_kept);
    const V rate = hn::Set(D(), rates.factors);
    for (size_t n = 0; n < vectors.count(); ++n) {
      const V old_u = kFixed != 0 ? u_held[n] : vectors.load(u, n);
      const V old_v = kFixed != 0 ? v_held[n] : vectors.load(v, n);
      if constexpr (kAdagrad) {
        const V gradient_u = hn::MulAdd(by, old_v, hn::Mul(kept, old_u));
        const V gradient_v = hn::MulAdd(by, old_u, hn::Mul(kept, old_v));
        float* const squares_u = tables.squares + row.first * tables.stride;
        float* const squares_v = tables.squares + row.second * tables.stride;
        vectors.store(hn::Sub(old_u, step_adagrad(gradient_u, rate, vectors, squares_u, n)), u, n);
        vectors.store(hn::Sub(old_v, step_adagrad(gradient_v, rate, vectors, squares_v, n)), v, n);
      } else {
        vectors.store(hn::NegMulAdd(by, old_v, hn::Mul(kept, old_u)), u, n);
        vectors.store(hn::NegMulAdd(by, old_u, hn::Mul(kept, old_v)), v, n);
      }
    }
  }

  // One row; answers the slope before its importance.
  HWY_INLINE float step(const PairRow& row, float importance) {
    const float* const u = tables.factors + row.first * tables.stride;
    const float* const v = tables.factors + row.second * tables.stride;
    V u_held[kFixed != 0 ? kFixed : 1];
    V v_held[kFixed != 0 ? kFixed : 1];
    V even = hn::Zero(D());
    V odd = hn::Zero(D());
    for (size_t n = 0; n < vectors.count(); ++n) {
      const V a = vectors.load(u, n);
      const V b = vectors.load(v, n);
      if constexpr (kFixed != 0) {
        u_held[n] = a;
        v_held[n] = b;
      }
      V& sum = n % 2 == 0 ? even : odd;
      sum = hn::MulAdd(a, b, sum);
    }
    const float pair = hn::GetLane(hn::SumOfLanes(D(), hn::Add(even, odd)));
    const float linear = tables.linear[row.first] + tables.linear[row.second];
    const float error = kClassifier ? classify(pair + linear + bias, row.label)
                                    : (pair + linear) + (bias - row.label);
    const float slope = error * importance;
    move_linear(row.first, slope);
    move_linear(row.second, slope);
    move_factors(row, u_held, v_held, slope);
    return error;
  }

  HWY_INLINE void run(PairRows rows) {
    for (size_t at = 0; at < rows.count;) {
      const size_t end = std::min(at + kSumRows, rows.count);
      float errors = 0;
      float absolutes = 0;
      float slopes = 0;
      float squares = 0;
      for (; at < end; ++at) {
        if (tables.far) {
          const PairRow& ahead = rows.rows[std::min(at + kAhead, rows.count - 1)];
          fetch_row(ahead.first);
          fetch_row(ahead.second);
        }
        const float importance = rows.importances == nullptr ? 1 : rows.importances[at];
        const float error = step(rows.rows[at], importance);
        errors += error * error;
        absolutes += std::abs(error);
        const float slope = error * importance;
        slopes += slope;
        squares += slope * slope;
        if (rows.importances != nullptr) sums.weights += importance;
      }
      Tally& tally = sums.tally;
      // Once an output is not finite, neither is this.
      tally.finite = tally.finite && std::isfinite(errors);
      if constexpr (!kClassifier) {
        tally.loss += errors;
        tally.absolutes += absolutes;
      }
      sums.slopes += slopes;
      sums.squares += squares;
    }
    sums.tally.rows = rows.count;
    if (rows.importances == nullptr) sums.weights = static_cast<double>(rows.count);
    take_logarithm();
  }
};

template <bool kClassifier, bool kAdagrad, size_t kFixed>
PairSums run_fixed(const PairTables& tables, const PairRates& rates, PairRows rows, float bias) {
  PairWork<kClassifier, kAdagrad, kFixed> work{.tables = tables, .rates = rates, .bias = bias};
  work.run(rows);
  return work.sums;
}

template <bool kClassifier, bool kAdagrad>
PairSums run_width(const PairTables& tables, const PairRates& rates, PairRows rows, float bias) {
  // As many as two rows leave registers beside.
  if constexpr (kLanes == 16) {
    if (tables.width == 4 * kLanes) {
      return run_fixed<kClassifier, kAdagrad, 4>(tables, rates, rows, bias);
    }
  }
  if (tables.width == 2 * kLanes) {
    return run_fixed<kClassifier, kAdagrad, 2>(tables, rates, rows, bias);
  }
  return run_fixed<kClassifier, kAdagrad, 0>(tables, rates, rows, bias);
}

PairSums DescendPairs(PredictorType type, const PairTables& tables, const PairRates& rates,
                      PairRows rows, float bias) {
  const bool adagrad = tables.squares != nullptr;
  if (type == PredictorType::binary_classifier) {
    return adagrad ? run_width<true, true>(tables, rates, rows, bias)
                   : run_width<true, false>(tables, rates, rows, bias);
  }
  return adagrad ? run_width<false, true>(tables, rates, rows, bias)
                 : run_width<false, false>(tables, rates, rows, bias);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(DescendPairs);

PairSums descend_pairs(PredictorType type, const PairTables& tables, const PairRates& rates,
                       PairRows rows, float bias) {
  return HWY_DYNAMIC_DISPATCH(DescendPairs)(type, tables, rates, rows, bias);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
