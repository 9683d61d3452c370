#include "engines/ml/algorithms/factorization_machines/field_kernels.h"

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

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(FieldPairs);
HWY_EXPORT(DescendFields);

float field_pairs(const float* factors, size_t stride, size_t width,
                  std::span<const FieldEntry> entries) {
  return HWY_DYNAMIC_DISPATCH(FieldPairs)(factors, stride, width, entries);
}

void descend_fields(const FieldTable& table, std::span<const FieldEntry> entries, float slope,
                    float rate, float decay) {
  HWY_DYNAMIC_DISPATCH(DescendFields)(table, entries, slope, rate, decay);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
