#include "engines/ml/algorithms/factorization_machines/limits_bench.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engines/ml/float_table.h"
#include "engines/ml/generator.h"
#include "runtime/team.h"

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
constexpr size_t kVectors = kRowFloats / kLanes;

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

HWY_INLINE void fetch(const float* row) {
  for (size_t line = 0; line < kRowFloats; line += 16) __builtin_prefetch(row + line, 1);
}

// Changes one row by what was made of others.
HWY_INLINE void change(float* row, const V* by) {
  for (size_t n = 0; n < kVectors; ++n) {
    hn::Store(hn::Add(hn::Load(D(), row + n * kLanes), by[n]), D(), row + n * kLanes);
  }
}

// `rows` has `ahead` more than the examples need.
void ChangeExamples(float* table, float* beside, const uint32_t* rows, size_t examples,
                    size_t entries, size_t ahead) {
  const V little = hn::Set(D(), 1e-6f);
  for (size_t example = 0; example < examples; ++example, rows += entries) {
    V sums[kVectors];
    for (size_t n = 0; n < kVectors; ++n) sums[n] = hn::Zero(D());
    for (size_t i = 0; i < entries; ++i) {
      fetch(table + rows[i + ahead] * kRowFloats);
      const float* const row = table + rows[i] * kRowFloats;
      for (size_t n = 0; n < kVectors; ++n) {
        sums[n] = hn::Add(sums[n], hn::Load(D(), row + n * kLanes));
      }
    }
    for (size_t n = 0; n < kVectors; ++n) sums[n] = hn::Mul(sums[n], little);
    for (size_t i = 0; i < entries; ++i) {
      change(table + rows[i] * kRowFloats, sums);
      if (beside == nullptr) continue;
      fetch(beside + rows[i + ahead / 2] * kRowFloats);
      change(beside + rows[i] * kRowFloats, sums);
    }
  }
}

// `ahead` 0: nothing is fetched.
void ReadRows(const float* table, const uint32_t* rows, size_t count, size_t ahead, float* out) {
  V sums[kVectors];
  for (size_t n = 0; n < kVectors; ++n) sums[n] = hn::Zero(D());
  for (size_t i = 0; i < count; ++i) {
    if (ahead != 0) fetch(table + rows[i + ahead] * kRowFloats);
    const float* const row = table + rows[i] * kRowFloats;
    for (size_t n = 0; n < kVectors; ++n) {
      sums[n] = hn::Add(sums[n], hn::Load(D(), row + n * kLanes));
    }
  }
  for (size_t n = 1; n < kVectors; ++n) sums[0] = hn::Add(sums[0], sums[n]);
  *out = hn::GetLane(hn::SumOfLanes(D(), sums[0]));
}

void ChangeRows(float* const* tables, size_t of_tables, const uint32_t* rows, size_t count,
                size_t ahead) {
  V by[kVectors];
  for (size_t n = 0; n < kVectors; ++n) by[n] = hn::Set(D(), 1e-6f);
  for (size_t i = 0; i < count; ++i) {
    for (size_t t = 0; t < of_tables; ++t) {
      if (ahead != 0) fetch(tables[t] + rows[i + ahead] * kRowFloats);
      change(tables[t] + rows[i] * kRowFloats, by);
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
HWY_EXPORT(ChangeExamples);
HWY_EXPORT(ReadRows);
HWY_EXPORT(ChangeRows);

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double wall_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

double median_seconds(const std::function<void()>& work, double (*clock)() = cpu_seconds) {
  std::vector<double> rounds;
  for (int round = 0; round < 7; ++round) {
    const double begin = clock();
    work();
    rounds.push_back(clock() - begin);
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[rounds.size() / 2];
}

constexpr size_t kRowBytes = 256;
constexpr size_t kCount = 1 << 20;  // Rows of a round.
constexpr size_t kAheadMax = 32;
constexpr std::array<size_t, 2> kAheads = {12, kAheadMax};  // The better one counts.
constexpr std::array<size_t, 1> kNoAhead = {0};

std::span<const size_t> aheads(Lookahead lookahead) {
  if (lookahead == Lookahead::none) return kNoAhead;
  return kAheads;
}

// What each thread has: tables of its own, and the places that it goes to.
struct Places {
  Places(size_t table_bytes, size_t count, uint64_t seed) : rows(kCount + kAheadMax) {
    for (size_t at = 0; at < count; ++at) {
      FloatTable& table = tables.emplace_back(table_bytes / sizeof(float));
      for (size_t i = 0; i < table.size(); i += 16) table[i] = 1;
    }
    Generator generator(seed);
    for (uint32_t& row : rows) {
      row = static_cast<uint32_t>(generator.below(table_bytes / kRowBytes));
    }
  }
  std::vector<FloatTable> tables;
  std::vector<uint32_t> rows;
};

// Of `work(places, ahead)` by each of the threads on places of its own.
double best_seconds(size_t table_bytes, size_t tables, unsigned threads, Lookahead lookahead,
                    const std::function<void(Places&, size_t ahead)>& work) {
  std::vector<std::unique_ptr<Places>> places;
  for (unsigned member = 0; member < threads; ++member) {
    places.push_back(std::make_unique<Places>(table_bytes / threads, tables, member + 3));
  }
  runtime::Team team("limits", threads);
  double best = 1e9;
  for (const size_t ahead : aheads(lookahead)) {
    const auto all = [&] { team.run([&](unsigned member) { work(*places[member], ahead); }); };
    best = std::min(best, median_seconds(all, threads == 1 ? cpu_seconds : wall_seconds));
  }
  return best;
}

}  // namespace

double example_seconds(size_t table_bytes, size_t entries, bool beside, unsigned threads) {
  const size_t examples = kCount / entries;
  const auto work = [&](Places& places, size_t ahead) {
    HWY_DYNAMIC_DISPATCH(ChangeExamples)
    (places.tables[0].data(), beside ? places.tables[1].data() : nullptr, places.rows.data(),
     examples, entries, ahead);
  };
  return best_seconds(table_bytes, beside ? 2 : 1, threads, Lookahead::best, work) /
         static_cast<double>(examples);
}

double read_row_seconds(size_t table_bytes, unsigned threads, Lookahead lookahead) {
  const auto work = [&](Places& places, size_t ahead) {
    float sum = 0;
    HWY_DYNAMIC_DISPATCH(ReadRows)
    (places.tables[0].data(), places.rows.data(), kCount, ahead, &sum);
    places.tables[0][0] = sum * 1e-9f;
  };
  return best_seconds(table_bytes, 1, threads, lookahead, work) / kCount;
}

double change_rows_seconds(size_t tables, size_t table_bytes, unsigned threads,
                           Lookahead lookahead) {
  const auto work = [&](Places& places, size_t ahead) {
    std::vector<float*> begins;
    for (FloatTable& table : places.tables) begins.push_back(table.data());
    HWY_DYNAMIC_DISPATCH(ChangeRows)
    (begins.data(), begins.size(), places.rows.data(), kCount, ahead);
  };
  return best_seconds(table_bytes, tables, threads, lookahead, work) / kCount;
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
