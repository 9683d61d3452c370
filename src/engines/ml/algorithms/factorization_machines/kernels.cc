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
// Entries from one that is worked on to the one whose rows are fetched meanwhile, in a table that
// the cache nearby holds and in one that lies further off.
constexpr size_t kNearAhead = 12;
constexpr size_t kFarAhead = 32;
constexpr size_t kNearBesideAhead = 4;
constexpr size_t kFarBesideAhead = 16;

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

// Adds up the blocks of four lanes; keeps the first kUnits lanes of the sum.
template <size_t kUnits, class Tag, class Vector>
HWY_INLINE void add_blocks(Tag tag, Vector blocks, float* out) {
  if constexpr (hn::MaxLanes(Tag()) > 4) {
    const hn::Half<Tag> half;
    add_blocks<kUnits>(half, hn::Add(hn::LowerHalf(half, blocks), hn::UpperHalf(half, blocks)),
                       out);
  } else if constexpr (kUnits == 4) {
    hn::StoreU(blocks, tag, out);
  } else {
    HWY_ALIGN float all[4];
    hn::Store(blocks, tag, all);
    for (size_t u = 0; u < kUnits; ++u) out[u] = all[u];
  }
}

// The sums of the lanes of up to four units, one for each of the lanes 0 to 3; always added in the
// same order.
template <size_t kUnits>
HWY_INLINE void totals(const V* vectors, float* out) {
  V z[4];
  for (size_t u = 0; u < 4; ++u) {
    z[u] = u < kUnits ? vectors[u * kVectors] : hn::Zero(D());
    for (size_t n = 1; n < kVectors && u < kUnits; ++n) {
      z[u] = hn::Add(z[u], vectors[u * kVectors + n]);
    }
  }
  const hn::RepartitionToWide<D> wide;
  const V a = hn::Add(hn::InterleaveLower(D(), z[0], z[1]), hn::InterleaveUpper(D(), z[0], z[1]));
  const V b = hn::Add(hn::InterleaveLower(D(), z[2], z[3]), hn::InterleaveUpper(D(), z[2], z[3]));
  const auto low = hn::InterleaveLower(wide, hn::BitCast(wide, a), hn::BitCast(wide, b));
  const auto high = hn::InterleaveUpper(wide, hn::BitCast(wide, a), hn::BitCast(wide, b));
  add_blocks<kUnits>(D(), hn::Add(hn::BitCast(D(), low), hn::BitCast(D(), high)), out);
}

// Fetches the row of an entry to come.
template <size_t kUnits>
struct Fetch {
  const float* rows;
  size_t stride;
  const uint32_t* indices;  // Those to come, beside those that are worked on.

  HWY_INLINE void operator()(size_t i) const {
    const float* const row = rows + indices[i] * stride;
    for (size_t u = 0; u < kUnits; ++u) __builtin_prefetch(row + u * kUnit, 1);
  }
};

struct NoFetch {
  HWY_INLINE void operator()(size_t) const {}
};

// One entry's v x, joined to the sums so far.
template <bool kOnes, class ChunkLanes>
HWY_INLINE void add_entry(const ChunkLanes& lanes, const float* v, float value, V* s, V* p) {
  const V x = hn::Set(D(), value);
  for (size_t n = 0; n < ChunkLanes::kCount; ++n) {
    const V factor = lanes.load(v, n);
    const V t = kOnes ? factor : hn::Mul(factor, x);
    p[n] = hn::MulAdd(s[n], t, p[n]);
    s[n] = hn::Add(s[n], t);
  }
}

template <bool kOnes, class ChunkLanes>
HWY_INLINE void first_entry(const ChunkLanes& lanes, const float* v, float value, V* s) {
  const V x = hn::Set(D(), value);
  for (size_t n = 0; n < ChunkLanes::kCount; ++n) {
    const V factor = lanes.load(v, n);
    s[n] = kOnes ? factor : hn::Mul(factor, x);
  }
}

// For a row of `entries` features: s = sum_i v_i x_i, and p = sum_{i<j} v_i x_i v_j x_j by lanes.
// Entries of even and of odd number are summed apart, as two chains that do not wait for each
// other. With `kOnes` every value is 1; the result is the same.
template <bool kOnes, class ChunkLanes, class Ahead>
HWY_INLINE void add_row(const ChunkLanes& lanes, const float* rows, size_t stride,
                        const uint32_t* indices, const float* values, size_t entries,
                        const Ahead& ahead, V* s, V* p) {
  constexpr size_t kCount = ChunkLanes::kCount;
  if (entries < 2) {
    for (size_t n = 0; n < kCount; ++n) s[n] = p[n] = hn::Zero(D());
    if (entries == 1) {
      ahead(0);
      first_entry<kOnes>(lanes, rows + indices[0] * stride, values[0], s);
    }
    return;
  }
  V odd[kCount];
  ahead(0);
  first_entry<kOnes>(lanes, rows + indices[0] * stride, values[0], s);
  ahead(1);
  first_entry<kOnes>(lanes, rows + indices[1] * stride, values[1], odd);
  if (entries == 2) {
    for (size_t n = 0; n < kCount; ++n) {
      p[n] = hn::Mul(s[n], odd[n]);
      s[n] = hn::Add(s[n], odd[n]);
    }
    return;
  }
  V odd_pairs[kCount];
  for (size_t n = 0; n < kCount; ++n) p[n] = odd_pairs[n] = hn::Zero(D());
  size_t i = 2;
  for (; i + 1 < entries; i += 2) {
    ahead(i);
    add_entry<kOnes>(lanes, rows + indices[i] * stride, values[i], s, p);
    ahead(i + 1);
    add_entry<kOnes>(lanes, rows + indices[i + 1] * stride, values[i + 1], odd, odd_pairs);
  }
  if (i < entries) {
    ahead(i);
    add_entry<kOnes>(lanes, rows + indices[i] * stride, values[i], s, p);
  }
  for (size_t n = 0; n < kCount; ++n) {
    p[n] = hn::MulAdd(s[n], odd[n], hn::Add(p[n], odd_pairs[n]));
    s[n] = hn::Add(s[n], odd[n]);
  }
}

struct Interaction {
  const ModelView& model;
  RowView row;
  float sum = 0;

  template <size_t kUnits, bool kCut>
  HWY_INLINE void run(size_t at, size_t left) {
    const Lanes<kUnits, kCut> lanes(left);
    constexpr size_t kCount = Lanes<kUnits, kCut>::kCount;
    V s[kCount], p[kCount];
    add_row<false>(lanes, model.factors + at, model.stride, row.indices.data(), row.values.data(),
                   row.indices.size(), NoFetch(), s, p);
    float pairs[4];
    totals<kUnits>(p, pairs);
    for (size_t u = 0; u < kUnits; ++u) sum += pairs[u];
  }
};

float InteractionOf(const ModelView& model, RowView row) {
  Interaction work{model, row};
  by_chunks(model.num_factors, work);
  return work.sum;
}

template <bool kOnes>
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
    const size_t stride = table.stride;
    const float* const rows = table.rows + table.slice.begin + at;
    const uint32_t* const indices = batch.indices.data();
    const float* const values = batch.values.data();
    const size_t* const ends = batch.ends().data();
    const size_t entries = batch.indices.size();
    const size_t ahead = table.far ? kFarAhead : kNearAhead;
    size_t begin = batch.begin_of(block.first);
    float* out = sums + at;
    float* pair = pairs + at / kUnit;
    for (size_t r = block.first; r < block.first + block.count; ++r) {
      const size_t end = ends[r];
      const Fetch<kUnits> fetch{rows, stride,
                                indices + (end + ahead <= entries ? begin + ahead : begin)};
      V s[kCount], p[kCount];
      add_row<kOnes>(lanes, rows, stride, indices + begin, values + begin, end - begin, fetch, s,
                     p);
      for (size_t n = 0; n < kCount; ++n) lanes.store(s[n], out, n);
      totals<kUnits>(p, pair);
      begin = end;
      out += table.slice.width;
      pair += pairs_stride;
    }
  }
};

// Whether every value of the block is 1, as of rows that only name features.
HWY_INLINE bool all_ones(Block block) {
  const size_t begin = block.batch->begin_of(block.first);
  const size_t count = block.batch->ends()[block.first + block.count - 1] - begin;
  const float* const values = block.batch->values.data() + begin;
  const V one = hn::Set(D(), 1.0f);
  size_t at = 0;
  for (; at + kLanes <= count; at += kLanes) {
    if (!hn::AllTrue(D(), hn::Eq(hn::LoadU(D(), values + at), one))) return false;
  }
  for (; at < count; ++at) {
    if (values[at] != 1) return false;
  }
  return true;
}

void Forward(const FactorTable& table, Block block, float* sums, float* pairs,
             size_t pairs_stride) {
  if (all_ones(block)) {
    ForwardWork<true> work{table, block, sums, pairs, pairs_stride};
    by_chunks(table.slice.width, work);
  } else {
    ForwardWork<false> work{table, block, sums, pairs, pairs_stride};
    by_chunks(table.slice.width, work);
  }
}

// v = v (kept + slope x^2) - x (slope s), for every entry of every row.
template <bool kOnes>
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
    const uint32_t* const indices = block.batch->indices.data();
    const float* const values = block.batch->values.data();
    const size_t* const ends = block.batch->ends().data() + block.first;
    size_t i = block.batch->begin_of(block.first);
    const float* in = sums + at;
    for (size_t r = 0; r < block.count; ++r, in += table.slice.width) {
      const float slope = rate * slopes[r];
      const V by = hn::Set(D(), slope);
      V away[kCount];
      for (size_t n = 0; n < kCount; ++n) away[n] = hn::Mul(by, lanes.load(in, n));
      const V stay_of_one = hn::Set(D(), kept + slope);
      for (const size_t end = ends[r]; i < end; ++i) {
        float* const v = rows + indices[i] * table.stride;
        const V x = hn::Set(D(), values[i]);
        const V stay = kOnes ? stay_of_one : hn::Set(D(), kept + slope * values[i] * values[i]);
        for (size_t n = 0; n < kCount; ++n) {
          const V move = kOnes ? away[n] : hn::Mul(away[n], x);
          lanes.store(hn::MulSub(lanes.load(v, n), stay, move), v, n);
        }
      }
    }
  }
};

void Descend(const FactorTable& table, Block block, const float* sums, const float* slopes,
             float rate, float decay) {
  if (all_ones(block)) {
    DescendWork<true> work{table, block, sums, slopes, rate, decay};
    by_chunks(table.slice.width, work);
  } else {
    DescendWork<false> work{table, block, sums, slopes, rate, decay};
    by_chunks(table.slice.width, work);
  }
}

// g = x (slope s) + v (decay - slope x^2); v -= rate g / sqrt(sum of g^2).
template <bool kOnes>
struct AdagradWork {
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
    const size_t begin = table.slice.begin + at;
    const V step = hn::Set(D(), rate);
    const size_t ahead = table.far ? kFarBesideAhead : kNearBesideAhead;
    const size_t entries = block.batch->indices.size();
    const uint32_t* const indices = block.batch->indices.data();
    const float* const values = block.batch->values.data();
    const size_t* const ends = block.batch->ends().data() + block.first;
    size_t i = block.batch->begin_of(block.first);
    const float* in = sums + at;
    for (size_t r = 0; r < block.count; ++r, in += table.slice.width) {
      const float slope = slopes[r];
      const V by = hn::Set(D(), slope);
      V away[kCount];
      for (size_t n = 0; n < kCount; ++n) away[n] = hn::Mul(by, lanes.load(in, n));
      const V stay_of_one = hn::Set(D(), decay - slope);
      const Fetch<kUnits> fetch{table.beside + begin, table.stride,
                                indices + (ends[r] + ahead <= entries ? ahead : 0)};
      for (const size_t last = ends[r]; i < last; ++i) {
        fetch(i);
        const size_t offset = indices[i] * table.stride + begin;
        float* const v = table.rows + offset;
        float* const g = table.beside + offset;
        const V x = hn::Set(D(), values[i]);
        const V stay = kOnes ? stay_of_one : hn::Set(D(), decay - slope * values[i] * values[i]);
        for (size_t n = 0; n < kCount; ++n) {
          const V old = lanes.load(v, n);
          const V gradient = hn::MulAdd(old, stay, kOnes ? away[n] : hn::Mul(away[n], x));
          const V square = hn::MulAdd(gradient, gradient, lanes.load(g, n));
          lanes.store(square, g, n);
          const V root = hn::ApproximateReciprocalSqrt(square);
          lanes.store(hn::NegMulAdd(hn::Mul(step, gradient), root, old), v, n);
        }
      }
    }
  }
};

void DescendAdagrad(const FactorTable& table, Block block, const float* sums, const float* slopes,
                    float rate, float decay) {
  if (all_ones(block)) {
    AdagradWork<true> work{table, block, sums, slopes, rate, decay};
    by_chunks(table.slice.width, work);
  } else {
    AdagradWork<false> work{table, block, sums, slopes, rate, decay};
    by_chunks(table.slice.width, work);
  }
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

void descend_adagrad(const FactorTable& table, Block block, const float* sums, const float* slopes,
                     float rate, float decay) {
  HWY_DYNAMIC_DISPATCH(DescendAdagrad)(table, block, sums, slopes, rate, decay);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
