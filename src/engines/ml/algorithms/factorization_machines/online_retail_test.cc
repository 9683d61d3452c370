// The matrix of AWS's published example, of which the real service's log is known: first batch
// rmse 72.235, and after 20 epochs train rmse 89.138, test rmse 68.732, test mae 17.038. Here two
// epochs, to stay fast; the bench program repeats the whole log.
#include <gtest/gtest.h>

#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <regex>

#include "engines/ml/algorithms.h"
#include "engines/ml/program.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

std::filesystem::path shared_data() {
  const char* given = std::getenv("MILLRACE_SHARED");
  const std::filesystem::path root =
      given != nullptr ? std::filesystem::path(given)
                       : std::filesystem::path(MILLRACE_SOURCE_DIR) / ".." / "shared";
  return root / "data" / "online-retail";
}

Bytes gunzip_lines(const std::filesystem::path& path) {
  Bytes out;
  gzFile file = gzopen(path.c_str(), "rb");
  std::vector<char> block(1 << 20);
  for (int size = 0; (size = gzread(file, block.data(), 1 << 20)) > 0;) {
    out.append(block.data(), static_cast<size_t>(size));
  }
  gzclose(file);
  return out;
}

TEST(OnlineRetail, BeginsAsTheRealServiceDid) {
  const std::filesystem::path data = shared_data();
  if (!std::filesystem::exists(data / "retail_recommend.train.libsvm.gz")) {
    GTEST_SKIP() << "the Online Retail matrix is not there; set MILLRACE_SHARED";
  }
  test::Folder folder;
  for (const std::string channel : {"train", "test"}) {
    const Bytes text = gunzip_lines(data / ("retail_recommend." + channel + ".libsvm.gz"));
    folder.write("input/data/" + channel + "/part", test::recordio_of(text, 9284));
  }
  folder.write("input/config/hyperparameters.json",
               R"({"feature_dim": "9284", "num_factors": "64", "predictor_type": "regressor",
                   "epochs": "2", "mini_batch_size": "1000"})");
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_manual_clock(Time());
  std::string log;
  const TrainContext context{
      .disk = *disk, .clock = *clock, .root = folder.path(), .out = [&](std::string_view line) {
        log += std::string(line) + "\n";
      }};
  const Result<void> result = train(*find_algorithm("factorization-machines"), context);
  ASSERT_TRUE(result) << result.error().message;
  const auto value = [&](const std::string& regex) {
    std::smatch match;
    return std::regex_search(log, match, std::regex(regex)) ? std::stod(match[1]) : std::nan("");
  };
  EXPECT_NEAR(value(R"(epoch=0, batch=0 train rmse <loss>=(\S+))"), 72.235, 0.1);
  EXPECT_LT(value(R"(epoch=1, train rmse <loss>=(\S+))"),
            value(R"(epoch=0, train rmse <loss>=(\S+))"));
  EXPECT_LT(value(R"(algo-1, test rmse <loss>=(\S+))"), 70);
  EXPECT_LT(value(R"(algo-1, test absolute_loss <loss>=(\S+))"), 19);
}

}  // namespace
}  // namespace millrace::ml
