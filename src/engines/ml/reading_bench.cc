// engines_ml_reading_bench
//
// How fast examples are read, format by format, in bytes of the uncompressed file a second of CPU
// of one thread, beside what this machine's memory copies; the file is in the page cache. What is
// counted is what a training job does: the file is read, unpacked where it is gzip, parsed,
// checked, and laid out as batches of 1,000 rows.
#include <fmt/format.h>

#include <array>
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

void bench_file(std::string_view name, const test::Folder& folder, BytesView content,
                size_t unpacked_bytes, uint64_t feature_dim,
                ExampleFormat::Kind kind = ExampleFormat::Kind::recordio) {
  folder.write("part", content);
  const auto disk = runtime::make_disk();
  Channel channel(*disk, "train", folder.path(), {"part"},
                  {.feature_dim = feature_dim, .label = LabelRule::number}, {.kind = kind});
  RowBatch batch;
  size_t rows = 0;
  size_t nonzeros = 0;
  double best = 1e300;
  for (int round = 0; round < kRounds; ++round) {
    rows = nonzeros = 0;
    channel.rewind();
    const double begin = seconds_now();
    do {
      const Result<void> read = channel.read(kBatchRows, batch);
      if (!read) fmt::print("{}\n", read.error().message);
      ASSERT(read.has_value());
      rows += batch.size();
      nonzeros += batch.values.size();
    } while (!batch.empty());
    best = std::min(best, seconds_now() - begin);
  }
  fmt::print("{:<34} {:>8.2f} GB/s {:>8.2f} M rows/s {:>8.1f} M values/s\n", name,
             static_cast<double>(unpacked_bytes) / best / 1e9,
             static_cast<double>(rows) / best / 1e6, static_cast<double>(nonzeros) / best / 1e6);
}

void bench_text(const test::Folder& folder, const Shape& sparse) {
  const Bytes libsvm = make_file(sparse, [](const RowBatch& rows, Bytes& out) {
    fmt::format_to(std::back_inserter(out), "{}", rows.label(0));
    for (size_t i = 0; i < rows.indices.size(); ++i) {
      fmt::format_to(std::back_inserter(out), " {}:{}", rows.indices[i], rows.values[i]);
    }
    out += '\n';
  });
  bench_file("libsvm, 8 non-zeros", folder, libsvm, libsvm.size(), kSparseDim,
             ExampleFormat::Kind::libsvm);
  for (const int digits : {2, 6}) {
    const Bytes csv = make_file({kDenseDim, kDenseDim}, [&](const RowBatch& rows, Bytes& out) {
      fmt::format_to(std::back_inserter(out), "{}", rows.label(0));
      for (const float value : rows.values) {
        fmt::format_to(std::back_inserter(out), ",{:.{}f}", value, digits);
      }
      out += '\n';
    });
    bench_file(fmt::format("CSV, 64 columns, {} decimals", digits), folder, csv, csv.size(),
               kDenseDim, ExampleFormat::Kind::csv);
  }
}

void run() {
  bench_copy();
  const test::Folder folder;
  const Shape sparse{kSparseDim, 8};
  const Bytes records = make_file(sparse, [](const RowBatch& rows, Bytes& out) {
    append_recordio(out, encode_record(rows.row(0), kSparseDim, rows.label(0)));
  });
  bench_file("recordIO, sparse, 8 non-zeros", folder, records, records.size(), kSparseDim);
  const Bytes packed = test::gzip(records);
  bench_file("recordIO, sparse, 8, gzip", folder, packed, records.size(), kSparseDim);
  const Bytes wide = make_file({kSparseDim, 40}, [](const RowBatch& rows, Bytes& out) {
    append_recordio(out, encode_record(rows.row(0), kSparseDim, rows.label(0)));
  });
  bench_file("recordIO, sparse, 40 non-zeros", folder, wide, wide.size(), kSparseDim);
  const Bytes dense = make_file({kDenseDim, kDenseDim}, [](const RowBatch& rows, Bytes& out) {
    append_recordio(out, encode_dense(rows));
  });
  bench_file("recordIO, dense, 64 float32", folder, dense, dense.size(), kDenseDim);
  bench_text(folder, sparse);
}

}  // namespace
}  // namespace millrace::ml

int main() {
  millrace::ml::run();
  return 0;
}
