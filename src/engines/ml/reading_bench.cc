// engines_ml_reading_bench [NAME]
//
// How fast examples are read, format by format, in bytes of the uncompressed file a second of CPU
// of one thread, beside what this machine's memory copies; the file is in the page cache. What is
// counted is what a training job does: the file is read, unpacked where it is gzip, parsed,
// checked, and laid out as batches of 1,000 rows. With a name, only those that it stands in.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iterator>
#include <random>

#include "engines/ml/channel.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

constexpr size_t kFileBytes = 64u << 20;
constexpr size_t kBatchRows = 1000;
constexpr int kRounds = 5;
constexpr uint32_t kSparseDim = 100'000;
constexpr uint32_t kDenseDim = 64;

// Of CPU, so that the figures hold on a machine that does other things too.
double seconds_now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double wall_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Shape {
  uint32_t feature_dim;
  uint32_t nonzeros;  // As many as feature_dim: dense.
};

// A row with increasing indices, and values as one-hot encoding with a few measured columns has.
void make_row(const Shape& shape, std::mt19937& generator, RowBatch& rows) {
  const uint32_t stride = shape.feature_dim / shape.nonzeros;
  for (uint32_t i = 0; i < shape.nonzeros; ++i) {
    rows.indices.push_back(i * stride + generator() % stride);
    rows.values.push_back(generator() % 4 == 0 ? static_cast<float>(generator() % 10'000) / 128
                                               : 1);
  }
  rows.end_row(static_cast<float>(generator() % 100));
}

template <class Append>
Bytes make_file(const Shape& shape, Append append) {
  std::mt19937 generator(1);
  RowBatch rows;
  Bytes out;
  while (out.size() < kFileBytes) {
    rows.clear();
    make_row(shape, generator, rows);
    append(rows, out);
  }
  return out;
}

Bytes encode_dense(const RowBatch& rows) {
  Bytes record = encode_record({{}, rows.row(0).values}, kDenseDim, rows.label(0));
  return record;
}

void bench_copy() {
  for (const size_t size : {size_t{256} << 10, kFileBytes}) {
    Bytes from(size, 'x'), to(size, 'y');
    const size_t rounds = (size_t{2} << 30) / size;
    const double begin = seconds_now();
    for (size_t i = 0; i < rounds; ++i) {
      std::memcpy(to.data(), from.data(), size);
      from[i % size] = to[size - 1];
    }
    const double spent = seconds_now() - begin;
    fmt::print("{:<34} {:>8.2f} GB/s\n", fmt::format("memcpy of {} KiB", size >> 10),
               static_cast<double>(rounds * size) / spent / 1e9);
  }
}

struct Case {
  std::string_view name;
  uint64_t feature_dim;
  ExampleFormat::Kind kind = ExampleFormat::Kind::recordio;
};

class ReadingBench {
 public:
  explicit ReadingBench(std::string_view wanted) : wanted_(wanted) {}
  void run() const;

 private:
  bool wants(std::string_view name) const { return name.find(wanted_) != std::string_view::npos; }
  // Seconds of the clock that it takes.
  double measure(const Case& of, BytesView content, size_t unpacked_bytes) const;
  void measure_records() const;
  void measure_packed() const;
  void measure_libsvm() const;
  void measure_csv(int decimals) const;

  const std::string_view wanted_;
  const test::Folder folder_;
};

double ReadingBench::measure(const Case& of, BytesView content, size_t unpacked_bytes) const {
  folder_.write("part", content);
  const auto disk = runtime::make_disk();
  Channel channel(*disk, "train", folder_.path(), {"part"},
                  {.feature_dim = of.feature_dim, .label = LabelRule::number}, {.kind = of.kind});
  RowBatch batch;
  size_t rows = 0;
  size_t nonzeros = 0;
  double best = 1e300;
  double best_wall = 1e300;
  for (int round = 0; round < kRounds; ++round) {
    rows = nonzeros = 0;
    channel.rewind();
    const double begin = seconds_now();
    const double wall_begin = wall_now();
    do {
      const Result<void> read = channel.read(kBatchRows, batch);
      if (!read) fmt::print("{}\n", read.error().message);
      ASSERT(read.has_value());
      rows += batch.size();
      nonzeros += batch.values.size();
    } while (!batch.empty());
    best = std::min(best, seconds_now() - begin);
    best_wall = std::min(best_wall, wall_now() - wall_begin);
  }
  fmt::print("{:<34} {:>8.2f} GB/s {:>8.2f} M rows/s {:>8.1f} M values/s\n", of.name,
             static_cast<double>(unpacked_bytes) / best / 1e9,
             static_cast<double>(rows) / best / 1e6, static_cast<double>(nonzeros) / best / 1e6);
  return best_wall;
}

Bytes make_records(const Shape& shape) {
  return make_file(shape, [&](const RowBatch& rows, Bytes& out) {
    append_recordio(out, encode_record(rows.row(0), shape.feature_dim, rows.label(0)));
  });
}

void ReadingBench::measure_records() const {
  for (const uint32_t nonzeros : {8u, 40u}) {
    const std::string name = fmt::format("recordIO, sparse, {} non-zeros", nonzeros);
    if (!wants(name)) continue;
    const Bytes records = make_records({kSparseDim, nonzeros});
    measure({name, kSparseDim}, records, records.size());
  }
  const std::string_view dense = "recordIO, dense, 64 float32";
  if (!wants(dense)) return;
  const Bytes records = make_file({kDenseDim, kDenseDim}, [](const RowBatch& rows, Bytes& out) {
    append_recordio(out, encode_dense(rows));
  });
  measure({dense, kDenseDim}, records, records.size());
}

// Beside what unpacking alone takes.
void ReadingBench::measure_packed() const {
  const std::string_view name = "recordIO, sparse, 8, gzip";
  if (!wants(name)) return;
  const Bytes records = make_records({kSparseDim, 8});
  const Bytes packed = test::gzip(records);
  const double wall = measure({name, kSparseDim}, packed, records.size());
  fmt::print("{:<34} {:>8.2f} GB/s\n", "  by the clock, on two threads",
             static_cast<double>(records.size()) / wall / 1e9);
  Bytes piece(256 << 10, '\0');
  double best = 1e300;
  for (int round = 0; round < kRounds; ++round) {
    const double begin = seconds_now();
    const auto source = make_gunzip_source(make_memory_source(packed));
    size_t size = 0;
    for (;;) {
      const Result<size_t> taken = source->read(piece.data(), piece.size());
      ASSERT(taken.has_value());
      if (*taken == 0) break;
      size += *taken;
    }
    ASSERT(size == records.size());
    best = std::min(best, seconds_now() - begin);
  }
  fmt::print("{:<34} {:>8.2f} GB/s; packed {:.2f} times\n", "  unpacking alone, on one",
             static_cast<double>(records.size()) / best / 1e9,
             static_cast<double>(records.size()) / static_cast<double>(packed.size()));
}

void ReadingBench::measure_libsvm() const {
  const std::string_view name = "libsvm, 8 non-zeros";
  if (!wants(name)) return;
  const Bytes text = make_file({kSparseDim, 8}, [](const RowBatch& rows, Bytes& out) {
    fmt::format_to(std::back_inserter(out), "{}", rows.label(0));
    for (size_t i = 0; i < rows.indices.size(); ++i) {
      fmt::format_to(std::back_inserter(out), " {}:{}", rows.indices[i], rows.values[i]);
    }
    out += '\n';
  });
  measure({name, kSparseDim, ExampleFormat::Kind::libsvm}, text, text.size());
}

void ReadingBench::measure_csv(int decimals) const {
  const std::string name = fmt::format("CSV, 64 columns, {} decimals", decimals);
  if (!wants(name)) return;
  const Bytes text = make_file({kDenseDim, kDenseDim}, [&](const RowBatch& rows, Bytes& out) {
    fmt::format_to(std::back_inserter(out), "{}", rows.label(0));
    for (const float value : rows.values) {
      fmt::format_to(std::back_inserter(out), ",{:.{}f}", value, decimals);
    }
    out += '\n';
  });
  measure({name, kDenseDim, ExampleFormat::Kind::csv}, text, text.size());
}

void ReadingBench::run() const {
  bench_copy();
  measure_records();
  measure_packed();
  measure_libsvm();
  measure_csv(2);
  measure_csv(6);
}

}  // namespace
}  // namespace millrace::ml

int main(int count, char** arguments) {
  millrace::ml::ReadingBench(count > 1 ? arguments[1] : "").run();
  return 0;
}
