#include "engines/ml/algorithms/factorization_machines/field_kernels.h"

#include <algorithm>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/field_kernels.cc"
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

float FieldPairs(const float* factors, size_t stride, size_t width,
                 std::span<const FieldEntry> entries) {
  V sum = hn::Zero(D());
  for (size_t i = 0; i < entries.size(); ++i) {
    const float* const own = factors + entries[i].feature * stride;
    for (size_t j = i + 1; j < entries.size(); ++j) {
      const float* a = own + entries[j].field * width;
      const float* b = factors + entries[j].feature * stride + entries[i].field * width;
      const V x = hn::Set(D(), entries[i].value * entries[j].value);
      for (size_t at = 0; at < width; at += kLanes) {
        const auto mask = hn::FirstN(D(), width - at);
        const V left = hn::MaskedLoad(mask, D(), a + at);
        const V right = hn::MaskedLoad(mask, D(), b + at);
        sum = hn::MulAdd(hn::Mul(left, right), x, sum);
      }
    }
  }
  return hn::GetLane(hn::SumOfLanes(D(), sum));
}

void DescendFields(const FieldTable& table, std::span<const FieldEntry> entries, float slope,
                   float rate, float decay) {
  const V step = hn::Set(D(), rate);
  const V lambda = hn::Set(D(), decay);
  for (size_t i = 0; i < entries.size(); ++i) {
    for (size_t j = i + 1; j < entries.size(); ++j) {
      const size_t a = entries[i].feature * table.stride + entries[j].field * table.width;
      const size_t b = entries[j].feature * table.stride + entries[i].field * table.width;
      const V weight = hn::Set(D(), slope * entries[i].value * entries[j].value);
      for (size_t at = 0; at < table.width; at += kLanes) {
        const auto mask = hn::FirstN(D(), table.width - at);
        const V left = hn::MaskedLoad(mask, D(), table.factors + a + at);
        const V right = hn::MaskedLoad(mask, D(), table.factors + b + at);
        const V left_slope = hn::MulAdd(weight, right, hn::Mul(lambda, left));
        const V right_slope = hn::MulAdd(weight, left, hn::Mul(lambda, right));
        const V left_square =
            hn::MulAdd(left_slope, left_slope, hn::MaskedLoad(mask, D(), table.squares + a + at));
        const V right_square =
            hn::MulAdd(right_slope, right_slope, hn::MaskedLoad(mask, D(), table.squares + b + at));
        hn::BlendedStore(left_square, mask, D(), table.squares + a + at);
        hn::BlendedStore(right_square, mask, D(), table.squares + b + at);
        const V left_move =
            hn::Mul(hn::Mul(step, left_slope), hn::ApproximateReciprocalSqrt(left_square));
        const V right_move =
            hn::Mul(hn::Mul(step, right_slope), hn::ApproximateReciprocalSqrt(right_square));
        hn::BlendedStore(hn::Sub(left, left_move), mask, D(), table.factors + a + at);
        hn::BlendedStore(hn::Sub(right, right_move), mask, D(), table.factors + b + at);
      }
    }
  }
}

// One entry of a row, seen by the others.
struct Seen {
  const FieldEntry* entries;
  size_t count;
  size_t at;          // The entry.
  const float* from;  // Its vectors.
  float* to;          // The sum of the first entry that belongs to its field.
  size_t row;         // From one entry's sums to the next one's, in floats.
  size_t width;
};

// sums[i][f(j)] += x_j v_{j, f(i)} of one j and all others i; the first entry of a field finds
// nothing there. kWidth: of vectors, 0 if it is not known beforehand.
template <size_t kWidth, bool kFirst>
HWY_INLINE void add_entry(const Seen seen) {
  constexpr hn::CappedTag<float, kWidth == 0 ? 16 : kWidth> tag;
  const size_t width = kWidth == 0 ? seen.width : kWidth;
  const auto x = hn::Set(tag, seen.entries[seen.at].value);
  const auto add = [&](size_t i) HWY_ATTR {
    const float* const vector = seen.from + seen.entries[i].field * width;
    float* const sum = seen.to + i * seen.row;
    for (size_t n = 0; n < width; n += hn::Lanes(tag)) {
      if constexpr (kWidth != 0) {
        const auto part = hn::Mul(x, hn::LoadU(tag, vector + n));
        hn::StoreU(kFirst ? part : hn::Add(part, hn::LoadU(tag, sum + n)), tag, sum + n);
      } else {
        const auto mask = hn::FirstN(tag, width - n);
        const auto part = hn::Mul(x, hn::MaskedLoad(mask, tag, vector + n));
        hn::BlendedStore(kFirst ? part : hn::Add(part, hn::MaskedLoad(mask, tag, sum + n)), mask,
                         tag, sum + n);
      }
    }
  };
  for (size_t i = 0; i < seen.at; ++i) add(i);
  for (size_t i = seen.at + 1; i < seen.count; ++i) add(i);
  if (kFirst) std::fill_n(seen.to + seen.at * seen.row, width, 0.0f);
}

template <bool kFirst>
HWY_INLINE void add_entry_by_width(const Seen& seen) {
  switch (seen.width) {
    case 4:
      return add_entry<4, kFirst>(seen);
    case 8:
      return add_entry<8, kFirst>(seen);
    default:
      return add_entry<0, kFirst>(seen);
  }
}

// Of fields that the row has no feature of, from `begin` on and before `end`.
void clear_fields(const FieldTable& table, size_t rows, size_t begin, size_t end, float* sums) {
  if (begin >= end) return;
  for (size_t i = 0; i < rows; ++i) {
    std::fill_n(sums + i * table.row_floats() + begin * table.width, (end - begin) * table.width,
                0.0f);
  }
}

constexpr size_t kLineFloats = 16;

HWY_INLINE void fetch(const float* from, size_t floats) {
  for (size_t at = 0; at < floats; at += kLineFloats) __builtin_prefetch(from + at);
}

float FieldSums(const FieldTable& table, std::span<const FieldEntry> entries,
                std::span<const uint32_t> next, float* sums) {
  const size_t row = table.row_floats();
  size_t cleared = 0;  // Fields that were seen.
  for (size_t j = 0; j < entries.size(); ++j) {
    if (j < next.size()) fetch(table.factors + next[j] * table.stride, row);
    const bool first = j == 0 || entries[j].field != entries[j - 1].field;
    clear_fields(table, entries.size(), cleared, entries[j].field, sums);
    cleared = entries[j].field + 1;
    const Seen seen{entries.data(),
                    entries.size(),
                    j,
                    table.factors + entries[j].feature * table.stride,
                    sums + entries[j].field * table.width,
                    row,
                    table.width};
    if (first) {
      add_entry_by_width<true>(seen);
    } else {
      add_entry_by_width<false>(seen);
    }
  }
  clear_fields(table, entries.size(), cleared, table.fields, sums);
  V total = hn::Zero(D());
  for (size_t i = 0; i < entries.size(); ++i) {
    const float* const own = table.factors + entries[i].feature * table.stride;
    const float* const sum = sums + i * row;
    const V x = hn::Set(D(), entries[i].value);
    V dot = hn::Zero(D());
    size_t at = 0;
    for (; at + kLanes <= row; at += kLanes) {
      dot = hn::MulAdd(hn::LoadU(D(), own + at), hn::LoadU(D(), sum + at), dot);
    }
    if (at < row) {
      const auto mask = hn::FirstN(D(), row - at);
      dot =
          hn::MulAdd(hn::MaskedLoad(mask, D(), own + at), hn::MaskedLoad(mask, D(), sum + at), dot);
    }
    total = hn::MulAdd(x, dot, total);
  }
  return 0.5f * hn::GetLane(hn::SumOfLanes(D(), total));  // Every pair was seen from both sides.
}

struct Step {
  float* factors;
  float* squares;
  const float* sums;
  const float* decays;
  float slope;
  float rate;
};

// Moves what lies from `at` up to `end`.
HWY_INLINE void step_range(const Step step, size_t at, size_t end) {
  const V by = hn::Set(D(), step.slope);
  const V rate = hn::Set(D(), step.rate);
  const auto moved = [&](V own, V sum, V decay, V& square) HWY_ATTR {
    const V gradient = hn::MulAdd(by, sum, hn::Mul(decay, own));
    square = hn::MulAdd(gradient, gradient, square);
    return hn::NegMulAdd(hn::Mul(rate, gradient), hn::ApproximateReciprocalSqrt(square), own);
  };
  for (; at + kLanes <= end; at += kLanes) {
    V square = hn::LoadU(D(), step.squares + at);
    const V own = moved(hn::LoadU(D(), step.factors + at), hn::LoadU(D(), step.sums + at),
                        hn::LoadU(D(), step.decays + at), square);
    hn::StoreU(own, D(), step.factors + at);
    hn::StoreU(square, D(), step.squares + at);
  }
  if (at >= end) return;
  const auto mask = hn::FirstN(D(), end - at);
  V square = hn::MaskedLoad(mask, D(), step.squares + at);
  const V own =
      moved(hn::MaskedLoad(mask, D(), step.factors + at), hn::MaskedLoad(mask, D(), step.sums + at),
            hn::MaskedLoad(mask, D(), step.decays + at), square);
  hn::BlendedStore(own, mask, D(), step.factors + at);
  hn::BlendedStore(square, mask, D(), step.squares + at);
}

void StepFields(const FieldTable& table, const FieldEntry& entry, bool skips_own, const float* sums,
                float slope, float rate, const float* decays) {
  const Step step{table.factors + entry.feature * table.stride,
                  table.squares + entry.feature * table.stride,
                  sums,
                  decays,
                  slope,
                  rate};
  const size_t own = entry.field * table.width;
  if (!skips_own) return step_range(step, 0, table.row_floats());
  step_range(step, 0, own);
  step_range(step, own + table.width, table.row_floats());
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(FieldPairs);
HWY_EXPORT(DescendFields);
HWY_EXPORT(FieldSums);
HWY_EXPORT(StepFields);

float field_pairs(const float* factors, size_t stride, size_t width,
                  std::span<const FieldEntry> entries) {
  return HWY_DYNAMIC_DISPATCH(FieldPairs)(factors, stride, width, entries);
}

void descend_fields(const FieldTable& table, std::span<const FieldEntry> entries, float slope,
                    float rate, float decay) {
  HWY_DYNAMIC_DISPATCH(DescendFields)(table, entries, slope, rate, decay);
}

float field_sums(const FieldTable& table, std::span<const FieldEntry> entries,
                 std::span<const uint32_t> next, float* sums) {
  return HWY_DYNAMIC_DISPATCH(FieldSums)(table, entries, next, sums);
}

void step_fields(const FieldTable& table, const FieldEntry& entry, bool skips_own,
                 const float* sums, float slope, float rate, const float* decays) {
  HWY_DYNAMIC_DISPATCH(StepFields)(table, entry, skips_own, sums, slope, rate, decays);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
