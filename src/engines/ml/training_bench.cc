// engines_ml_bench <folder with retail_recommend.{train,test}.libsvm.gz> [epochs [solver [more]]]
//
// Repeats the job of AWS's published example and prints its log, the records/s of the whole
// training, and the speed of reading alone. The real service printed: first batch rmse 72.235,
// train rmse 89.138, test rmse 68.732, mae 17.038, 106,000-129,000 records/s on four vCPU.
// `epochs` may be "default"; `more` are further hyperparameters as members of a JSON object.
#include <fmt/format.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "engines/ml/algorithms.h"
#include "engines/ml/program.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

constexpr uint64_t kFeatureDim = 9284;

// Of CPU, so that the figures hold on a machine that does other things too; all of this runs on
// one thread.
double seconds_now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

Bytes read_gzip(const std::filesystem::path& path) {
  Bytes out;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return out;
  std::vector<char> block(1 << 20);
  for (int size = 0; (size = gzread(file, block.data(), 1 << 20)) > 0;) {
    out.append(block.data(), static_cast<size_t>(size));
  }
  gzclose(file);
  return out;
}

void bench_reading(runtime::Disk& disk, const std::filesystem::path& folder, std::string name) {
  const auto size = std::filesystem::file_size(folder / name);
  Channel channel(disk, "train", folder, {std::move(name)},
                  {.feature_dim = kFeatureDim, .label = LabelRule::number});
  constexpr int kRounds = 10;
  RowBatch batch;
  size_t rows = 0;
  const double begin = seconds_now();
  for (int round = 0; round < kRounds; ++round) {
    channel.rewind();
    do {
      const Result<void> read = channel.read(1000, batch);
      ASSERT(read.has_value());
      rows += batch.size();
    } while (!batch.empty());
  }
  const double spent = seconds_now() - begin;
  fmt::print("reading: {:.0f} records/s of CPU, {:.0f} MB/s\n", static_cast<double>(rows) / spent,
             kRounds * static_cast<double>(size) / spent / 1e6);
}

int run(const std::filesystem::path& data, std::string_view epochs, std::string_view solver,
        std::string_view more) {
  const test::Folder folder;
  for (const std::string channel : {"train", "test"}) {
    const Bytes text = read_gzip(data / ("retail_recommend." + channel + ".libsvm.gz"));
    folder.write("input/data/" + channel + "/part", test::recordio_of(text, kFeatureDim));
  }
  folder.write(
      "input/config/hyperparameters.json",
      fmt::format(R"({{"feature_dim": "{}", {}{} "solver": "{}",
                               "predictor_type": "regressor", "mini_batch_size": "1000"}})",
                  kFeatureDim, epochs == "default" ? "" : fmt::format(R"("epochs": "{}",)", epochs),
                  more.empty() ? R"("num_factors": "64",)" : fmt::format("{},", more), solver));
  const auto disk = runtime::make_disk();
  bench_reading(*disk, folder.path() / "input/data/train", "part");
  const auto clock = runtime::make_system_clock();
  const TrainContext context{
      .disk = *disk, .clock = *clock, .root = folder.path(), .out = [](std::string_view line) {
        fmt::print("{}\n", line);
      }};
  const Time wall_begin = clock->now();
  const double begin = seconds_now();
  const Result<void> result = train(*find_algorithm("factorization-machines"), context);
  const double spent = seconds_now() - begin;
  const std::chrono::duration<double> wall = clock->now() - wall_begin;
  constexpr double kTrainRows = 219519;
  fmt::print("whole job: {:.2f} s of CPU, {:.2f} s, {:.0f} records/s\n", spent, wall.count(),
             kTrainRows * std::strtod(std::string(epochs).c_str(), nullptr) / spent);
  return exit_status(result);
}

}  // namespace
}  // namespace millrace::ml

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: engines_ml_bench FOLDER [EPOCHS [SOLVER [MORE]]]\n", stderr);
    return 2;
  }
  return millrace::ml::run(arguments[1], count > 2 ? arguments[2] : "20",
                           count > 3 ? arguments[3] : "adam", count > 4 ? arguments[4] : "");
}
