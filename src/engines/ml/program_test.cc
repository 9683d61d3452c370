#include "engines/ml/program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <random>
#include <regex>

#include "engines/ml/algorithms.h"
#include "engines/ml/serving.h"
#include "engines/ml/test_data.h"
#include "runtime/pool.h"

namespace millrace::ml {
namespace {

constexpr std::string_view kRegressor =
    R"({"feature_dim": "4", "num_factors": "2", "predictor_type": "regressor",
        "mini_batch_size": "8", "epochs": "3"})";

// Examples of y = 1 + 2 x0 - x1 + x2 x3, or of its sign.
std::string examples(size_t rows, bool classes, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::ostringstream out;
  for (size_t i = 0; i < rows; ++i) {
    double x[4];
    for (double& value : x) value = uniform(generator);
    const double y = 1 + 2 * x[0] - x[1] + x[2] * x[3];
    out << (classes ? (y > 1 ? 1 : 0) : y);
    for (int f = 0; f < 4; ++f) out << ' ' << f << ':' << x[f];
    out << '\n';
  }
  return out.str();
}

// Channels that are stored in memory.
class FilesInMemory final : public StoredFiles {
 public:
  std::map<std::string, std::map<std::string, Bytes>> channels;
  std::map<std::string, int> opened;  // By channel.

  std::optional<std::vector<std::string>> files(const std::string& channel) const override {
    const auto found = channels.find(channel);
    if (found == channels.end()) return {};
    std::vector<std::string> names;
    for (const auto& [name, content] : found->second) names.push_back(name);
    return names;
  }
  std::unique_ptr<ByteSource> open(const std::string& channel, const std::string& file) override {
    ++opened[channel];
    return make_memory_source(channels[channel][file]);
  }
};

class Program : public testing::Test {
 protected:
  void configure(std::string_view hyperparameters, std::string_view channels = "") {
    folder.write("input/config/hyperparameters.json", hyperparameters);
    if (!channels.empty()) folder.write("input/config/inputdataconfig.json", channels);
  }
  void add_data(const std::string& name, BytesView content) {
    folder.write("input/data/" + name, content);
  }
  Result<void> run(std::stop_token stop = {}) {
    lines.clear();
    const TrainContext context{.disk = *disk,
                               .clock = *clock,
                               .root = folder.path(),
                               .out = [this](std::string_view line) { lines.emplace_back(line); },
                               .stop = stop,
                               .stored = stored};
    return train(algorithm, context);
  }
  // Runs into a failure and answers its text, as the platform finds it.
  std::string failure(int status) {
    const Result<void> result = run();
    EXPECT_FALSE(result);
    EXPECT_EQ(exit_status(result), status);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "model/model_algo-1"));
    const std::string text = folder.read("output/failure");
    EXPECT_EQ(text, failure_text(result.error()).substr(0, 1024));
    EXPECT_NE(lines.back().find(text.substr(0, 50)), std::string::npos);
    return text;
  }
  // The last value of a metric in the log, found as SageMaker finds it.
  double metric(std::string_view name) const {
    for (const MetricDefinition& definition : algorithm.metrics) {
      if (definition.name != name) continue;
      const std::regex regex{std::string(definition.regex)};
      double value = std::nan("");
      std::smatch match;
      for (const std::string& line : lines) {
        if (std::regex_search(line, match, regex)) value = std::stod(match[1]);
      }
      return value;
    }
    ADD_FAILURE() << name;
    return 0;
  }

  const Algorithm& algorithm = *find_algorithm("factorization-machines");
  test::Folder folder;
  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
  std::unique_ptr<runtime::Clock> clock =
      runtime::make_manual_clock(*parse_iso8601("2026-11-22T10:00:00Z"));
  std::vector<std::string> lines;
  StoredFiles* stored = nullptr;
};

TEST_F(Program, TrainsARegressorThatTheScorerLoads) {
  configure(R"({"feature_dim": "4", "num_factors": "4", "predictor_type": "regressor",
                "mini_batch_size": "50", "epochs": "60", "linear_lr": "0.05", "factors_lr": "0.02",
                "factors_init_sigma": "0.1", "factors_wd": "0", "linear_wd": "0", "bias_wd": "0"})",
            R"({"train": {"ContentType": "application/x-recordio-protobuf",
                          "TrainingInputMode": "File"}, "test": {}})");
  add_data("train/part-0", test::recordio_of(examples(1000, false, 1), 4));
  add_data("train/sub/part-1.gz", test::gzip(test::recordio_of(examples(1000, false, 2), 4)));
  add_data("test/t", test::recordio_of(examples(500, false, 3), 4));
  const Result<void> result = run();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "output/failure"));
  // The target's standard deviation is about 1.33; the model knows it almost exactly.
  EXPECT_LT(metric("test:rmse"), 0.1);
  EXPECT_LT(metric("train:rmse"), 0.1);
  EXPECT_NEAR(metric("test:mse"), std::pow(metric("test:rmse"), 2), 1e-9);
  EXPECT_EQ(metric("train:progress"), 100);
  EXPECT_TRUE(std::isnan(metric("test:binary_f_beta")));

  const auto scorer = Scorer::load(*disk, algorithm, folder.path());
  ASSERT_TRUE(scorer) << scorer.error().message;
  const auto response =
      (*scorer)->invoke("application/json", "", R"({"instances": [{"features": [0.5, 0, 0, 0]}]})");
  ASSERT_TRUE(response);
  const double score = std::stod(response->body.substr(response->body.find("score") + 8));
  EXPECT_NEAR(score, 2.0, 0.1);
}

TEST_F(Program, TrainsTheSameModelOnTextAsOnRecords) {
  const std::string libsvm = examples(100, false, 1);
  std::string csv = libsvm;
  for (const char* index : {"0:", "1:", "2:", "3:"}) {
    for (size_t at = 0; (at = csv.find(std::string(" ") + index, at)) != std::string::npos;) {
      csv.replace(at, 3, ",");
    }
  }
  const auto model_of = [&](const std::string& content_type, BytesView data) {
    configure(kRegressor, fmt::format(R"({{"train": {{"ContentType": "{}"}}}})", content_type));
    add_data("train/a", data);
    const Result<void> result = run();
    EXPECT_TRUE(result) << result.error().message;
    return folder.read("model/model_algo-1");
  };
  const Bytes records = model_of("application/x-recordio-protobuf", test::recordio_of(libsvm, 4));
  EXPECT_EQ(model_of("text/csv; label_size=1", csv), records);
  EXPECT_EQ(model_of("text/libsvm", test::gzip(libsvm)), records);
}

TEST_F(Program, TrainsTheSameModelFromPipesAsFromFiles) {
  const Bytes train = test::recordio_of(examples(100, false, 1), 4);
  const Bytes test = test::recordio_of(examples(20, false, 2), 4);
  configure(kRegressor);
  add_data("train/a", train);
  add_data("test/a", test);
  ASSERT_TRUE(run());
  const Bytes model = folder.read("model/model_algo-1");
  const double rmse = metric("test:rmse");

  std::filesystem::remove_all(folder.path() / "input/data");
  std::filesystem::create_directories(folder.path() / "input/data");
  configure(kRegressor, R"({"train": {"TrainingInputMode": "Pipe"},
                            "test": {"TrainingInputMode": "Pipe"}})");
  std::vector<std::unique_ptr<runtime::File>> rest;
  runtime::Pool writers("writers", 2);
  const auto feed = [&](const std::string& name, BytesView content) {
    std::ofstream(folder.path() / "input/data" / name, std::ios::binary) << content;
  };
  for (const char* name : {"train_0", "train_1", "train_2", "test_0"}) {
    ASSERT_EQ(mkfifo((folder.path() / "input/data" / name).c_str(), 0600), 0);
  }
  ASSERT_TRUE(writers.submit([&] {
    for (const char* name : {"train_0", "train_1", "train_2"}) feed(name, train);
  }));
  ASSERT_TRUE(writers.submit([&] { feed("test_0", test); }));
  const Result<void> result = run();
  // What the training did not open must not keep the writers waiting.
  for (const char* name : {"train_0", "train_1", "train_2", "test_0"}) {
    rest.push_back(*disk->open(folder.path() / "input/data" / name, runtime::OpenMode::read_write));
  }
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(folder.read("model/model_algo-1"), model);
  EXPECT_EQ(metric("test:rmse"), rmse);
}

TEST_F(Program, TrainsTheSameModelFromStoredFilesAsFromFiles) {
  const std::string text = examples(100, false, 1);
  const size_t half = text.find('\n', text.size() / 2) + 1;
  const Bytes first = test::recordio_of(text.substr(0, half), 4);
  const Bytes second = test::gzip(test::recordio_of(text.substr(half), 4));
  configure(kRegressor);
  add_data("train/a", first);
  add_data("train/b/c.gz", second);
  add_data("test/a", first);
  ASSERT_TRUE(run());
  const Bytes model = folder.read("model/model_algo-1");
  const double rmse = metric("test:rmse");

  std::filesystem::remove_all(folder.path() / "input/data/train");
  FilesInMemory files;
  files.channels["train"] = {{"a", first}, {"b/c.gz", second}};
  stored = &files;
  for (const char* mode : {"Pipe", "FastFile"}) {
    files.opened.clear();
    configure(kRegressor,
              fmt::format(R"({{"train": {{"TrainingInputMode": "{}"}}, "test": {{}}}})", mode));
    const Result<void> result = run();
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(folder.read("model/model_algo-1"), model);
    EXPECT_EQ(metric("test:rmse"), rmse);
    EXPECT_GE(files.opened["train"], 2);
    EXPECT_EQ(files.opened["test"], 0);  // It is on the disk.
  }
}

TEST_F(Program, NamesTheStoredFileThatIsWrong) {
  FilesInMemory files;
  stored = &files;
  configure(kRegressor, R"({"train": {"TrainingInputMode": "Pipe"}})");
  files.channels["train"] = {{"a", test::recordio_of(examples(10, false, 1), 4)}, {"b/c", "text"}};
  EXPECT_EQ(failure(2).find("ClientError: channel 'train', file 'b/c', record 1: "), 0u);
  files.channels["train"].clear();
  EXPECT_NE(failure(2).find("No data was found in the channel 'train'"), std::string::npos);
}

TEST_F(Program, TrainsAClassifier) {
  configure(R"({"feature_dim": "4", "num_factors": "2", "predictor_type": "binary_classifier",
                "mini_batch_size": "50", "epochs": "40", "linear_lr": "0.05", "factors_lr": "0.02",
                "factors_init_sigma": "0.1", "_tuning_objective_metric": "test:binary_f_beta"})");
  add_data("train/a", test::recordio_of(examples(2000, true, 1), 4));
  add_data("test/a", test::recordio_of(examples(1000, true, 2), 4));
  const Result<void> result = run();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_GT(metric("test:binary_classification_accuracy"), 0.95);
  EXPECT_GT(metric("test:binary_f_beta"), 0.95);
  EXPECT_LT(metric("test:binary_classification_cross_entropy"), 0.2);
  EXPECT_LT(metric("train:binary_classification_cross_entropy:epoch"), 0.2);
}

TEST_F(Program, PrintsTheLinesThatAwsPrints) {
  configure(kRegressor);
  folder.write("input/config/resourceconfig.json",
               R"({"current_host": "algo-1", "hosts": ["algo-1"]})");
  add_data("train/a", test::recordio_of(examples(20, false, 1), 4));
  add_data("test/a", test::recordio_of(examples(5, false, 2), 4));
  ASSERT_TRUE(run());
  const auto count = [&](const std::string& pattern) {
    const std::regex regex(R"(\[11/22/2026 10:00:00 INFO \d+\] )" + pattern);
    return std::count_if(lines.begin(), lines.end(),
                         [&](const std::string& line) { return std::regex_match(line, regex); });
  };
  EXPECT_EQ(count(R"(#quality_metric: host=algo-1, epoch=0, batch=0 train rmse <loss>=[0-9.e+-]+)"),
            1);
  EXPECT_EQ(count(R"(#quality_metric: host=algo-1, epoch=2, train rmse <loss>=[0-9.e+-]+)"), 1);
  EXPECT_EQ(count(R"(#quality_metric: host=algo-1, train rmse <loss>=[0-9.e+-]+)"), 1);
  EXPECT_EQ(count(R"(#quality_metric: host=algo-1, test rmse <loss>=[0-9.e+-]+)"), 1);
  EXPECT_EQ(count(R"(#test_score \(algo-1\) : \('rmse', [0-9.e+-]+\))"), 1);
  EXPECT_EQ(count(R"(#progress_metric: host=algo-1, completed [0-9.]+ % of epochs)"), 3);
}

TEST_F(Program, SeededRunsGiveTheSameBytes) {
  add_data("train/a", test::recordio_of(examples(100, false, 1), 4));
  const auto artefact_of = [&](std::string_view seed) {
    configure(std::string(kRegressor.substr(0, kRegressor.size() - 1)) + R"(, "seed": ")" +
              std::string(seed) + "\"}");
    EXPECT_TRUE(run());
    return folder.read("model/model_algo-1");
  };
  const Bytes first = artefact_of("7");
  EXPECT_EQ(artefact_of("7"), first);
  EXPECT_NE(artefact_of("8"), first);
}

TEST_F(Program, ReadsFilesInTheOrderOfTheirNames) {
  configure(kRegressor);
  const std::string text = examples(16, false, 1);
  size_t half = 0;
  for (int line = 0; line < 8; ++line) half = text.find('\n', half) + 1;
  add_data("train/b", test::recordio_of(text.substr(half), 4));
  add_data("train/a/z", test::recordio_of(text.substr(0, half), 4));
  ASSERT_TRUE(run());
  const Bytes split = folder.read("model/model_algo-1");
  std::filesystem::remove_all(folder.path() / "input/data/train");
  add_data("train/all", test::recordio_of(text, 4));
  ASSERT_TRUE(run());
  EXPECT_EQ(folder.read("model/model_algo-1"), split);
}

TEST_F(Program, StopsEarlyAndKeepsTheModel) {
  configure(kRegressor);
  add_data("train/a", test::recordio_of(examples(20, false, 1), 4));
  std::stop_source source;
  source.request_stop();
  ASSERT_TRUE(run(source.get_token()));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "model/model_algo-1"));
}

TEST_F(Program, FailsWithTheClientsHyperparameters) {
  add_data("train/a", test::recordio_of(examples(20, false, 1), 4));
  configure(R"({"feature_dim": "4", "num_factors": "2", "predictor_type": "regressor",
                "learning_rate": "1"})");
  EXPECT_EQ(failure(2).find("ClientError: Additional hyperparameters are not allowed "
                            "('learning_rate' was unexpected)"),
            0u);
  configure(R"({"feature_dim": "0", "num_factors": "2", "predictor_type": "regressor"})");
  EXPECT_EQ(failure(2).find("ClientError: The value '0' of hyperparameter 'feature_dim'"), 0u);
  configure(R"({"feature_dim": "4", "num_factors": "2", "predictor_type": "regressor",
                "bias_init_method": "constant"})");
  EXPECT_NE(failure(2).find("'bias_init_value'"), std::string::npos);
  // Beyond 64 bits in bytes.
  configure(R"({"feature_dim": "4294967294", "num_factors": "2147483647",
                "predictor_type": "regressor"})");
  EXPECT_NE(failure(2).find("larger than"), std::string::npos);
  configure("not json");
  EXPECT_EQ(failure(2).find("ClientError: hyperparameters.json is not a JSON object"), 0u);
}

TEST_F(Program, FailsWithoutData) {
  configure(kRegressor);
  EXPECT_NE(failure(2).find("No data was found in the channel 'train'"), std::string::npos);
  std::filesystem::create_directories(folder.path() / "input/data/train");
  EXPECT_NE(failure(2).find("No data was found in the channel 'train'"), std::string::npos);
  add_data("train/empty", "");
  EXPECT_NE(failure(2).find("no record"), std::string::npos);
  configure(kRegressor, R"({"train": {}, "test": {}})");
  EXPECT_NE(failure(2).find("No data was found in the channel 'test'"), std::string::npos);
}

TEST_F(Program, FailsWithAnUnexpectedChannelOrContentType) {
  add_data("train/a", test::recordio_of(examples(20, false, 1), 4));
  configure(kRegressor, R"({"train": {}, "valid": {}})");
  EXPECT_NE(failure(2).find("the channel 'valid' was unexpected"), std::string::npos);
  configure(kRegressor, R"({"train": {"ContentType": "application/x-avro"}})");
  EXPECT_NE(failure(2).find("the content type 'application/x-avro'"), std::string::npos);
  configure(kRegressor, R"({"train": {"ContentType": "application/x-parquet"}})");
  EXPECT_NE(failure(2).find("Parquet is not read here"), std::string::npos);
  configure(kRegressor,
            R"({"train": {"ContentType": "application/x-parquet", "TrainingInputMode": "Pipe"}})");
  EXPECT_NE(failure(2).find("use the input mode File or FastFile"), std::string::npos);
  configure(kRegressor, R"({"train": {"TrainingInputMode": "Post"}})");
  EXPECT_NE(failure(2).find("'Post'"), std::string::npos);
  configure(kRegressor, R"({"train": {}})");
  folder.write("input/config/resourceconfig.json",
               R"({"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]})");
  EXPECT_NE(failure(2).find("2 instances"), std::string::npos);
}

TEST_F(Program, NamesTheFileTheRecordAndTheCause) {
  configure(kRegressor);
  const Bytes good = test::recordio_of(examples(10, false, 1), 4);
  const auto failure_with = [&](BytesView bad) {
    add_data("train/good", good);
    add_data("train/second", bad);
    return failure(2);
  };
  const std::string where = "ClientError: channel 'train', file 'second', record ";
  EXPECT_EQ(failure_with(BytesView(good).substr(0, good.size() - 10)).find(where + "10: "), 0u);
  EXPECT_EQ(failure_with("wrong magic").find(where + "1: this is not recordIO"), 0u);
  EXPECT_EQ(failure_with(good + test::recordio_of("1 1:nan", 4)),
            where + "11: the value of feature 1 is NaN");
  EXPECT_EQ(failure_with(test::recordio_of("1 4:1", 5)),
            where + "1: feature index 4 is not below feature_dim, which is 4");
  const Bytes packed = test::gzip(good);
  EXPECT_NE(failure_with(BytesView(packed).substr(0, packed.size() / 2)).find("gzip"),
            std::string::npos);
}

TEST_F(Program, FailsWithLabelsThatAreNoClass) {
  configure(R"({"feature_dim": "4", "num_factors": "2", "predictor_type": "binary_classifier"})");
  add_data("train/a", test::recordio_of("1 0:1\n0 1:1\n2 2:1\n", 4));
  EXPECT_NE(failure(2).find("record 3: the label is 2"), std::string::npos);
}

TEST_F(Program, StopsWhereTheTrainingDiverges) {
  configure(R"({"feature_dim": "4", "num_factors": "2", "predictor_type": "regressor",
                "mini_batch_size": "5", "epochs": "50", "factors_lr": "1e15"})");
  add_data("train/a", test::recordio_of(examples(50, false, 1), 4));
  const std::string text = failure(2);
  EXPECT_EQ(text.find("ClientError: The training diverged in epoch "), 0u) << text;
}

TEST_F(Program, CutsTheFailureOff) {
  std::string many = R"({"feature_dim": "4")";
  for (int i = 0; i < 200; ++i) many += ", \"unknown_" + std::to_string(i) + "\": \"1\"";
  configure(many + "}");
  EXPECT_EQ(failure(2).size(), 1024u);
}

}  // namespace
}  // namespace millrace::ml
