// What users feed a training job by mistake: whole jobs, format by format and solver by solver. A
// job fails with file, place and cause, or it trains as if the data had been written well.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "engines/ml/algorithms.h"
#include "engines/ml/program.h"
#include "engines/ml/protobuf_wire.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

constexpr const char* kRecordio = "application/x-recordio-protobuf";
constexpr const char* kCsv = "text/csv";
constexpr const char* kLibsvm = "text/libsvm";
constexpr uint64_t kDim = 4;

class BadInput : public testing::TestWithParam<std::string> {
 protected:
  // `members` are further hyperparameters: `"solver": "als"`.
  Result<void> run(const std::string& content_type, BytesView data, const std::string& members = "",
                   const std::string& type = "regressor") {
    std::filesystem::remove_all(folder.path() / "model");
    std::filesystem::remove_all(folder.path() / "output");
    folder.write(
        "input/config/hyperparameters.json",
        fmt::format(R"({{"feature_dim": "{}", "num_factors": "2", "predictor_type": "{}"{}}})",
                    kDim, type, members.empty() ? "" : ", " + members));
    folder.write("input/config/inputdataconfig.json",
                 fmt::format(R"({{"train": {{"ContentType": "{}"}}}})", content_type));
    folder.write("input/data/train/part-7", data);
    const TrainContext context{
        .disk = *disk, .clock = *clock, .root = folder.path(), .out = [](std::string_view) {}};
    return train(algorithm, context);
  }
  // What output/failure says; nothing of a job that completes.
  std::string failure(const std::string& content_type, BytesView data,
                      const std::string& members = "", const std::string& type = "regressor") {
    const Result<void> result = run(content_type, data, members, type);
    if (result) return "";
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "model/model_algo-1"));
    EXPECT_EQ(exit_status(result), failure_text(result.error()).starts_with("Client") ? 2 : 1);
    return folder.read("output/failure");
  }
  Bytes model(const std::string& content_type, BytesView data, const std::string& members = "") {
    const Result<void> result = run(content_type, data, members);
    EXPECT_TRUE(result) << result.error().message;
    return folder.read("model/model_algo-1");
  }
  float score(std::string_view features) {
    const auto loaded = algorithm.load(*disk, folder.path() / "model");
    if (!loaded) return std::numeric_limits<float>::quiet_NaN();
    RowBatch rows;
    test::append_libsvm(features, rows);
    std::vector<Prediction> predictions;
    (*loaded)->predict(rows, predictions);
    return predictions.front().score;
  }

  const Algorithm& algorithm = *find_algorithm("factorization-machines");
  test::Folder folder;
  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
  std::unique_ptr<runtime::Clock> clock = runtime::make_manual_clock(Time());
};

std::string at(std::string_view place) {
  return fmt::format("ClientError: channel 'train', file 'part-7', {}: ", place);
}

// Users 0 and 1, items 2 and 3, of a label each.
std::string pairs(size_t rows, double first, double second) {
  std::string out;
  for (size_t i = 0; i < rows; ++i) {
    out += fmt::format("{} {}:1 {}:1\n", i % 2 == 0 ? first : second, i / 2 % 2, 2 + i % 2);
  }
  return out;
}

// A record of one entry of features and perhaps one of labels, whose tensors are `features` and
// `label` as fields of Value: 2 float32, 3 float64, 7 int32.
Bytes record(uint32_t kind, BytesView features, BytesView label) {
  const auto entry = [&](uint32_t map, BytesView tensor) {
    Bytes value, pair, out;
    append_bytes_field(value, kind, tensor);
    append_bytes_field(pair, 1, "values");
    append_bytes_field(pair, 2, value);
    append_bytes_field(out, map, pair);
    return out;
  };
  Bytes out;
  append_recordio(out, entry(1, features) + (label.empty() ? Bytes() : entry(2, label)));
  return out;
}

template <class T>
Bytes packed(std::initializer_list<T> values) {
  Bytes content;
  for (const T value : values) {
    if constexpr (std::is_integral_v<T>) {
      append_varint(content, static_cast<uint64_t>(static_cast<int64_t>(value)));
    } else {
      content.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
  }
  Bytes out;
  append_bytes_field(out, 1, content);
  return out;
}

Bytes keys(std::initializer_list<uint64_t> indices) {
  Bytes content, out;
  for (const uint64_t index : indices) append_varint(content, index);
  append_bytes_field(out, 2, content);
  return out;
}

// --- What is refused, in each format, gzipped or not.

struct Wrong {
  const char* content_type;
  Bytes data;
  std::string place;
  std::string cause;  // The text begins with it.
};

std::vector<Wrong> wrong_numbers() {
  const float nan = std::nanf("");
  const float infinite = std::numeric_limits<float>::infinity();
  const Bytes good = test::recordio_of("1 0:1\n2 1:1\n", kDim);
  const std::string lines = "1 0:1\n2 1:1\n";
  const std::string columns = "1,1,0,0,0\n2,0,1,0,0\n";
  return {
      {kRecordio, good + test::recordio_of("1 1:nan", kDim), "record 3",
       "the value of feature 1 is NaN"},
      {kRecordio, good + test::recordio_of("1 1:-inf", kDim), "record 3",
       "the value of feature 1 is infinite"},
      {kRecordio, good + record(2, packed({1.f, nan, 0.f, 0.f}), packed({1.f})), "record 3",
       "the value of feature 1 is NaN"},
      {kRecordio, good + record(3, packed({1., 0., 1e39, 0.}), packed({1.})), "record 3",
       "the value of feature 2 is infinite, or too large for float32"},
      {kRecordio, good + record(2, packed({1.f, 0.f, 0.f, 0.f}), packed({nan})), "record 3",
       "the label is not a finite number"},
      {kRecordio, good + record(2, packed({1.f, 0.f, 0.f, 0.f}), packed({infinite})), "record 3",
       "the label is not a finite number"},
      {kRecordio, good + record(3, packed({1., 0., 0., 0.}), packed({-1e300})), "record 3",
       "the label is not a finite number"},
      {kCsv, columns + "1,0,nan,0,0\n", "line 3", "the value of feature 1 is NaN"},
      {kCsv, columns + "1,0,0,-inf,0\n", "line 3", "the value of feature 2 is infinite"},
      {kCsv, columns + "NaN,0,0,0,0\n", "line 3", "the label is not a finite number"},
      {kCsv, columns + "1e400,0,0,0,0\n", "line 3", "the label is not a finite number"},
      {kLibsvm, lines + "1 1:nan\n", "line 3", "the value of feature 1 is NaN"},
      {kLibsvm, lines + "1 0:1 3:1e39\n", "line 3", "the value of feature 3 is infinite"},
      {kLibsvm, lines + "-inf 0:1\n", "line 3", "the label is not a finite number"},
      // Equal indices, whose sum is too large.
      {kLibsvm, lines + "1 1:3e38 1:3e38\n", "line 3", "the value of feature 1 is infinite"},
  };
}

std::vector<Wrong> wrong_shapes() {
  const Bytes good = test::recordio_of("1 0:1\n2 1:1\n", kDim);
  const std::string lines = "1 0:1\n2 1:1\n";
  const std::string columns = "1,1,0,0,0\n2,0,1,0,0\n";
  return {
      {kRecordio, good + test::recordio_of("1 4:1", 5), "record 3",
       "feature index 4 is not below feature_dim, which is 4"},
      {kRecordio, good + record(2, packed({1.f}) + keys({~uint64_t{0}}), packed({1.f})), "record 3",
       "feature index 18446744073709551615 is not below feature_dim, which is 4"},
      {kRecordio, good + record(2, packed({1.f, 2.f}) + keys({1}), packed({1.f})), "record 3",
       "the record has 1 keys but 2 values"},
      {kRecordio, good + record(2, packed({1.f, 2.f, 3.f}), packed({1.f})), "record 3",
       "the record is dense with 3 values, but feature_dim is 4"},
      {kRecordio, good + record(2, packed({1.f, 0.f, 0.f, 0.f}), ""), "record 3",
       "the record has no label"},
      {kRecordio, good + record(2, packed({1.f, 0.f, 0.f, 0.f}), packed({1.f, 2.f})), "record 3",
       "the record has more than one label"},
      {kCsv, columns + "1,0,0,0\n", "line 3",
       "the line has 4 columns, but feature_dim is 4, beside the label"},
      {kCsv, columns + "1,0,0,0,0,0\n", "line 3", "the line has 6 columns"},
      {kCsv, columns + ",0,0,0,0\n", "line 3", "column 1 is not a number: ''"},
      {kCsv, "user,a,b,c,d\n" + columns, "line 1",
       "column 1 is not a number: 'user'; a CSV file has no header record"},
      {kCsv, columns + "1;0;0;0;0\n", "line 3", "column 1 is not a number: '1;0;0;0;0'"},
      {kLibsvm, lines + "1 4:1\n", "line 3",
       "feature index 4 is not below feature_dim, which is 4"},
      {kLibsvm, lines + "1 0:1 4294967296:1\n", "line 3", "feature index 4294967296 is not below"},
      {kLibsvm, lines + "a 0:1\n", "line 3", "the label is not a number: 'a'"},
      {kLibsvm, lines + "1 0:1 2\n", "line 3", "a feature is not index:value: '2'"},
  };
}

// The data is of another format than its content type says, or cut off, or no text at all.
std::vector<Wrong> wrong_formats() {
  const Bytes good = test::recordio_of("1 0:1\n2 1:1\n", kDim);
  const std::string lines = "1 0:1\n2 1:1\n";
  const std::string columns = "1,1,0,0,0\n2,0,1,0,0\n";
  return {
      {kRecordio, columns, "record 1", "this is not recordIO: the magic number is "},
      {kRecordio, lines, "record 1", "this is not recordIO: the magic number is "},
      {kRecordio, "PAR1" + Bytes(100, 'x'), "record 1", "this is not recordIO: the magic number"},
      {kRecordio, good.substr(0, good.size() - 3), "record 2", "the data is truncated: "},
      {kRecordio, good + good.substr(0, 5), "record 3", "the data is truncated: "},
      {kRecordio, good + Bytes(64, '\0'), "record 3", "this is not recordIO: the magic number is "},
      {kCsv, lines, "line 1", "column 1 is not a number: '1 0:1'"},
      // recordIO begins with the byte that ends a line.
      {kCsv, good, "line 2", "column 1 is not a number: '"},
      {kCsv, columns + "1,0,\xff\xfe,0,0\n", "line 3", "column 3 is not a number: '\\xff\\xfe'"},
      {kCsv, columns + "1,0,\xc3\xa4,0,0\n", "line 3", "column 3 is not a number: '\xc3\xa4'"},
      {kCsv, Bytes("\xff\xfe\x31\0,\0", 6), "line 1",
       "column 1 is not a number: '\\xff\\xfe1\\x00'"},
      {kCsv, columns + Bytes(3, '\0') + "\n", "line 3", "column 1 is not a number: '\\x00"},
      {kLibsvm, columns, "line 1", "the label is not a number: '1,1,0,0,0'"},
      {kLibsvm, good, "line 3", "the label is not a number: '"},
      {kLibsvm, lines + "1 \xe9:1\n", "line 3", "a feature is not index:value: '\\xe9:1'"},
      {kLibsvm, lines + Bytes(100'000, 'x') + " 0:1\n", "line 3",
       "the label is not a number: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'"},
      {kLibsvm, lines + Bytes("1 0:1\0", 6) + "\n", "line 3",
       "a feature is not index:value: '0:1\\x00'"},
  };
}

TEST_F(BadInput, NamesTheFileThePlaceAndTheCauseInEveryFormat) {
  for (const auto& list : {wrong_numbers(), wrong_shapes(), wrong_formats()}) {
    for (const Wrong& wrong : list) {
      const std::string expected = at(wrong.place) + wrong.cause;
      for (const Bytes& data : {wrong.data, test::gzip(wrong.data)}) {
        EXPECT_EQ(failure(wrong.content_type, data).substr(0, expected.size()), expected);
      }
    }
  }
}

// --- What is trained as if it had been written well.

TEST_F(BadInput, NamesTheFileOfAnExampleThatIsNoImplicitFeedback) {
  folder.write("input/data/train/part-6", "1 0:1 2:1\n1 1:1 3:1\n");
  for (const char* solver : {"ials", "bpr", "softmax"}) {
    const std::string members = fmt::format(R"("solver": "{}", "fields": "0,2")", solver);
    EXPECT_EQ(failure(kLibsvm, "1 0:1 3:1\n-1 1:1 2:1\n", members),
              "ClientError: channel 'train', file 'part-7', example 2: the label is -1; for "
              "implicit feedback labels are at least 0");
    EXPECT_EQ(failure(kLibsvm, "1 0:1 1:1 3:1\n", members),
              "ClientError: channel 'train', file 'part-7', example 1: it has 2 users (features "
              "below 2) and 1 items (features from there to below 4), and must have one of each");
  }
}

TEST_F(BadInput, OrderDuplicatesAndZerosOfARowChangeNothing) {
  const Bytes right = model(kLibsvm, "1 0:1 2:5\n2 1:2 3:1\n3\n");
  EXPECT_EQ(model(kLibsvm, "1 2:2 0:1 2:3\n2 3:1 1:1 1:1\n3 # nothing\n"), right);
  EXPECT_EQ(model(kCsv, "1,1,0,5,0\n2,0,2,0,1\n3,0,0,0,0\n"), right);
  const Bytes unsorted = record(2, packed({2.f, 1.f, 3.f}) + keys({2, 0, 2}), packed({1.f})) +
                         record(2, packed({1.f, 1.f, 1.f}) + keys({3, 1, 1}), packed({2.f})) +
                         record(2, packed<float>({}) + keys({}), packed({3.f}));
  EXPECT_EQ(model(kRecordio, unsorted), right);
}

TEST_F(BadInput, AByteOrderMarkAndReturnsAreSkipped) {
  const Bytes right = model(kCsv, "1,1,0,5,0\n2,0,2,0,1\n");
  EXPECT_EQ(model(kCsv,
                  "\xef\xbb\xbf"
                  "1,1,0,5,0\r\n\r\n2,0,2,0,1"),
            right);
  EXPECT_EQ(model(kLibsvm,
                  "\xef\xbb\xbf"
                  "1 0:1 2:5\r\n2 1:2 3:1\r\n"),
            right);
}

TEST_F(BadInput, DenseAndSparseRecordsOfAnyTypeMixInOneFile) {
  const Bytes right = model(kLibsvm, "1 0:1 2:5\n2 1:-2 3:1\n3 0:7\n4 3:1\n");
  const Bytes mixed = record(2, packed({1.f, 0.f, 5.f, 0.f}), packed({1.f})) +
                      record(3, packed({-2., 1.}) + keys({1, 3}), packed({2.})) +
                      record(7, packed({7, 0, 0, 0}), packed({3})) +
                      record(7, packed({1}) + keys({3}), packed({4}));
  EXPECT_EQ(model(kRecordio, mixed), right);
  EXPECT_EQ(model(kRecordio, test::gzip(mixed)), right);
}

TEST_F(BadInput, RefusesLabelsThatAreNoClassInEveryFormat) {
  for (const char* label : {"2", "-1", "0.5"}) {
    const std::string cause =
        fmt::format("the label is {}, but a binary_classifier takes 0 and 1 only", label);
    const std::string line = fmt::format("{} 0:1\n", label);
    EXPECT_EQ(failure(kLibsvm, "1 0:1\n0 1:1\n" + line, "", "binary_classifier"),
              at("line 3") + cause);
    EXPECT_EQ(failure(kCsv, fmt::format("1,1,0,0,0\n{},0,1,0,0\n", label), "", "binary_classifier"),
              at("line 2") + cause);
    EXPECT_EQ(
        failure(kRecordio, test::recordio_of("1 0:1\n" + line, kDim), "", "binary_classifier"),
        at("record 2") + cause);
  }
}

TEST_F(BadInput, OtherChannelsWithoutARecordFailByName) {
  for (const char* name : {"validation", "test"}) {
    folder.write(fmt::format("input/data/{}/part", name), "\n# nothing\n");
    const std::string members = R"("solver": "sgd")";
    // A channel is read whether it is declared or not; undeclared it is recordIO.
    EXPECT_EQ(
        failure(kLibsvm, pairs(8, 1, 2), members).substr(0, 60),
        fmt::format("ClientError: channel '{}', file 'part', record 1: this is not recordIO", name)
            .substr(0, 60));
    folder.write(fmt::format("input/data/{}/part", name), "");
    EXPECT_EQ(failure(kLibsvm, pairs(8, 1, 2), members),
              fmt::format("ClientError: The channel '{}' has files, but no record in them", name));
    std::filesystem::remove_all(folder.path() / "input/data" / name);
  }
}

// --- Solver by solver.

class BadInputOf : public BadInput {
 protected:
  std::string solver(const std::string& members = "") const {
    return fmt::format(R"("solver": "{}"{}{})", GetParam(), members.empty() ? "" : ", ", members);
  }
  // Rates, or a weight, with which nothing is learned.
  std::string beyond_reason() const {
    if (GetParam() == "als" || GetParam() == "mcmc" || GetParam() == "auto") return "";
    if (GetParam() == "ials") return R"("factors_wd": "0", "unobserved_weight": "0")";
    return R"("factors_lr": "1e30", "linear_lr": "1e30", "bias_lr": "1e30")";
  }
  bool ranks() const {
    return GetParam() == "bpr" || GetParam() == "softmax" || GetParam() == "ials";
  }
};

TEST_P(BadInputOf, DamagedDataFailsWithItsPlace) {
  const std::string data = pairs(20, 1, 1);
  EXPECT_EQ(failure(kLibsvm, data + "1 9:1\n", solver()),
            at("line 21") + "feature index 9 is not below feature_dim, which is 4");
  const Bytes records = test::recordio_of(data, kDim);
  const std::string cut = failure(kRecordio, records.substr(0, records.size() - 9), solver());
  EXPECT_TRUE(cut.starts_with(at("record 20") + "the data is truncated")) << cut;
  const Bytes gzipped = test::gzip(records);
  EXPECT_NE(failure(kRecordio, gzipped.substr(0, gzipped.size() - 9), solver())
                .find("the gzip data is cut off"),
            std::string::npos);
}

TEST_P(BadInputOf, NoRecordFailsByName) {
  for (const char* content : {"", "\n\n", "# nothing\n"}) {
    EXPECT_EQ(failure(kLibsvm, content, solver()),
              "ClientError: The channel 'train' has files, but no record in them");
  }
  EXPECT_EQ(failure(kRecordio, test::gzip(""), solver()),
            "ClientError: The channel 'train' has files, but no record in them");
}

TEST_P(BadInputOf, OneLabelIsLearned) {
  const std::string data = pairs(40, 1, 1);
  for (const char* type : {"regressor", "binary_classifier"}) {
    EXPECT_EQ(failure(kLibsvm, data, solver(), type), "");
    const float answer = score("0 0:1 2:1");
    EXPECT_TRUE(std::isfinite(answer));
    // Adam's default rates take it only some way; auto sees a ranking in pairs that are all ones.
    if (ranks() || GetParam() == "adam" || GetParam() == "auto") continue;
    EXPECT_NEAR(answer, 1, type[0] == 'r' ? 0.05 : 0.25) << type;
  }
  if (ranks()) {
    const std::string text = failure(kLibsvm, pairs(40, 0, 0), solver());
    EXPECT_EQ(text, "ClientError: No example has a label above 0");
    return;
  }
  EXPECT_EQ(failure(kLibsvm, pairs(40, 0, 0), solver(), "binary_classifier"), "");
  EXPECT_LT(score("0 0:1 2:1"), 0.55);
}

TEST_P(BadInputOf, ABatchLargerThanTheDataAndARowIsAll) {
  EXPECT_EQ(
      failure(kLibsvm, pairs(8, 1, ranks() ? 1 : 2), solver(R"("mini_batch_size": "2147483647")")),
      "");
  EXPECT_TRUE(std::isfinite(score("0 0:1 2:1")));
  EXPECT_EQ(failure(kLibsvm, "1 0:1 2:1\n", solver()), "");
  EXPECT_TRUE(std::isfinite(score("0 0:1 2:1")));
}

TEST_P(BadInputOf, WhatDivergesSaysInWhichEpoch) {
  // Labels at the end of float32's range, and rates beyond reason.
  std::string data;
  for (size_t i = 0; i < 40; ++i) {
    data += fmt::format("{} {}:3e38 {}:3e38\n", i % 2 == 0 || ranks() ? "3e38" : "-3e38", i / 2 % 2,
                        2 + i % 2);
  }
  const std::string text =
      failure(kLibsvm, ranks() ? pairs(40, 3e38, 3e38) : data, solver(beyond_reason()));
  EXPECT_TRUE(text.starts_with("ClientError: The training diverged in epoch ")) << "said: " << text;
}

INSTANTIATE_TEST_SUITE_P(Solvers, BadInputOf,
                         testing::Values("adam", "sgd", "adagrad", "als", "mcmc", "auto", "bpr",
                                         "softmax", "ials"),
                         [](const auto& solver) { return solver.param; });

}  // namespace
}  // namespace millrace::ml
