// What SageMaker's algorithm does not have: field-aware models, early stopping, training that goes
// on from a model, importance of examples.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <regex>

#include "engines/ml/algorithms.h"
#include "engines/ml/algorithms/factorization_machines/adam.h"
#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/algorithms/factorization_machines/descent.h"
#include "engines/ml/algorithms/factorization_machines/field_aware.h"
#include "engines/ml/archive.h"
#include "engines/ml/generator.h"
#include "engines/ml/program.h"
#include "engines/ml/test_data.h"

namespace millrace::ml::factorization_machines {
namespace {

class Extensions : public testing::Test {
 protected:
  Result<void> run(const test::Folder& folder, std::string_view hyperparameters) {
    folder.write("input/config/hyperparameters.json", hyperparameters);
    log.clear();
    const TrainContext context{
        .disk = *disk,
        .clock = *clock,
        .root = folder.path(),
        .out = [this](std::string_view line) { log += std::string(line) + "\n"; }};
    return ml::train(*find_algorithm("factorization-machines"), context);
  }
  std::vector<double> all(const std::string& pattern) const {
    std::vector<double> values;
    const std::regex regex(pattern + R"((\S+))");
    for (std::sregex_iterator at(log.begin(), log.end(), regex), end; at != end; ++at) {
      values.push_back(std::stod((*at)[1]));
    }
    return values;
  }
  Model model_of(const test::Folder& folder) {
    const auto file = disk->open(folder.path() / "model/model_algo-1", runtime::OpenMode::read);
    return *read_artefact(**file, 1 << 24);
  }

  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
  std::unique_ptr<runtime::Clock> clock = runtime::make_manual_clock(Time());
  std::string log;
};

// Two fields of 20 features and a third of 2; the label is what most of the three pairs say, each
// pair by other properties of its features.
std::string interactions(size_t rows, unsigned seed) {
  std::mt19937 generator(seed);
  std::ostringstream out;
  for (size_t i = 0; i < rows; ++i) {
    const unsigned user = generator() % 20;
    const unsigned item = generator() % 20;
    const unsigned turn = generator() % 2;
    const int votes =
        int{user % 2 == item % 2} + int{user / 2 % 2 == turn} + int{item / 2 % 2 != turn};
    out << (votes >= 2 ? 1 : 0) << ' ' << user << ":1 " << 20 + item << ":1 " << 40 + turn
        << ":1\n";
  }
  return out.str();
}

constexpr std::string_view kFieldAware =
    R"({"feature_dim": "42", "num_factors": "4", "predictor_type": "binary_classifier",
        "solver": "adagrad", "fields": "0,20,40", "epochs": "30"})";

TEST_F(Extensions, FieldAwareModelsLearnAndAreServed) {
  const test::Folder folder;
  folder.write("input/data/train/a", test::recordio_of(interactions(4000, 1), 42));
  folder.write("input/data/test/a", test::recordio_of(interactions(1000, 2), 42));
  const Result<void> result = run(folder, kFieldAware);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_GT(all("algo-1, test binary_classification_accuracy <score>=").back(), 0.95);
  const Model copied = model_of(folder);
  EXPECT_EQ(copied.fields, (std::vector<uint64_t>{0, 20, 40}));
  EXPECT_EQ(copied.num_factors(), 12u);
  const auto served =
      ServedModel::open(*disk, folder.path() / "model/model_algo-1", uint64_t{1} << 24);
  ASSERT_TRUE(served);
  const std::array<uint32_t, 3> indices = {3, 27, 41};
  const std::array<float, 3> values = {1, 0.5f, 1};
  EXPECT_EQ(predict(served->view(), {indices, values}), predict(copied.view(), {indices, values}));
}

// A model of three fields of two features, and a row of it.
struct FieldAwareRow {
  FieldAwareRow(size_t width, std::vector<uint32_t> indices_given, std::vector<float> values_given)
      : indices(std::move(indices_given)),
        values(std::move(values_given)),
        model(PredictorType::regressor, 6, static_cast<uint32_t>(3 * width)),
        squares(6 * model.stride()) {
    model.fields = {0, 2, 4};
    Generator generator(4);
    for (uint64_t i = 0; i < 6; ++i) {
      for (uint32_t f = 0; f < model.num_factors(); ++f) {
        model.row(i)[f] = static_cast<float>(generator.uniform());
      }
    }
    for (size_t at = 0; at < squares.size(); ++at) squares[at] = 1;
    r = find_fields(row(), model.fields, entries);
  }
  RowView row() const { return {indices, values}; }
  FieldTable table() {
    return {model.row(0), squares.data(), model.stride(), model.num_factors() / 3, 3};
  }
  // By sums. Answers the pairs.
  float step(float slope, float rate, float decay) {
    const FieldTable own = table();
    std::vector<float> sums(entries.size() * own.row_floats());
    const float pairs = field_sums(own, entries, {}, sums.data());
    std::vector<float> decays(own.row_floats());
    for (const FieldEntry& entry : entries) {
      std::fill_n(decays.begin() + static_cast<ptrdiff_t>(entry.field * own.width), own.width,
                  decay);
    }
    for (size_t i = 0; i < entries.size(); ++i) {
      const auto of_field = std::count_if(entries.begin(), entries.end(), [&](const FieldEntry& e) {
        return e.field == entries[i].field;
      });
      step_fields(own, entries[i], of_field == 1, sums.data() + i * own.row_floats(),
                  slope * r * entries[i].value, rate, decays.data());
    }
    return pairs;
  }

  std::vector<uint32_t> indices;
  std::vector<float> values;
  Model model;
  FloatTable squares;
  std::vector<FieldEntry> entries;
  float r = 0;
};

// Also of a row with two features of one field and none of another.
TEST_F(Extensions, FieldAwareStepsFollowTheGradient) {
  for (const size_t width : {3u, 4u, 8u, 10u}) {
    for (const std::vector<uint32_t>& indices : {std::vector<uint32_t>{1, 2, 5}, {0, 1, 5}}) {
      FieldAwareRow one(width, indices, {0.5f, 2, -1});
      EXPECT_FLOAT_EQ(one.r, 1 / 5.25f);
      constexpr float kSlope = 0.7f;  // Of the loss by the output.
      for (size_t at = 0; at < one.squares.size(); ++at) one.squares[at] = 1e12f;  // Constant.
      const Model model = one.model;
      const float pairs = one.step(kSlope, 1e6f, 0);
      EXPECT_NEAR(one.r * pairs, predict(model.view(), one.row()), 1e-5);
      for (uint64_t i = 0; i < 6; ++i) {
        for (uint32_t f = 0; f < 3 * width; ++f) {
          constexpr double kStep = 1e-2;
          Model above = model;
          above.row(i)[f] += kStep;
          Model below = model;
          below.row(i)[f] -= kStep;
          const double slope =
              (double{predict(above.view(), one.row())} - predict(below.view(), one.row())) /
              (2 * kStep);
          EXPECT_NEAR(model.row(i)[f] - one.model.row(i)[f], kSlope * slope, 2e-3)
              << i << ", " << f;
        }
      }
    }
  }
}

TEST_F(Extensions, FieldAwareStepsAreThoseOfAllPairs) {
  for (const size_t width : {3u, 4u, 8u, 10u}) {
    FieldAwareRow by_sums(width, {1, 2, 5}, {0.5f, 2, -1});
    FieldAwareRow by_pairs(width, {1, 2, 5}, {0.5f, 2, -1});
    for (int turn = 0; turn < 5; ++turn) {
      by_sums.step(0.7f, 0.1f, 0.01f);
      descend_fields(by_pairs.table(), by_pairs.entries, 0.7f * by_pairs.r, 0.1f, 0.01f);
    }
    for (uint64_t i = 0; i < 6; ++i) {
      for (uint32_t f = 0; f < 3 * width; ++f) {
        EXPECT_NEAR(by_sums.model.row(i)[f], by_pairs.model.row(i)[f], 1e-5) << i << ", " << f;
      }
    }
  }
}

TEST_F(Extensions, RefusesFieldsThatAreNone) {
  const test::Folder folder;
  folder.write("input/data/train/a", test::recordio_of(interactions(10, 1), 42));
  for (const char* fields : {"1,2", "0,0", "0,x", "0,42", "0,", ",", "0,20,10"}) {
    std::string hyperparameters(kFieldAware);
    hyperparameters.replace(hyperparameters.find("0,20,40"), 7, fields);
    const Result<void> result = run(folder, hyperparameters);
    ASSERT_FALSE(result) << fields;
    EXPECT_NE(result.error().message.find("hyperparameter 'fields'"), std::string::npos);
  }
}

std::string noisy(size_t rows, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::ostringstream out;
  for (size_t i = 0; i < rows; ++i) {
    const unsigned a = generator() % 30;
    const unsigned b = generator() % 30;
    out << (a % 3) + normal(generator) << ' ' << a << ":1 " << 30 + b << ":1\n";
  }
  return out.str();
}

TEST_F(Extensions, StopsEarlyAndKeepsTheBestModel) {
  const test::Folder folder;
  folder.write("input/data/train/a", test::recordio_of(noisy(300, 1), 60));
  folder.write("input/data/validation/a", test::recordio_of(noisy(300, 2), 60));
  folder.write("input/data/test/a", test::recordio_of(noisy(300, 2), 60));  // The same.
  const Result<void> result = run(folder, R"({"feature_dim": "60", "num_factors": "8",
      "predictor_type": "regressor", "solver": "sgd", "epochs": "500", "factors_lr": "0.05",
      "linear_lr": "0.05", "factors_wd": "0", "linear_wd": "0", "early_stopping": "5"})");
  ASSERT_TRUE(result) << result.error().message;
  const std::vector<double> seen = all("epoch=[0-9]+, validation rmse <loss>=");
  ASSERT_LT(seen.size(), 500u);
  const size_t best =
      static_cast<size_t>(std::min_element(seen.begin(), seen.end()) - seen.begin());
  EXPECT_EQ(seen.size(), best + 6);
  EXPECT_NEAR(all("algo-1, test rmse <loss>=").back(), seen[best], 1e-9);
}

TEST_F(Extensions, HoldsRowsOutWhereThereIsNoValidationChannel) {
  const test::Folder folder;
  folder.write("input/data/train/a", test::recordio_of(noisy(300, 1), 60));
  for (const std::string solver : {"adam", "adagrad"}) {
    const Result<void> result = run(folder, R"({"feature_dim": "60", "num_factors": "4",
        "predictor_type": "regressor", "epochs": "5", "mini_batch_size": "100",
        "early_stopping": "9", "solver": ")" + solver +
                                                "\"}");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(all("epoch=[0-9]+, validation rmse <loss>=").size(), 5u);
  }
}

TEST_F(Extensions, GoesOnFromAnEarlierModel) {
  const test::Folder first;
  first.write("input/data/train/a", test::recordio_of(noisy(500, 1), 60));
  constexpr std::string_view kFirst = R"({"feature_dim": "60", "num_factors": "4",
      "predictor_type": "regressor", "solver": "sgd", "epochs": "10"})";
  ASSERT_TRUE(run(first, kFirst));
  const double reached = all("algo-1, train rmse <loss>=").back();

  const test::Folder second;  // Knows three features more.
  second.write("input/data/train/a", test::recordio_of(noisy(500, 1), 63));
  std::filesystem::create_directories(second.path() / "input/data/model");
  ASSERT_TRUE(create_tar_gz(*disk, first.path() / "model",
                            second.path() / "input/data/model/model.tar.gz"));
  const Result<void> result = run(second, R"({"feature_dim": "63", "num_factors": "4",
      "predictor_type": "regressor", "solver": "sgd", "epochs": "1"})");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_LT(all("epoch=0, train rmse <loss>=").front(), reached * 1.02);
  EXPECT_EQ(model_of(second).feature_dim(), 63u);

  const Result<void> other = run(second, R"({"feature_dim": "63", "num_factors": "5",
      "predictor_type": "regressor", "solver": "sgd"})");
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("its num_factors is 4, that of this job 5"),
            std::string::npos);
  const Result<void> aware = run(second, R"({"feature_dim": "63", "num_factors": "4",
      "predictor_type": "regressor", "solver": "adagrad", "fields": "0,30"})");
  ASSERT_FALSE(aware);
  EXPECT_NE(aware.error().message.find("field-aware model (solver adagrad with 'fields') begins"),
            std::string::npos);
  second.write("input/data/model/model.tar.gz", "no archive");
  const Result<void> damaged = run(second, kFirst);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(exit_status(damaged), 2);
}

TEST(Importance, CountsAnExampleAsOften) {
  RowBatch once;
  RowBatch thrice;
  const auto add = [](RowBatch& batch, uint32_t feature, float label) {
    batch.indices.push_back(feature);
    batch.values.push_back(1);
    batch.end_row(label);
  };
  add(once, 0, 2);
  once.weigh_last_row(3);
  add(once, 1, -1);
  for (int i = 0; i < 3; ++i) add(thrice, 0, 2);
  add(thrice, 1, -1);
  Settings settings;
  settings.linear.learning_rate = settings.bias.learning_rate = 0.1;
  settings.rescale_gradient = 1;
  Model weighted(PredictorType::regressor, 2, 2);
  Model repeated = weighted;
  Adam(weighted, settings, 1).step(once);
  Adam(repeated, settings, 1).step(thrice);
  EXPECT_TRUE(weighted == repeated);
  EXPECT_NE(weighted.linear(0), 0);
}

TEST(Importance, ScalesTheStepOfAnExample) {
  RowBatch batch;
  batch.indices.push_back(0);
  batch.values.push_back(1);
  batch.end_row(4);
  batch.weigh_last_row(0.25f);
  Settings settings;
  settings.solver = Solver::sgd;
  settings.linear.learning_rate = 0.5;
  Model model(PredictorType::regressor, 1, 2);
  constexpr std::array<uint32_t, 1> kAll = {0};
  Descent(model, settings, 1).sweep(batch, kAll, 1);
  EXPECT_FLOAT_EQ(model.linear(0), 0.5f);  // 0.5 * 0.25 * 4
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
