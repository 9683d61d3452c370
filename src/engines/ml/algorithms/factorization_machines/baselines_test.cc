#include "engines/ml/algorithms/factorization_machines/baselines.h"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "engines/ml/algorithms.h"
#include "engines/ml/algorithms/factorization_machines/examples.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"
#include "engines/ml/generator.h"
#include "engines/ml/program.h"
#include "engines/ml/test_data.h"

namespace millrace::ml::factorization_machines {
namespace {

class BaselinesJob : public testing::Test {
 protected:
  // The log of a job on what was written.
  std::string run(const std::string& members) {
    folder_.write("input/config/hyperparameters.json", "{" + members + "}");
    const auto clock = runtime::make_manual_clock(Time());
    std::string log;
    const TrainContext context{
        .disk = *disk_, .clock = *clock, .root = folder_.path(), .out = [&](std::string_view line) {
          log += std::string(line) + "\n";
        }};
    const Result<void> ended = train(*find_algorithm("factorization-machines"), context);
    EXPECT_TRUE(ended) << ended.error().message;
    return log;
  }
  static double value(const std::string& log, const std::string& regex) {
    std::smatch match;
    return std::regex_search(log, match, std::regex(regex)) ? std::stod(match[1]) : std::nan("");
  }

  const ml::test::Folder folder_;
  const std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
};

double rmse_of_constant(const RowBatch& rows, double constant) {
  double squares = 0;
  for (size_t at = 0; at < rows.size(); ++at) squares += std::pow(rows.label(at) - constant, 2);
  return std::sqrt(squares / static_cast<double>(rows.size()));
}

TEST_F(BaselinesJob, ARegressorHasTheMeanAndRidgeBeside) {
  const test::Planted planted(PredictorType::regressor, 30, 3000, 31);
  folder_.write("input/data/train/part", ml::test::recordio(planted.split.train, 30));
  folder_.write("input/data/test/part", ml::test::recordio(planted.split.test, 30));
  folder_.write("input/data/validation/part", ml::test::recordio(planted.split.test, 30));
  const double mean = evaluation::mean_label(planted.split.train);
  const auto ridge = evaluation::fit_ridge(planted.split.train, 30, {.alpha = 10});
  ASSERT_TRUE(ridge);
  double squares = 0;
  for (size_t at = 0; at < planted.split.test.size(); ++at) {
    squares +=
        std::pow(ridge->predict(planted.split.test.row(at)) - planted.split.test.label(at), 2);
  }
  const double by_ridge = std::sqrt(squares / static_cast<double>(planted.split.test.size()));
  // adam streams its examples; als has them in memory.
  for (const std::string solver : {"adam", "als"}) {
    const std::string log = run(R"("feature_dim": "30", "num_factors": "4", "epochs": "2", )"
                                R"("predictor_type": "regressor", "solver": ")" +
                                solver + "\"");
    for (const std::string channel : {"test", "validation"}) {
      EXPECT_NEAR(
          value(log, "#baseline_metric: host=algo-1, " + channel + R"( mean rmse <loss>=(\S+))"),
          rmse_of_constant(planted.split.test, mean), 1e-4)
          << log;
      EXPECT_NEAR(
          value(log, "#baseline_metric: host=algo-1, " + channel + R"( ridge rmse <loss>=(\S+))"),
          by_ridge, 1e-3)
          << log;
      EXPECT_NE(log.find("on the channel '" + channel + "': mean "), std::string::npos) << log;
    }
    // SageMaker's metrics find the model's value and no other.
    const double own = value(log, R"(#quality_metric: host=\S+, test rmse <loss>=(\S+))");
    EXPECT_NE(own, rmse_of_constant(planted.split.test, mean));
    EXPECT_NE(log.find(fmt::format("Beside the model's rmse {:.6g} on the channel 'test'", own)),
              std::string::npos)
        << log;
  }
}

TEST_F(BaselinesJob, AClassifierHasThePriorBeside) {
  RowBatch rows;
  Generator generator(4);
  double ones = 0;
  for (int n = 0; n < 2000; ++n) {
    rows.indices.push_back(static_cast<uint32_t>(generator.below(10)));
    rows.values.push_back(1);
    const bool one = generator.below(4) == 0;
    ones += one ? 1 : 0;
    rows.end_row(one ? 1 : 0);
  }
  folder_.write("input/data/train/part", ml::test::recordio(rows, 10));
  folder_.write("input/data/test/part", ml::test::recordio(rows, 10));
  const std::string log = run(R"("feature_dim": "10", "num_factors": "2", )"
                              R"("predictor_type": "binary_classifier")");
  const double prior = ones / 2000;
  const double entropy = -prior * std::log(prior) - (1 - prior) * std::log(1 - prior);
  EXPECT_NEAR(value(log, R"(test prior binary_classification_cross_entropy <loss>=(\S+))"), entropy,
              1e-4)
      << log;
  EXPECT_EQ(log.find("idge"), std::string::npos) << log;
}

TEST_F(BaselinesJob, ARankingHasPopularityBeside) {
  RowBatch rows;
  RowBatch test;
  Generator generator(5);
  for (int n = 0; n < 3000; ++n) {
    const auto user = static_cast<uint32_t>(generator.below(100));
    // Items of small numbers are bought more often.
    const auto item = static_cast<uint32_t>(100 + generator.below(1 + generator.below(40)));
    RowBatch& to = n % 10 == 0 ? test : rows;
    to.indices.insert(to.indices.end(), {user, item});
    to.values.insert(to.values.end(), {1, 1});
    to.end_row(1);
  }
  folder_.write("input/data/train/part", ml::test::recordio(rows, 140));
  folder_.write("input/data/test/part", ml::test::recordio(test, 140));
  folder_.write("input/data/validation/part", ml::test::recordio(test, 140));
  for (const std::string solver : {"ials", "auto"}) {
    const std::string log = run(R"("feature_dim": "140", "num_factors": "8", "fields": "0,100", )"
                                R"("predictor_type": "regressor", "solver": ")" +
                                solver + "\"");
    for (const std::string channel : {"test", "validation"}) {
      const double popularity = value(log, channel + R"( popularity ndcg@10 <score>=(\S+))");
      EXPECT_GT(popularity, 0.05) << log;
      EXPECT_LT(popularity, 1) << log;
      EXPECT_NE(log.find("on the channel '" + channel + "': "), std::string::npos) << log;
    }
    EXPECT_GT(value(log, R"(test model ndcg@10 <score>=(\S+))"), 0) << log;
  }
}

// Memory is not spent on examples for the sake of a baseline.
TEST(Baselines, SayWhyRidgeIsLeftOut) {
  Settings settings;
  settings.type = PredictorType::regressor;
  settings.feature_dim = 10;
  EXPECT_EQ(Baselines(settings, 1, {}).left_out(), "the examples are not kept in memory");
  RowBatch rows;
  rows.end_row(1);
  settings.feature_dim = kRidgeFeaturesMax + 1;
  EXPECT_EQ(Baselines(settings, 1, {&rows}).left_out(),
            "a feature_dim of 1000001 is more than 1000000");
  RowBatch many;
  many.indices.resize(kRidgeNonzerosMax + 1);
  many.values.resize(kRidgeNonzerosMax + 1);
  many.end_row(1);
  EXPECT_EQ(Baselines(settings, 1, {&many}).left_out(), "5000001 non-zeros are more than 5000000");
  settings.feature_dim = 10;
  EXPECT_EQ(Baselines(settings, 1, {&rows, &rows}).left_out(), "");
}

TEST(Baselines, LearnTheMeanFromTheFirstWholeReading) {
  RowBatch rows;
  for (int n = 0; n < 10; ++n) rows.end_row(static_cast<float>(n));
  RowsSource inner(rows);
  ObservedSource source(inner);
  ASSERT_TRUE(source.read(4));
  source.rewind();
  for (int round = 0; round < 2; ++round) {
    while (!(*source.read(4))->empty()) continue;
    source.rewind();
  }
  EXPECT_EQ(source.labels().mean(), 4.5);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
