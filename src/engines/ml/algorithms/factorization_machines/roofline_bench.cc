// How fast the solvers go beside what this machine allows: multiply-adds, bandwidth of each level
// of memory, and moving rows of 256 bytes at random places of a table (limits_bench.h). Every
// figure is the median of rounds, in CPU time of one thread, in wall time of several.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <string_view>

#include "engines/ml/algorithms/factorization_machines/adam.h"
#include "engines/ml/algorithms/factorization_machines/descent.h"
#include "engines/ml/algorithms/factorization_machines/limits_bench.h"
#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint32_t kFactors = 64;
constexpr size_t kRowBytes = kFactors * sizeof(float);
constexpr size_t kEntries = 1 << 21;  // Of all rows of a case together.
constexpr int kRounds = 5;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double wall_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

double median_seconds(double (*clock)(), const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int round = 0; round < kRounds; ++round) {
    const double begin = clock();
    work();
    seconds.push_back(clock() - begin);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

struct Case {
  Solver solver;
  const char* name;
  size_t batch;  // Rows of a step; 0: each row is one.
};

constexpr std::array kCases = {
    Case{Solver::sgd, "sgd", 0},
    Case{Solver::adagrad, "adagrad", 0},
    Case{Solver::adam, "adam", 1000},
};

// Seconds that an example's rows take, by each of `threads` (limits_bench.h).
double bound_seconds(const Case& c, size_t table_bytes, size_t entries, unsigned threads,
                     Lookahead lookahead) {
  const auto rows = static_cast<double>(entries);
  if (c.batch == 0) {
    const bool adagrad = c.solver == Solver::adagrad;
    return lookahead == Lookahead::best
               ? example_seconds(table_bytes, entries, adagrad, threads)
               : rows * change_rows_seconds(adagrad ? 2 : 1, table_bytes, threads, lookahead);
  }
  // Of the features of a field, those that a batch names at least once.
  const double field = static_cast<double>(table_bytes) / kRowBytes / static_cast<double>(entries);
  const auto batch = static_cast<double>(c.batch);
  const double distinct = field * (1 - std::pow(1 - 1 / field, batch)) / batch;
  return rows * (read_row_seconds(table_bytes, threads, lookahead) +
                 read_row_seconds(c.batch * kRowBytes, threads, lookahead) +
                 distinct * change_rows_seconds(3, table_bytes, threads, lookahead));
}

RowBatch random_rows(size_t rows, size_t entries, uint64_t features, uint64_t seed) {
  Generator generator(seed);
  RowBatch batch;
  for (size_t at = 0; at < rows; ++at) {
    // One feature of each of as many fields, as one-hot rows have.
    for (size_t i = 0; i < entries; ++i) {
      const uint64_t begin = features * i / entries;
      const uint64_t end = features * (i + 1) / entries;
      batch.indices.push_back(static_cast<uint32_t>(begin + generator.below(end - begin)));
      batch.values.push_back(1);
    }
    batch.end_row(static_cast<float>(generator.below(2)));
  }
  return batch;
}

double examples_per_second(const Case& c, size_t entries, uint64_t features, unsigned threads) {
  Settings settings;
  settings.solver = c.solver;
  settings.feature_dim = features;
  settings.num_factors = kFactors;
  settings.bias.learning_rate = settings.linear.learning_rate = 1e-4;
  settings.factors.learning_rate = 1e-4;
  Model model(PredictorType::regressor, features, kFactors);
  for (uint64_t i = 0; i < features; ++i) {
    for (uint32_t f = 0; f < kFactors; ++f) {
      model.row(i)[f] = static_cast<float>((i * 31 + f) % 17) * 1e-3f;
    }
  }
  const size_t rows = kEntries / entries;
  double (*const clock)() = threads == 1 ? cpu_seconds : wall_seconds;
  if (c.batch == 0) {
    const RowBatch batch = random_rows(rows, entries, features, 1);
    Descent descent(model, settings, threads);
    uint64_t epoch = 0;
    const auto sweep = [&] { descent.epoch(batch, epoch++); };
    sweep();
    return static_cast<double>(rows) / median_seconds(clock, sweep);
  }
  std::vector<RowBatch> batches;
  for (size_t at = 0; at * c.batch < rows; ++at) {
    batches.push_back(random_rows(c.batch, entries, features, at));
  }
  Adam adam(model, settings, threads);
  const auto all = [&] {
    for (const RowBatch& batch : batches) adam.step(batch);
  };
  all();
  return static_cast<double>(batches.size() * c.batch) / median_seconds(clock, all);
}

// Of all cases those that are asked for; 0 asks for any.
struct Choice {
  std::string_view solver;
  unsigned threads = 1;
  size_t table_mib = 0;
  size_t entries = 0;
};

// One line: alone, its share of both bounds, and beside it what several threads gain and what rows
// of a table of each thread's own gain on this machine.
void print_case(const Case& c, size_t table, size_t entries, unsigned threads) {
  const uint64_t features = table / kRowBytes;
  const double alone = bound_seconds(c, table, entries, 1, Lookahead::best);
  const double plain = bound_seconds(c, table, entries, 1, Lookahead::none);
  const double measured = examples_per_second(c, entries, features, 1);
  fmt::print("{:8} {:>4} MiB {:>9} {:>14.0f} {:>14.0f} {:>6.0f}% {:>14.0f} {:>6.0f}%", c.name,
             table >> 20, entries, measured, 1 / alone, 100 * measured * alone, 1 / plain,
             100 * measured * plain);
  if (threads > 1) {
    const double together = bound_seconds(c, table, entries, threads, Lookahead::best);
    const double shared = examples_per_second(c, entries, features, threads);
    fmt::print(" {:>14.0f} {:>6.2f} {:>8.2f}", shared, shared / measured,
               threads * alone / together);
  }
  fmt::print("\n");
  std::fflush(stdout);
}

void run(const Choice& choice) {
  const auto [only, threads, table_mib, non_zeros] = choice;
  if (only.empty() || only == "limits") print_limits();
  if (only == "limits") return;
  fmt::print("{:8} {:>8} {:>9} {:>14} {:>14} {:>7} {:>14} {:>7}", "solver", "table", "non-zeros",
             "examples/s", "bound", "share", "plain", "share");
  if (threads > 1) fmt::print(" {:>6} threads {:>6} {:>8}", threads, "gain", "machine");
  fmt::print("\n");
  for (const size_t table : {size_t{2} << 20, size_t{64} << 20, size_t{2} << 30}) {
    if (table_mib != 0 && table_mib != table >> 20) continue;
    for (const Case& c : kCases) {
      if (!only.empty() && only != c.name) continue;
      for (const size_t entries : {size_t{2}, size_t{8}, size_t{40}}) {
        if (non_zeros == 0 || non_zeros == entries) print_case(c, table, entries, threads);
      }
    }
  }
}

}  // namespace
}  // namespace millrace::ml::factorization_machines

int main(int count, char** arguments) {
  const auto number = [&](int at) {
    size_t value = 0;  // What is no number asks for any.
    if (count > at) {
      const std::string_view text = arguments[at];
      std::from_chars(text.data(), text.data() + text.size(), value);
    }
    return value;
  };
  const std::string_view solver = count > 1 ? arguments[1] : "all";
  millrace::ml::factorization_machines::run(
      {.solver = solver == "all" ? "" : solver,
       .threads = static_cast<unsigned>(std::max<size_t>(number(2), 1)),
       .table_mib = number(3),
       .entries = number(4)});
  return 0;
}
