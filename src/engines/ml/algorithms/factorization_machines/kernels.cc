#include "engines/ml/algorithms/factorization_machines/kernels.h"

#include <algorithm>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/kernels.cc"
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
constexpr size_t kVectors = kUnit / kLanes;  // Of a unit.
// Units that are worked on at once: as many as leave registers for the rest.
constexpr size_t kUnitsMax = kLanes == 16 ? 4 : kLanes == 8 ? 2 : 1;
constexpr size_t kRowsAhead = 8;  // Whose parameters are fetched while a row is worked on.
constexpr size_t kCacheLine = 64;

// The lanes of the units from a factor on; the last unit of a row may be cut off.
template <size_t kUnits, bool kCut>
class Lanes {
 public:
  static constexpr size_t kCount = kUnits * kVectors;

  HWY_INLINE explicit Lanes(size_t left) {
    if constexpr (kCut) {
      for (size_t n = 0; n < kCount; ++n) {
        mask_[n] = hn::FirstN(D(), left > n * kLanes ? left - n * kLanes : 0);
      }
    } else {
      (void)left;
    }
  }
  HWY_INLINE V load(const float* from, size_t n) const {
    if constexpr (kCut) return hn::MaskedLoad(mask_[n], D(), from + n * kLanes);
    return hn::LoadU(D(), from + n * kLanes);
  }
  HWY_INLINE void store(V value, float* to, size_t n) const {
    if constexpr (kCut) {
      hn::BlendedStore(value, mask_[n], D(), to + n * kLanes);
    } else {
      hn::StoreU(value, D(), to + n * kLanes);
    }
  }

 private:
  M mask_[kCut ? kCount : 1];
};

// Calls `work.template run<units, cut>(offset, left)` for the chunks of a slice.
template <class Work>
HWY_INLINE void by_chunks(size_t width, Work& work) {
  size_t at = 0;
  while (width - at >= kUnitsMax * kUnit) {
    work.template run<kUnitsMax, false>(at, kUnitsMax * kUnit);
    at += kUnitsMax * kUnit;
  }
  if constexpr (kUnitsMax > 2) {
    if (width - at >= 2 * kUnit) {
      work.template run<2, false>(at, 2 * kUnit);
      at += 2 * kUnit;
    }
  }
  if constexpr (kUnitsMax > 1) {
    if (width - at >= kUnit) {
      work.template run<1, false>(at, kUnit);
      at += kUnit;
    }
  }
  if (width > at) work.template run<1, true>(at, width - at);
}

HWY_INLINE void fetch(const float* row, size_t width) {
  for (size_t at = 0; at < width; at += kCacheLine / sizeof(float)) __builtin_prefetch(row + at, 1);
}

// The sum of the lanes of a unit, always in the same order.
HWY_INLINE float total(const V* vectors) {
  V sum = vectors[0];
  for (size_t n = 1; n < kVectors; ++n) sum = hn::Add(sum, vectors[n]);
  return hn::GetLane(hn::SumOfLanes(D(), sum));
}

struct Interaction {
  const ModelView& model;
  RowView row;
  float sum = 0;

  template <size_t kUnits, bool kCut>
  HWY_INLINE void run(size_t at, size_t left) {
    const Lanes<kUnits, kCut> lanes(left);
    constexpr size_t kCount = Lanes<kUnits, kCut>::kCount;
    V s[kCount], q[kCount];
    for (size_t n = 0; n < kCount; ++n) s[n] = q[n] = hn::Zero(D());
    for (size_t i = 0; i < row.indices.size(); ++i) {
      const float* v = model.row(row.indices[i]) + at;
      const V x = hn::Set(D(), row.values[i]);
      for (size_t n = 0; n < kCount; ++n) {
        const V t = hn::Mul(lanes.load(v, n), x);
        s[n] = hn::Add(s[n], t);
        q[n] = hn::MulAdd(t, t, q[n]);
      }
    }
    for (size_t n = 0; n < kCount; ++n) q[n] = hn::MulSub(s[n], s[n], q[n]);
    for (size_t u = 0; u < kUnits; ++u) sum += total(q + u * kVectors);
  }
};

float InteractionOf(const ModelView& model, RowView row) {
  Interaction work{model, row};
  by_chunks(model.num_factors, work);
  return 0.5f * work.sum;
}

struct ForwardWork {
  const FactorTable& table;
  Block block;
  float* sums;
  float* pairs;
  size_t pairs_stride;

  template <size_t kUnits, bool kCut>
  HWY_INLINE void run(size_t at, size_t left) {
    const Lanes<kUnits, kCut> lanes(left);
    constexpr size_t kCount = Lanes<kUnits, kCut>::kCount;
    const RowBatch& batch = *block.batch;
    const float* const rows = table.rows + table.slice.begin + at;
    for (size_t r = 0; r < block.count; ++r) {
      const RowView row = batch.row(block.first + r);
      if (block.first + r + kRowsAhead < batch.size()) {
        const RowView ahead = batch.row(block.first + r + kRowsAhead);
        for (const uint32_t index : ahead.indices) fetch(rows + index * table.stride, left);
      }
      V s[kCount], q[kCount];
      for (size_t n = 0; n < kCount; ++n) s[n] = q[n] = hn::Zero(D());
      const size_t entries = row.indices.size();
      for (size_t i = 0; i < entries; ++i) {
        const float* v = rows + row.indices[i] * table.stride;
        const V x = hn::Set(D(), row.values[i]);
        for (size_t n = 0; n < kCount; ++n) {
          const V t = hn::Mul(lanes.load(v, n), x);
          s[n] = hn::Add(s[n], t);
          q[n] = hn::MulAdd(t, t, q[n]);
        }
      }
      float* const out = sums + r * table.slice.width + at;
      for (size_t n = 0; n < kCount; ++n) {
        lanes.store(s[n], out, n);
        q[n] = hn::MulSub(s[n], s[n], q[n]);
      }
      float* const pair = pairs + r * pairs_stride + at / kUnit;
      for (size_t u = 0; u < kUnits; ++u) pair[u] = total(q + u * kVectors);
    }
  }
};

void Forward(const FactorTable& table, Block block, float* sums, float* pairs,
             size_t pairs_stride) {
  ForwardWork work{table, block, sums, pairs, pairs_stride};
  by_chunks(table.slice.width, work);
}

struct DescendWork {
  const FactorTable& table;
  Block block;
  const float* sums;
  const float* slopes;
  float rate;
  float decay;

  template <size_t kUnits, bool kCut>
  HWY_INLINE void run(size_t at, size_t left) {
    const Lanes<kUnits, kCut> lanes(left);
    constexpr size_t kCount = Lanes<kUnits, kCut>::kCount;
    float* const rows = table.rows + table.slice.begin + at;
    const float kept = 1 - rate * decay;
    for (size_t r = 0; r < block.count; ++r) {
      const RowView row = block.batch->row(block.first + r);
      const float* const in = sums + r * table.slice.width + at;
      V s[kCount];
      for (size_t n = 0; n < kCount; ++n) s[n] = lanes.load(in, n);
      const float slope = rate * slopes[r];
      const size_t entries = row.indices.size();
      for (size_t i = 0; i < entries; ++i) {
        float* const v = rows + row.indices[i] * table.stride;
        const float x = row.values[i];
        const V away = hn::Set(D(), slope * x);
        const V stay = hn::Set(D(), kept + slope * x * x);
        for (size_t n = 0; n < kCount; ++n) {
          const V old = hn::Mul(lanes.load(v, n), stay);
          lanes.store(hn::NegMulAdd(away, s[n], old), v, n);
        }
      }
    }
  }
};

void Descend(const FactorTable& table, Block block, const float* sums, const float* slopes,
             float rate, float decay) {
  DescendWork work{table, block, sums, slopes, rate, decay};
  by_chunks(table.slice.width, work);
}

// 1 / sqrt(x) to the precision of float, by one step of Newton's method.
HWY_INLINE V inverse_root(V x) {
  const V guess = hn::ApproximateReciprocalSqrt(x);
  const V half = hn::Mul(hn::Set(D(), 0.5f), x);
  return hn::Mul(guess, hn::NegMulAdd(half, hn::Mul(guess, guess), hn::Set(D(), 1.5f)));
}

struct AdagradWork {
  const FactorTable& table;
  float* squares;
  Block block;
  const float* sums;
  const float* slopes;
  float rate;
  float decay;

  template <size_t kUnits, bool kCut>
  HWY_INLINE void run(size_t at, size_t left) {
    const Lanes<kUnits, kCut> lanes(left);
    constexpr size_t kCount = Lanes<kUnits, kCut>::kCount;
    const size_t begin = table.slice.begin + at;
    const V lambda = hn::Set(D(), decay);
    const V step = hn::Set(D(), rate);
    for (size_t r = 0; r < block.count; ++r) {
      const RowView row = block.batch->row(block.first + r);
      const float* const in = sums + r * table.slice.width + at;
      V s[kCount];
      for (size_t n = 0; n < kCount; ++n) s[n] = lanes.load(in, n);
      const float slope = slopes[r];
      const size_t entries = row.indices.size();
      for (size_t i = 0; i < entries; ++i) {
        const size_t offset = row.indices[i] * table.stride + begin;
        float* const v = table.rows + offset;
        float* const g = squares + offset;
        const float x = row.values[i];
        const V away = hn::Set(D(), slope * x);
        const V stay = hn::Sub(lambda, hn::Set(D(), slope * x * x));
        for (size_t n = 0; n < kCount; ++n) {
          const V old = lanes.load(v, n);
          const V gradient = hn::MulAdd(away, s[n], hn::Mul(stay, old));
          const V square = hn::MulAdd(gradient, gradient, lanes.load(g, n));
          lanes.store(square, g, n);
          const V move = hn::Mul(hn::Mul(step, gradient), inverse_root(square));
          lanes.store(hn::Sub(old, move), v, n);
        }
      }
    }
  }
};

void DescendAdagrad(const FactorTable& table, float* squares, Block block, const float* sums,
                    const float* slopes, float rate, float decay) {
  AdagradWork work{table, squares, block, sums, slopes, rate, decay};
  by_chunks(table.slice.width, work);
}

// One vector of parameters by one step; answers the parameters.
struct AdamVectors {
  V rate, decay, scale, clip, epsilon, beta1, beta2, rest1, rest2;

  HWY_INLINE explicit AdamVectors(const AdamStep& step)
      : rate(hn::Set(D(), step.rate)),
        decay(hn::Set(D(), step.decay)),
        scale(hn::Set(D(), step.scale)),
        clip(hn::Set(D(), step.clip)),
        epsilon(hn::Set(D(), step.epsilon)),
        beta1(hn::Set(D(), step.beta1)),
        beta2(hn::Set(D(), step.beta2)),
        rest1(hn::Set(D(), 1 - step.beta1)),
        rest2(hn::Set(D(), 1 - step.beta2)) {}

  HWY_INLINE V move(V gradient, V parameter, V& mean, V& square) const {
    // MXNet's order: decay joins the gradient before it is clipped.
    V slope = hn::MulAdd(gradient, scale, hn::Mul(parameter, decay));
    slope = hn::Min(hn::Max(slope, hn::Neg(clip)), clip);
    mean = hn::MulAdd(mean, beta1, hn::Mul(rest1, slope));
    square = hn::MulAdd(square, beta2, hn::Mul(rest2, hn::Mul(slope, slope)));
    const V root = hn::Add(hn::Sqrt(square), epsilon);
    return hn::Sub(parameter, hn::Div(hn::Mul(rate, mean), root));
  }
};

struct AdamWork {
  const Slice& slice;
  const Occurrence* occurrences;
  size_t count;
  const float* sums;
  const float* slopes;
  const AdamStep& step;
  float* factors;
  float* means;
  float* squares;

  template <size_t kUnits, bool kCut>
  HWY_INLINE void run(size_t at, size_t left) {
    const Lanes<kUnits, kCut> lanes(left);
    constexpr size_t kCount = Lanes<kUnits, kCut>::kCount;
    const AdamVectors adam(step);
    V gradient[kCount];
    for (size_t n = 0; n < kCount; ++n) gradient[n] = hn::Zero(D());
    float own = 0;
    for (size_t i = 0; i < count; ++i) {
      const float slope = slopes[occurrences[i].row] * occurrences[i].value;
      own += slope * occurrences[i].value;
      const V weight = hn::Set(D(), slope);
      const float* const in = sums + occurrences[i].row * slice.width + at;
      for (size_t n = 0; n < kCount; ++n) {
        gradient[n] = hn::MulAdd(weight, lanes.load(in, n), gradient[n]);
      }
    }
    const V less = hn::Set(D(), own);
    const size_t offset = slice.begin + at;
    for (size_t n = 0; n < kCount; ++n) {
      const V parameter = lanes.load(factors + offset, n);
      V mean = lanes.load(means + offset, n);
      V square = lanes.load(squares + offset, n);
      const V total_gradient = hn::NegMulAdd(less, parameter, gradient[n]);
      lanes.store(adam.move(total_gradient, parameter, mean, square), factors + offset, n);
      lanes.store(mean, means + offset, n);
      lanes.store(square, squares + offset, n);
    }
  }
};

void StepAdam(const Slice& slice, const Occurrence* occurrences, size_t count, const float* sums,
              const float* slopes, const AdamStep& step, float* factors, float* means,
              float* squares) {
  AdamWork work{slice, occurrences, count, sums, slopes, step, factors, means, squares};
  by_chunks(slice.width, work);
}

struct AdamMove {
  const AdamStep& step;
  const float* gradients;
  float* parameters;
  float* means;
  float* squares;

  template <size_t kUnits, bool kCut>
  HWY_INLINE void run(size_t at, size_t left) {
    const Lanes<kUnits, kCut> lanes(left);
    const AdamVectors adam(step);
    for (size_t n = 0; n < Lanes<kUnits, kCut>::kCount; ++n) {
      V mean = lanes.load(means + at, n);
      V square = lanes.load(squares + at, n);
      const V parameter = lanes.load(parameters + at, n);
      const V moved = adam.move(lanes.load(gradients + at, n), parameter, mean, square);
      lanes.store(moved, parameters + at, n);
      lanes.store(mean, means + at, n);
      lanes.store(square, squares + at, n);
    }
  }
};

void MoveAdam(const AdamStep& step, const float* gradients, size_t count, float* parameters,
              float* means, float* squares) {
  AdamMove work{step, gradients, parameters, means, squares};
  by_chunks(count, work);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(InteractionOf);
HWY_EXPORT(Forward);
HWY_EXPORT(Descend);
HWY_EXPORT(DescendAdagrad);
HWY_EXPORT(StepAdam);
HWY_EXPORT(MoveAdam);

float interaction(const ModelView& model, RowView row) {
  return HWY_DYNAMIC_DISPATCH(InteractionOf)(model, row);
}

void forward(const FactorTable& table, Block block, float* sums, float* pairs,
             size_t pairs_stride) {
  HWY_DYNAMIC_DISPATCH(Forward)(table, block, sums, pairs, pairs_stride);
}

void descend(const FactorTable& table, Block block, const float* sums, const float* slopes,
             float rate, float decay) {
  HWY_DYNAMIC_DISPATCH(Descend)(table, block, sums, slopes, rate, decay);
}

void descend_adagrad(const FactorTable& table, float* squares, Block block, const float* sums,
                     const float* slopes, float rate, float decay) {
  HWY_DYNAMIC_DISPATCH(DescendAdagrad)(table, squares, block, sums, slopes, rate, decay);
}

void step_adam(const Slice& slice, const Occurrence* occurrences, size_t count, const float* sums,
               const float* slopes, const AdamStep& step, float* factors, float* means,
               float* squares) {
  HWY_DYNAMIC_DISPATCH(StepAdam)
  (slice, occurrences, count, sums, slopes, step, factors, means, squares);
}

void move_adam(const AdamStep& step, const float* gradients, size_t count, float* parameters,
               float* means, float* squares) {
  HWY_DYNAMIC_DISPATCH(MoveAdam)(step, gradients, count, parameters, means, squares);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
