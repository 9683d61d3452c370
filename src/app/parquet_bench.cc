// app_parquet_bench FILE FEATURE_DIM: how fast a training job reads the Parquet file, in bytes of
// its numbers as they are stored unpacked (4 of an INTEGER or a FLOAT, 8 of others) a second of the
// CPU of all threads (DuckDB has its own) and of the clock, beside DuckDB alone; the file is in the
// page cache. As engines_ml_reading_bench: read, checked, laid out as batches of 1,000 rows.
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

size_t bytes_of(const ml::Numbers& numbers, size_t count) {
  using enum ml::Numbers::Type;
  return count * (numbers.type == f32 || numbers.type == i32 ? 4 : 8);
}

size_t bytes_of(const ml::TablePiece& piece, const std::vector<ml::TableColumn>& columns) {
  size_t bytes = 0;
  for (size_t at = 0; at < columns.size(); ++at) {
    if (columns[at].kind == ml::TableColumn::Kind::number) {
      bytes += bytes_of(piece.numbers(at), piece.rows());
    } else {
      const ml::NumberLists lists = piece.lists(at);
      for (size_t row = 0; row < piece.rows(); ++row) {
        if (lists.has(row)) bytes += bytes_of(lists.items, lists.places[row].length);
      }
    }
  }
  return bytes;
}

// Asks for all pieces and looks at none, or at how much they hold.
Result<size_t> decode(ml::TableFiles& tables, const runtime::Path& path, bool count) {
  TRY(const auto file, tables.open(path));
  size_t bytes = 0;
  for (;;) {
    TRY(const ml::TablePiece* const piece, file->next());
    if (piece == nullptr) return bytes;
    if (count) bytes += bytes_of(*piece, file->columns());
  }
}

Result<size_t> read_rows(ml::Channel& channel) {
  ml::RowBatch batch;
  size_t rows = 0;
  channel.rewind();
  do {
    TRY(channel.read(kBatchRows, batch));
    rows += batch.size();
  } while (!batch.empty());
  return rows;
}

void print(std::string_view what, size_t bytes, const Spent& begin) {
  const Spent end = now();
  fmt::print("{:<14} {:.2f} GB/s of CPU, {:.2f} GB/s by the clock\n", what,
             static_cast<double>(bytes) / (end.cpu - begin.cpu) / 1e9,
             static_cast<double>(bytes) / (end.wall - begin.wall) / 1e9);
}

Result<void> run(const runtime::Path& path, uint64_t feature_dim) {
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_system_clock();
  ParquetTables tables(*disk, *clock, sql::libraries_beside("/proc/self/exe"));
  ml::Channel channel(*disk, "train", path.parent_path(), {path.filename().string()},
                      {.feature_dim = feature_dim, .label = ml::LabelRule::number},
                      {.kind = ml::ExampleFormat::Kind::parquet, .tables = &tables});
  TRY(const size_t bytes, decode(tables, path, true));
  for (int round = 0; round < kRounds; ++round) {
    Spent begin = now();
    TRY(decode(tables, path, false));
    print("DuckDB alone", bytes, begin);
    begin = now();
    TRY(const size_t rows, read_rows(channel));
    print(fmt::format("{} rows", rows), bytes, begin);
  }
  return {};
}

}  // namespace
}  // namespace millrace::app

int main(int count, char** arguments) {
  if (count != 3) {
    fmt::print(stderr, "app_parquet_bench FILE FEATURE_DIM\n");
    return 2;
  }
  const millrace::Result<void> run =
      millrace::app::run(arguments[1], std::strtoull(arguments[2], nullptr, 10));
  if (!run) fmt::print(stderr, "{}\n", run.error().message);
  return run ? 0 : 1;
}
