#include "engines/ml/algorithms/factorization_machines/adam_kernels.h"

#include <algorithm>
#include <limits>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/adam_kernels.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace millrace::ml::factorization_machines {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kUnit>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;

constexpr size_t kLanes = hn::MaxLanes(D());
// Vectors that are worked on at once: as many as leave registers for the rest.
constexpr size_t kVectorsMax = 4;
constexpr size_t kFeaturesAhead = 6;
constexpr size_t kLinearAhead = 48;  // A multiple of all numbers of lanes.
constexpr size_t kCacheLine = 64;

// The instructions of AVX-512 are right to 14 bits, which a step that noise makes anyway can do
// with; others are refined by one step of Newton's method.
constexpr bool kRefined = kLanes != 16;

HWY_INLINE V inverse_root(V x) {
  const V guess = hn::ApproximateReciprocalSqrt(x);
  if constexpr (!kRefined) return guess;
  const V half = hn::Mul(hn::Set(D(), 0.5f), x);
  return hn::Mul(guess, hn::NegMulAdd(half, hn::Mul(guess, guess), hn::Set(D(), 1.5f)));
}

HWY_INLINE V inverse(V x) {
  const V guess = hn::ApproximateReciprocal(x);
  if constexpr (!kRefined) return guess;
  return hn::Mul(guess, hn::NegMulAdd(x, guess, hn::Set(D(), 2.0f)));
}

HWY_INLINE void fetch(const float* row, size_t width) {
  for (size_t at = 0; at < width; at += kCacheLine / sizeof(float)) __builtin_prefetch(row + at, 1);
}

// The vectors from a factor on; the last one of a row may be cut off.
template <size_t kCount, bool kCut>
class Lanes {
 public:
  HWY_INLINE explicit Lanes(size_t left) : mask_(hn::FirstN(D(), std::min(left, kLanes))) {}
  HWY_INLINE V load(const float* from, size_t n) const {
    if constexpr (kCut) return hn::MaskedLoad(mask_, D(), from);
    return hn::LoadU(D(), from + n * kLanes);
  }
  HWY_INLINE void store(V value, float* to, size_t n) const {
    if constexpr (kCut) {
      hn::BlendedStore(value, mask_, D(), to);
    } else {
      hn::StoreU(value, D(), to + n * kLanes);
    }
  }

 private:
  M mask_;
};

// Calls `work.template run<vectors, cut>(offset, left)` for the chunks of a row.
template <class Work>
HWY_INLINE void by_chunks(size_t width, Work& work) {
  size_t at = 0;
  for (; width - at >= kVectorsMax * kLanes; at += kVectorsMax * kLanes) {
    work.template run<kVectorsMax, false>(at, kVectorsMax * kLanes);
  }
  if (width - at >= 2 * kLanes) {
    work.template run<2, false>(at, 2 * kLanes);
    at += 2 * kLanes;
  }
  if (width - at >= kLanes) {
    work.template run<1, false>(at, kLanes);
    at += kLanes;
  }
  if (width > at) work.template run<1, true>(at, width - at);
}

// Moves one vector of parameters by one step.
template <bool kClipped>
struct AdamVectors {
  V rate, clip, epsilon, beta1, beta2, least;

  HWY_INLINE explicit AdamVectors(const AdamStep& step)
      : rate(hn::Set(D(), step.rate)),
        clip(hn::Set(D(), step.clip)),
        epsilon(hn::Set(D(), step.epsilon)),
        beta1(hn::Set(D(), step.beta1)),
        beta2(hn::Set(D(), step.beta2)),
        least(hn::Set(D(), std::numeric_limits<float>::min())) {}

  // Answers the parameters. MXNet's order: the decay has joined the gradient before it is clipped.
  HWY_INLINE V move(V gradient, V parameter, V& mean, V& square) const {
    if constexpr (kClipped) gradient = hn::Min(hn::Max(gradient, hn::Neg(clip)), clip);
    mean = hn::MulAdd(mean, beta1, gradient);
    square = hn::MulAdd(square, beta2, hn::Mul(gradient, gradient));
    // The root of zero is zero, without its inverse.
    const V root = inverse_root(hn::Max(square, least));
    return hn::NegMulAdd(hn::Mul(rate, mean), inverse(hn::MulAdd(square, root, epsilon)),
                         parameter);
  }
};

template <bool kClipped, bool kOnes>
struct AdamWork {
  const AdamTables& tables;
  const FeatureRows& by_feature;
  const RowSums& of_rows;
  const AdamStep& step;
  float* linear_gradients;

  template <size_t kCount, bool kCut>
  HWY_INLINE void run(size_t at, size_t left) {
    const Lanes<kCount, kCut> lanes(left);
    const AdamVectors<kClipped> adam(step);
    float* const factors_at = tables.factors + tables.slice.begin + at;
    float* const moments_at = tables.moments + at;
    const float* const sums_at = of_rows.sums + at;
    const size_t stride = moments_stride(tables.slice);
    const uint32_t* const features = by_feature.features;
    uint32_t i = 0;
    for (size_t place = 0; place < by_feature.count; ++place) {
      if (place + kFeaturesAhead < by_feature.count) {
        const size_t ahead = features[place + kFeaturesAhead];
        fetch(factors_at + ahead * tables.stride, left);
        fetch(moments_at + ahead * stride, left);
        fetch(moments_at + ahead * stride + stride / 2, left);
      }
      V gradient[kCount];
      for (size_t n = 0; n < kCount; ++n) gradient[n] = hn::Zero(D());
      float own = 0;
      float linear = 0;
      for (const uint32_t end = by_feature.ends[place]; i < end; ++i) {
        const size_t row = by_feature.rows[i];
        const float value = kOnes ? 1 : by_feature.values[i];
        const float slope = kOnes ? of_rows.slopes[row] : of_rows.slopes[row] * value;
        linear += slope;
        if constexpr (!kOnes) own += slope * value;
        const V weight = hn::Set(D(), slope);
        for (size_t n = 0; n < kCount; ++n) {
          gradient[n] =
              hn::MulAdd(weight, lanes.load(sums_at + row * of_rows.stride, n), gradient[n]);
        }
      }
      if (at == 0 && linear_gradients != nullptr) linear_gradients[place] = linear;
      move<kCount>(lanes, adam, step.decay - (kOnes ? linear : own), gradient,
                   factors_at + features[place] * tables.stride,
                   moments_at + features[place] * stride, stride / 2);
    }
  }

  // `by`: what the parameters add to their own gradients.
  template <size_t kCount, class ChunkLanes>
  static HWY_INLINE void move(const ChunkLanes& lanes, const AdamVectors<kClipped>& adam, float by,
                              const V* gradient, float* factors, float* means,
                              size_t from_means_to_squares) {
    const V more = hn::Set(D(), by);
    float* const squares = means + from_means_to_squares;
    for (size_t n = 0; n < kCount; ++n) {
      const V parameter = lanes.load(factors, n);
      V mean = lanes.load(means, n);
      V square = lanes.load(squares, n);
      const V total = hn::MulAdd(more, parameter, gradient[n]);
      lanes.store(adam.move(total, parameter, mean, square), factors, n);
      lanes.store(mean, means, n);
      lanes.store(square, squares, n);
    }
  }
};

template <bool kClipped, bool kOnes>
HWY_INLINE void step_by(const AdamTables& tables, const FeatureRows& by_feature,
                        const RowSums& of_rows, const AdamStep& step, float* linear_gradients) {
  AdamWork<kClipped, kOnes> work{tables, by_feature, of_rows, step, linear_gradients};
  by_chunks(tables.slice.width, work);
}

bool clips(const AdamStep& step) { return step.clip < std::numeric_limits<float>::infinity(); }

void StepAdam(const AdamTables& tables, const FeatureRows& by_feature, const RowSums& of_rows,
              const AdamStep& step, float* linear_gradients) {
  const bool ones = by_feature.values == nullptr;
  if (clips(step)) {
    ones ? step_by<true, true>(tables, by_feature, of_rows, step, linear_gradients)
         : step_by<true, false>(tables, by_feature, of_rows, step, linear_gradients);
  } else {
    ones ? step_by<false, true>(tables, by_feature, of_rows, step, linear_gradients)
         : step_by<false, false>(tables, by_feature, of_rows, step, linear_gradients);
  }
}

// Of kLanes features. Vectors are made of what lies apart, and what becomes of them is put back.
template <bool kClipped>
HWY_INLINE void step_lanes(const AdamVectors<kClipped>& adam, float* weights, float* moments,
                           const uint32_t* features, const float* gradients, V decay) {
  const hn::RebindToSigned<D> whole;
  const auto at = hn::BitCast(whole, hn::LoadU(hn::RebindToUnsigned<D>(), features));
  const auto twice = hn::Add(at, at);
  const V weight = hn::GatherIndex(D(), weights, at);
  V mean = hn::GatherIndex(D(), moments, twice);
  V square = hn::GatherIndex(D(), moments + 1, twice);
  const V slope = hn::MulAdd(weight, decay, hn::LoadU(D(), gradients));
  hn::ScatterIndex(adam.move(slope, weight, mean, square), D(), weights, at);
  hn::ScatterIndex(mean, D(), moments, twice);
  hn::ScatterIndex(square, D(), moments + 1, twice);
}

// Of up to kLanes features, which become a table of their own meanwhile.
template <bool kClipped>
void step_few(const AdamVectors<kClipped>& adam, const AdamLinear& tables,
              std::span<const uint32_t> features, const float* gradients, V decay) {
  HWY_ALIGN float weights[kLanes] = {};
  HWY_ALIGN float moments[2 * kLanes] = {};
  HWY_ALIGN float slopes[kLanes] = {};
  HWY_ALIGN uint32_t places[kLanes];
  for (size_t n = 0; n < kLanes; ++n) places[n] = static_cast<uint32_t>(n);
  for (size_t n = 0; n < features.size(); ++n) {
    const size_t feature = features[n];
    weights[n] = tables.weights[feature];
    moments[2 * n] = tables.moments[2 * feature];
    moments[2 * n + 1] = tables.moments[2 * feature + 1];
    slopes[n] = gradients[n];
  }
  step_lanes(adam, weights, moments, places, slopes, decay);
  for (size_t n = 0; n < features.size(); ++n) {
    const size_t feature = features[n];
    tables.weights[feature] = weights[n];
    tables.moments[2 * feature] = moments[2 * n];
    tables.moments[2 * feature + 1] = moments[2 * n + 1];
  }
}

template <bool kClipped>
void step_linear(const AdamLinear& tables, std::span<const uint32_t> features,
                 const float* gradients, const AdamStep& step) {
  // Vectors of places have room for 31 bits each.
  const bool narrow = tables.count <= (uint64_t{1} << 30);
  const AdamVectors<kClipped> adam(step);
  const V decay = hn::Set(D(), step.decay);
  for (size_t at = 0; at < features.size(); at += kLanes) {
    for (size_t n = at + kLinearAhead; n < std::min(at + kLinearAhead + kLanes, features.size());
         ++n) {
      __builtin_prefetch(tables.weights + features[n], 1);
      __builtin_prefetch(tables.moments + 2 * size_t{features[n]}, 1);
    }
    const std::span<const uint32_t> some =
        features.subspan(at, std::min(kLanes, features.size() - at));
    if (narrow && some.size() == kLanes) {
      step_lanes(adam, tables.weights, tables.moments, some.data(), gradients + at, decay);
    } else {
      step_few(adam, tables, some, gradients + at, decay);
    }
  }
}

void StepAdamLinear(const AdamLinear& tables, std::span<const uint32_t> features,
                    const float* gradients, const AdamStep& step) {
  clips(step) ? step_linear<true>(tables, features, gradients, step)
              : step_linear<false>(tables, features, gradients, step);
}

// Rows that end within a vector are written as one, and what is too much is overwritten.
void NumberEntries(std::span<const size_t> ends, uint32_t* rows) {
  const hn::CappedTag<uint32_t, kSelectedSpare> d;
  constexpr size_t kStep = hn::MaxLanes(d);
  size_t at = 0;
  for (size_t row = 0; row < ends.size(); ++row) {
    const auto number = hn::Set(d, static_cast<uint32_t>(row));
    for (const size_t end = ends[row]; at < end; at += kStep) hn::StoreU(number, d, rows + at);
    at = ends[row];
  }
}

size_t SelectEntries(const Entries& all, uint64_t begin, uint64_t end, const SomeEntries& out) {
  const hn::CappedTag<uint32_t, kSelectedSpare> d;
  constexpr size_t kStep = hn::MaxLanes(d);
  const auto first = hn::Set(d, static_cast<uint32_t>(begin));
  const auto width = hn::Set(d, static_cast<uint32_t>(end - begin));
  size_t found = 0;
  size_t at = 0;
  for (; at + kStep <= all.count; at += kStep) {
    const auto feature = hn::LoadU(d, all.features + at);
    const auto chosen = hn::Lt(hn::Sub(feature, first), width);  // What is before wraps around.
    if (out.values != nullptr) {
      const hn::RebindToFloat<decltype(d)> floats;
      const auto values = hn::LoadU(floats, all.values + at);
      hn::CompressStore(values, hn::RebindMask(floats, chosen), floats, out.values + found);
    }
    hn::CompressStore(hn::LoadU(d, all.rows + at), chosen, d, out.rows + found);
    found += hn::CompressStore(feature, chosen, d, out.features + found);
  }
  for (; at < all.count; ++at) {
    const uint32_t feature = all.features[at];
    out.features[found] = feature;
    out.rows[found] = all.rows[at];
    if (out.values != nullptr) out.values[found] = all.values[at];
    found += static_cast<size_t>(feature >= begin && feature < end);
  }
  return found;
}

size_t FindCounted(std::span<const uint32_t> counts, uint32_t first, uint32_t* there) {
  const hn::CappedTag<uint32_t, kCountedSpare> d;
  constexpr size_t kStep = hn::MaxLanes(d);
  size_t found = 0;
  size_t at = 0;
  auto numbers = hn::Iota(d, first);
  const auto next = hn::Set(d, static_cast<uint32_t>(kStep));
  for (; at + kStep <= counts.size(); at += kStep, numbers = hn::Add(numbers, next)) {
    const auto counted = hn::Ne(hn::LoadU(d, counts.data() + at), hn::Zero(d));
    found += hn::CompressStore(numbers, counted, d, there + found);
  }
  for (; at < counts.size(); ++at) {
    there[found] = first + static_cast<uint32_t>(at);
    found += static_cast<size_t>(counts[at] != 0);
  }
  return found;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(StepAdam);
HWY_EXPORT(StepAdamLinear);
HWY_EXPORT(NumberEntries);
HWY_EXPORT(SelectEntries);
HWY_EXPORT(FindCounted);

void step_adam(const AdamTables& tables, const FeatureRows& by_feature, const RowSums& of_rows,
               const AdamStep& step, float* linear_gradients) {
  HWY_DYNAMIC_DISPATCH(StepAdam)(tables, by_feature, of_rows, step, linear_gradients);
}

void step_adam_linear(const AdamLinear& tables, std::span<const uint32_t> features,
                      const float* gradients, const AdamStep& step) {
  HWY_DYNAMIC_DISPATCH(StepAdamLinear)(tables, features, gradients, step);
}

void number_entries(std::span<const size_t> ends, uint32_t* rows) {
  HWY_DYNAMIC_DISPATCH(NumberEntries)(ends, rows);
}

size_t select_entries(const Entries& all, uint64_t begin, uint64_t end, const SomeEntries& out) {
  return HWY_DYNAMIC_DISPATCH(SelectEntries)(all, begin, end, out);
}

size_t find_counted(std::span<const uint32_t> counts, uint32_t first, uint32_t* there) {
  return HWY_DYNAMIC_DISPATCH(FindCounted)(counts, first, there);
}

// Products are added up by fours, so that sums need not wait for each other.
void sum_linear(const RowBatch& batch, size_t first, size_t end, const AdamLinear& tables,
                float bias, float* sums) {
  constexpr size_t kAhead = 48;
  const float* const weights = tables.weights;
  const uint32_t* const indices = batch.indices.data();
  const float* const values = batch.values.data();
  const size_t entries = batch.indices.size();
  const auto product = [&](size_t i) { return weights[indices[i]] * values[i]; };
  size_t i = batch.begin_of(first);
  for (size_t row = first; row < end; ++row) {
    const size_t last = batch.ends()[row];
    for (size_t at = i; tables.far() && at < last; ++at) {
      __builtin_prefetch(weights + indices[std::min(at + kAhead, entries - 1)]);
    }
    float sum = bias;
    for (; i + 4 <= last; i += 4) {
      sum += (product(i) + product(i + 1)) + (product(i + 2) + product(i + 3));
    }
    for (; i < last; ++i) sum += product(i);
    sums[row] = sum;
  }
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
