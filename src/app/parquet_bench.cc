// app_parquet_bench FILE FEATURE_DIM: how fast a training job reads the Parquet file, in values and
// in bytes of their float32 a second, by the clock and by the CPU of all threads (DuckDB has its
// own); the file is in the page cache. As engines_ml_reading_bench: read, checked, laid out as
// batches of 1,000 rows.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "app/parquet_tables.h"
#include "engines/ml/channel.h"
#include "engines/sql/sql.h"

namespace millrace::app {
namespace {

constexpr size_t kBatchRows = 1000;
constexpr int kRounds = 3;

struct Spent {
  double wall = 0;
  double cpu = 0;
};

Spent now() {
  const auto wall = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(wall).count(),
          static_cast<double>(std::clock()) / CLOCKS_PER_SEC};
}

int run(const runtime::Path& path, uint64_t feature_dim) {
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_system_clock();
  ParquetTables tables(*disk, *clock, sql::libraries_beside("/proc/self/exe"));
  ml::Channel channel(*disk, "train", path.parent_path(), {path.filename().string()},
                      {.feature_dim = feature_dim, .label = ml::LabelRule::number},
                      {.kind = ml::ExampleFormat::Kind::parquet, .tables = &tables});
  ml::RowBatch batch;
  for (int round = 0; round < kRounds; ++round) {
    size_t rows = 0;
    size_t kept = 0;
    const Spent begin = now();
    channel.rewind();
    do {
      const Result<void> read = channel.read(kBatchRows, batch);
      if (!read) {
        fmt::print(stderr, "{}\n", read.error().message);
        return 1;
      }
      rows += batch.size();
      kept += batch.values.size();
    } while (!batch.empty());
    const Spent end = now();
    const auto values = static_cast<double>(rows + kept);
    fmt::print("{} rows: {:.1f} M values/s, {:.2f} GB/s of float32; {:.2f} GB/s a second of CPU\n",
               rows, values / (end.wall - begin.wall) / 1e6,
               4 * values / (end.wall - begin.wall) / 1e9,
               4 * values / (end.cpu - begin.cpu) / 1e9);
  }
  return 0;
}

}  // namespace
}  // namespace millrace::app

int main(int count, char** arguments) {
  if (count != 3) {
    fmt::print(stderr, "app_parquet_bench FILE FEATURE_DIM\n");
    return 2;
  }
  return millrace::app::run(arguments[1], std::strtoull(arguments[2], nullptr, 10));
}
