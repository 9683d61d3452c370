#include "engines/ml/algorithms/factorization_machines/limits_bench.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "engines/ml/float_table.h"
#include "engines/ml/generator.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engines/ml/algorithms/factorization_machines/limits_bench.cc"
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
constexpr size_t kRowFloats = 64;
constexpr size_t kAhead = 12;

// Multiply-adds of eight independent chains; answers floating-point operations.
double MultiplyAdd(size_t rounds, float* out) {
  V sums[12];
  for (size_t n = 0; n < 12; ++n) sums[n] = hn::Set(D(), static_cast<float>(n));
  const V by = hn::Set(D(), 0.999f);
  for (size_t round = 0; round < rounds; ++round) {
    for (size_t n = 0; n < 12; ++n) sums[n] = hn::MulAdd(sums[n], by, by);
  }
  V total = sums[0];
  for (size_t n = 1; n < 12; ++n) total = hn::Add(total, sums[n]);
  *out = hn::GetLane(hn::SumOfLanes(D(), total));
  return static_cast<double>(rounds) * 12 * kLanes * 2;
}

void ReadAll(const float* from, size_t count, float* out) {
  V sums[8];
  for (size_t n = 0; n < 8; ++n) sums[n] = hn::Zero(D());
  for (size_t at = 0; at + 8 * kLanes <= count; at += 8 * kLanes) {
    for (size_t n = 0; n < 8; ++n) {
      sums[n] = hn::Add(sums[n], hn::Load(D(), from + at + n * kLanes));
    }
  }
  V total = sums[0];
  for (size_t n = 1; n < 8; ++n) total = hn::Add(total, sums[n]);
  *out = hn::GetLane(hn::SumOfLanes(D(), total));
}

void ChangeRows(float* table, const uint32_t* rows, size_t count) {
  const V by = hn::Set(D(), 0.999f);
  const V plus = hn::Set(D(), 1e-6f);
  for (size_t at = 0; at < count; ++at) {
    if (at + kAhead < count) {
      const float* ahead = table + rows[at + kAhead] * kRowFloats;
      for (size_t line = 0; line < kRowFloats; line += 16) __builtin_prefetch(ahead + line, 1);
    }
    float* row = table + rows[at] * kRowFloats;
    for (size_t n = 0; n < kRowFloats; n += kLanes) {
      hn::Store(hn::MulAdd(hn::Load(D(), row + n), by, plus), D(), row + n);
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace millrace::ml::factorization_machines
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::ml::factorization_machines {
namespace {

HWY_EXPORT(MultiplyAdd);
HWY_EXPORT(ReadAll);
HWY_EXPORT(ChangeRows);

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Work>
double median_seconds(const Work& work) {
  std::vector<double> rounds;
  for (int round = 0; round < 7; ++round) {
    const double begin = cpu_seconds();
    work();
    rounds.push_back(cpu_seconds() - begin);
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[rounds.size() / 2];
}

}  // namespace

double random_row_seconds(size_t table_bytes) {
  constexpr size_t kCount = 1 << 20;
  FloatTable table(table_bytes / sizeof(float));
  for (size_t at = 0; at < table.size(); at += 16) table[at] = 1;
  Generator generator(3);
  std::vector<uint32_t> rows(kCount);
  for (uint32_t& row : rows) {
    row = static_cast<uint32_t>(generator.below(table.size() / 64));
  }
  return median_seconds(
             [&] { HWY_DYNAMIC_DISPATCH(ChangeRows)(table.data(), rows.data(), kCount); }) /
         kCount;
}

void print_limits() {
  float kept = 0;
  double operations = 0;
  const double seconds =
      median_seconds([&] { operations = HWY_DYNAMIC_DISPATCH(MultiplyAdd)(1 << 22, &kept); });
  fmt::print("multiply-add: {:.1f} GFLOP/s a core\n", operations / seconds / 1e9);
  for (const size_t bytes :
       {size_t{32} << 10, size_t{1} << 20, size_t{16} << 20, size_t{1} << 30}) {
    FloatTable table(bytes / sizeof(float));
    for (size_t at = 0; at < table.size(); ++at) table[at] = 1;
    const size_t times = std::max<size_t>((size_t{1} << 30) / bytes, 1);
    const double spent = median_seconds([&] {
      for (size_t i = 0; i < times; ++i) {
        HWY_DYNAMIC_DISPATCH(ReadAll)(table.data(), table.size(), &kept);
      }
    });
    fmt::print("reading {:>7} KiB: {:.1f} GB/s a core\n", bytes >> 10,
               static_cast<double>(bytes * times) / spent / 1e9);
  }
}

}  // namespace millrace::ml::factorization_machines
#endif  // HWY_ONCE
