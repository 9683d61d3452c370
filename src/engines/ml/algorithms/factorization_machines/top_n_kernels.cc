#include "engines/ml/algorithms/factorization_machines/top_n_kernels.h"

#include <algorithm>

// Highway compiles this file once for each kind of processor; also for those with VNNI.
#define HWY_WANT_AVX3_DL 1
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/top_n_kernels.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace millrace::ml::factorization_machines {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kScanBlock>;
using DI = hn::RebindToSigned<D>;
using DH = hn::Repartition<int16_t, DI>;
using V = hn::Vec<D>;
using VI = hn::Vec<DI>;

constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kVectors = kScanBlock / kLanes;  // Of a block.
// Blocks whose sums grow side by side, so that one addition need not wait for the last.
constexpr size_t kBlocks = kLanes == 16 ? 4 : 1;
constexpr size_t kBlockBytes = kScanBlock * kScanGroup / 2;  // Of a group.

// Of the codes, how far ahead of their use they are fetched: the processor's own fetching stops at
// every page.
constexpr size_t kAheadBytes = 4096;

// acc + the products of 4 codes in each lane, a byte each, with half a group of the user's.
HWY_INLINE VI accumulate(const ScanTable& table, VI acc, VI codes, size_t half) {
#if HWY_TARGET == HWY_AVX3_DL
  // Highway 1.0 takes VNNI for granted on these processors, but does not offer it.
  const VI user = hn::Set(DI(), table.user[half]);
  asm("vpdpbusd %2, %1, %0" : "+v"(acc.raw) : "v"(codes.raw), "v"(user.raw));
  return acc;
#else
  const VI low = hn::Set(DI(), 0x00ff00ff);
  VI rest = hn::Zero(DI());
  const auto pair = [&](VI bytes, int32_t user) HWY_ATTR {
    return hn::ReorderWidenMulAccumulate(DI(), hn::BitCast(DH(), bytes),
                                         hn::BitCast(DH(), hn::Set(DI(), user)), hn::Zero(DI()),
                                         rest);
  };
  const VI even = pair(hn::And(codes, low), table.user_even[half]);
  const VI odd = pair(hn::And(hn::ShiftRight<8>(codes), low), table.user_odd[half]);
  return hn::Add(acc, hn::RearrangeToOddPlusEven(hn::Add(even, odd), rest));
#endif
}

// The products of a sheet's blocks from `first` on.
HWY_INLINE void sum_products(const ScanTable& table, const uint8_t* codes,
                             VI (&sums)[kBlocks][kVectors]) {
  const VI nibbles = hn::Set(DI(), 0x0f0f0f0f);
  for (size_t b = 0; b < kBlocks; ++b) {
    for (size_t v = 0; v < kVectors; ++v) sums[b][v] = hn::Zero(DI());
  }
  for (size_t g = 0; g < table.groups; ++g, codes += kScanSheet * kBlockBytes) {
    for (size_t b = 0; b < kBlocks; ++b) {
      const uint8_t* const from = codes + b * kBlockBytes;
      __builtin_prefetch(from + kAheadBytes);
      for (size_t v = 0; v < kVectors; ++v) {
        const VI pairs = hn::LoadU(DI(), reinterpret_cast<const int32_t*>(from) + v * kLanes);
        VI& sum = sums[b][v];
        sum = accumulate(table, sum, hn::And(pairs, nibbles), 2 * g);
        sum = accumulate(table, sum, hn::And(hn::ShiftRight<4>(pairs), nibbles), 2 * g + 1);
      }
    }
  }
  const VI offset = hn::Set(DI(), table.offset);
  for (size_t b = 0; b < kBlocks; ++b) {
    for (VI& sum : sums[b]) sum = hn::Sub(hn::Add(sum, sum), offset);
  }
}

// A bit for each lane whose item may score more than the threshold.
HWY_INLINE uint32_t judge(const ScanTable& table, VI products, size_t block, size_t vector,
                          V threshold) {
  const size_t at = block * kScanBlock + vector * kLanes;
  const float bound = table.residual_factor * table.bounds[2 * block] +
                      table.norm_factor * table.bounds[2 * block + 1] + table.least;
  const V scale = hn::Mul(hn::LoadU(D(), table.scales + at), hn::Set(D(), table.user_scale));
  const V bias = hn::LoadU(D(), table.biases + at);
  const V slack = hn::MulAdd(hn::Abs(bias), hn::Set(D(), table.bias_factor), hn::Set(D(), bound));
  const V most = hn::Add(hn::MulAdd(hn::ConvertTo(D(), products), scale, bias), slack);
  // What is not a number is looked at, too.
  const auto beyond = hn::Not(hn::Le(most, threshold));
  if (HWY_LIKELY(hn::AllFalse(D(), beyond))) return 0;
  uint8_t bits[8] = {};
  hn::StoreMaskBits(D(), beyond, bits);
  return static_cast<uint32_t>(bits[0] | bits[1] << 8) << (vector * kLanes);
}

// A bit for each item of the sheet that may score more than the threshold.
HWY_INLINE uint64_t scan_sheet(const ScanTable& table, size_t sheet, V threshold) {
  uint64_t found = 0;
  const uint8_t* const codes = table.codes + sheet * table.groups * kScanSheet * kBlockBytes;
  for (size_t first = 0; first < kScanSheet; first += kBlocks) {
    VI sums[kBlocks][kVectors];
    sum_products(table, codes + first * kBlockBytes, sums);
    for (size_t b = 0; b < kBlocks; ++b) {
      for (size_t v = 0; v < kVectors; ++v) {
        const size_t block = first + b;
        found |= uint64_t{judge(table, sums[b][v], sheet * kScanSheet + block, v, threshold)}
                 << (block * kScanBlock);
      }
    }
  }
  return found;
}

size_t ScanItems(const ScanTable& table, size_t begin, size_t end, float least, uint64_t* mask) {
  const V threshold = hn::Set(D(), least);
  for (size_t sheet = begin; sheet < end; ++sheet) {
    const uint64_t allowed = table.allowed == nullptr ? ~uint64_t{0} : table.allowed[sheet];
    if (allowed == 0) continue;
    const uint64_t found = scan_sheet(table, sheet, threshold) & allowed;
    if (HWY_UNLIKELY(found != 0)) {
      *mask = found;
      return sheet;
    }
  }
  return end;
}

float DotRows(const float* a, const float* b, size_t width) {
  V sums[4];
  for (V& sum : sums) sum = hn::Zero(D());
  size_t at = 0;
  for (; at + 4 * kLanes <= width; at += 4 * kLanes) {
    for (size_t n = 0; n < 4; ++n) {
      sums[n] = hn::MulAdd(hn::LoadU(D(), a + at + n * kLanes), hn::LoadU(D(), b + at + n * kLanes),
                           sums[n]);
    }
  }
  for (; at < width; at += kLanes) {
    sums[0] = hn::MulAdd(hn::LoadU(D(), a + at), hn::LoadU(D(), b + at), sums[0]);
  }
  const V sum = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
  return hn::GetLane(hn::SumOfLanes(D(), sum));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {

HWY_EXPORT(ScanItems);
HWY_EXPORT(DotRows);

size_t scan_items(const ScanTable& table, size_t begin, size_t end, float threshold,
                  uint64_t* mask) {
  return HWY_DYNAMIC_DISPATCH(ScanItems)(table, begin, end, threshold, mask);
}

float dot_rows(const float* a, const float* b, size_t width) {
  return HWY_DYNAMIC_DISPATCH(DotRows)(a, b, width);
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
