// Whole jobs of the solvers that need all examples in memory: what the log says of the test data is
// what the stored artefact answers.
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "engines/ml/algorithms.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"
#include "engines/ml/program.h"
#include "engines/ml/test_data.h"

namespace millrace::ml::factorization_machines {
namespace {

struct Ended {
  Result<void> result;
  std::string log;

  double value(const std::string& regex) const {
    std::smatch match;
    return std::regex_search(log, match, std::regex(regex)) ? std::stod(match[1]) : std::nan("");
  }
};

Ended run_job(const ml::test::Folder& folder, runtime::Disk& disk, const std::string& members) {
  folder.write("input/config/hyperparameters.json", "{" + members + "}");
  const auto clock = runtime::make_manual_clock(Time());
  Ended ended;
  const TrainContext context{
      .disk = disk, .clock = *clock, .root = folder.path(), .out = [&](std::string_view line) {
        ended.log += std::string(line) + "\n";
      }};
  ended.result = train(*find_algorithm("factorization-machines"), context);
  return ended;
}

class JobOf : public testing::TestWithParam<std::string> {};

TEST_P(JobOf, ServesWhatItReports) {
  const test::Planted planted(PredictorType::regressor, 30, 3000, 31);
  const ml::test::Folder folder;
  const auto disk = runtime::make_disk();
  folder.write("input/data/train/part", ml::test::recordio(planted.split.train, 30));
  folder.write("input/data/test/part", ml::test::recordio(planted.split.test, 30));
  const Ended ended = run_job(folder, *disk,
                              R"("feature_dim": "30", "num_factors": "4", )"
                              R"("predictor_type": "regressor", "solver": ")" +
                                  GetParam() + R"(")");
  ASSERT_TRUE(ended.result) << ended.result.error().message;
  const double reported = ended.value(R"(algo-1, test rmse <loss>=(\S+))");
  EXPECT_LT(reported, 1.1 * test::Planted::kNoise);
  const auto loaded =
      find_algorithm("factorization-machines")->load(*disk, folder.path() / "model");
  ASSERT_TRUE(loaded) << loaded.error().message;
  std::vector<Prediction> predictions;
  (*loaded)->predict(planted.split.test, predictions);
  double squares = 0;
  for (size_t at = 0; at < predictions.size(); ++at) {
    const double error = predictions[at].score - planted.split.test.label(at);
    squares += error * error;
  }
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(predictions.size())), reported, 1e-5);
}

TEST_P(JobOf, FailsWhereThereIsNoRecord) {
  const ml::test::Folder folder;
  const auto disk = runtime::make_disk();
  folder.write("input/data/train/part", "");
  const Ended ended = run_job(folder, *disk,
                              R"("feature_dim": "30", "num_factors": "4", "solver": ")" +
                                  GetParam() + R"(", "predictor_type": "regressor")");
  ASSERT_FALSE(ended.result);
  EXPECT_NE(ended.result.error().message.find("no record in them"), std::string::npos)
      << ended.result.error().message;
}

INSTANTIATE_TEST_SUITE_P(Solvers, JobOf, testing::Values("als", "mcmc", "auto"));

}  // namespace
}  // namespace millrace::ml::factorization_machines
