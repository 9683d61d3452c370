#include "engines/ml/serving.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engines/ml/algorithms.h"
#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/protobuf_wire.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

using factorization_machines::Model;
using factorization_machines::PredictorType;

// y = 0.5 + x0 + 2 x1 + 3 x2 + <v1, v2> x1 x2, with <v1, v2> = 1 * 2 + 0.5 * 4 = 4.
Model make_model(PredictorType type) {
  Model model(type, 3, 2);
  model.bias = 0.5f;
  const float rows[3][3] = {{0, 0, 1}, {1, 0.5f, 2}, {2, 4, 3}};
  for (int i = 0; i < 3; ++i) {
    std::copy(rows[i], rows[i] + 2, model.row(i));
    model.linear(i) = rows[i][2];
  }
  return model;
}

class Serving : public testing::Test {
 protected:
  std::unique_ptr<Scorer> scorer(PredictorType type) {
    const auto artefact = factorization_machines::encode_artefact(make_model(type), {});
    folder.write("model/model_algo-1", *artefact);
    auto loaded = Scorer::load(*disk, *find_algorithm("factorization-machines"), folder.path());
    EXPECT_TRUE(loaded) << loaded.error().message;
    return std::move(*loaded);
  }
  // The status and the message of a request that is refused.
  static std::pair<int, std::string> refusal(const Scorer& scorer, std::string_view type,
                                             BytesView body, std::string_view accept = "") {
    const auto response = scorer.invoke(type, accept, body);
    if (response) return {200, response->body};
    return {status_of(response.error()), response.error().message};
  }

  test::Folder folder;
  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
};

TEST_F(Serving, AnswersJson) {
  const auto regressor = scorer(PredictorType::regressor);
  const auto response = regressor->invoke(
      "application/json; charset=utf-8", "",
      R"({"instances": [{"features": [1, 0, 0.0]}, {"data": {"features": {"keys": [2, 1],
          "shape": [3], "values": [1.0, 2]}}}, {"data": {"features": {"values": [0, 0, 0]}}}]})");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->content_type, "application/json");
  EXPECT_EQ(response->body,
            R"({"predictions": [{"score": 1.5}, {"score": 15.5}, {"score": 0.5}]})");
}

TEST_F(Serving, AnswersClassesWithAScoreAndALabel) {
  const auto classifier = scorer(PredictorType::binary_classifier);
  const auto response = classifier->invoke("application/json", "*/*",
                                           R"({"instances": [{"features": [-0.5, 0, 0]}, )"
                                           R"({"features": [2, 0, 0]}]})");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, R"({"predictions": [{"score": 0.5, "predicted_label": 0.0}, )"
                            R"({"score": 0.9241418, "predicted_label": 1.0}]})");
}

TEST_F(Serving, AnswersJsonLines) {
  const auto regressor = scorer(PredictorType::regressor);
  const auto response = regressor->invoke(
      "application/jsonlines", "",
      "{\"features\": [0, 0, 0]}\n\n{\"data\": {\"features\": {\"keys\": [1], \"shape\": [3], "
      "\"values\": [1]}}}\r\n");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->content_type, "application/jsonlines");
  EXPECT_EQ(response->body, "{\"score\": 0.5}\n{\"score\": 2.5}\n");
}

TEST_F(Serving, AnswersRecordio) {
  const auto classifier = scorer(PredictorType::binary_classifier);
  const Bytes request = test::recordio_of("0 1:1 2:1\n0 0:-3\n", 3);
  const auto response = classifier->invoke("application/x-recordio-protobuf",
                                           "application/x-recordio-protobuf", request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->content_type, "application/x-recordio-protobuf");
  RecordioReader reader(make_memory_source(response->body));
  for (const auto& [score, label] : {std::pair{9.5, 1.0f}, std::pair{-2.5, 0.0f}}) {
    const auto record = reader.next();
    ASSERT_TRUE(record && *record);
    const float expected = static_cast<float>(factorization_machines::sigmoid(score));
    EXPECT_EQ(**record, encode_prediction(expected, label));
    // Two entries of the map `label`, field 2, and nothing else.
    WireReader fields(**record);
    size_t count = 0;
    for (auto field = fields.next(); field && *field; field = fields.next(), ++count) {
      EXPECT_EQ((*field)->number, 2u);
    }
    EXPECT_EQ(count, 2u);
  }
  const auto json = classifier->invoke("application/x-recordio-protobuf", "", request);
  EXPECT_EQ(json->content_type, "application/json");
}

TEST_F(Serving, ChoosesTheFirstAcceptedTypeItKnows) {
  const auto regressor = scorer(PredictorType::regressor);
  const BytesView body = R"({"instances": [{"features": [0, 0, 0]}]})";
  EXPECT_EQ(regressor->invoke("application/json", "text/csv, Application/JSONLines;q=0.5", body)
                ->content_type,
            "application/jsonlines");
  EXPECT_EQ(refusal(*regressor, "application/json", body, "text/csv").first, 406);
}

TEST_F(Serving, RefusesOtherContentTypes) {
  const auto regressor = scorer(PredictorType::regressor);
  EXPECT_EQ(refusal(*regressor, "text/csv", "1,2,3").first, 415);
  EXPECT_EQ(refusal(*regressor, "", "{}").first, 415);
}

TEST_F(Serving, RefusesBadBodies) {
  const auto regressor = scorer(PredictorType::regressor);
  for (const std::string_view body :
       {"",
        "{",
        "[]",
        "{}",
        R"({"instances": {}})",
        R"({"instances": []})",
        R"({"instances": [1]})",
        R"({"instances": [{}]})",
        R"({"instances": [{"features": 1}]})",
        R"({"instances": [{"features": [1, 2]}]})",
        R"({"instances": [{"features": ["1", 2, 3]}]})",
        R"({"instances": [{"features": [1e39, 0, 0]}]})",
        R"({"instances": [{"features": [NaN, 0, 0]}]})",
        R"({"instances": [{"data": []}]})",
        R"({"instances": [{"data": {}}]})",
        R"({"instances": [{"data": {"features": {"keys": [3], "values": [1]}}}]})",
        R"({"instances": [{"data": {"features": {"keys": [-1], "values": [1]}}}]})",
        R"({"instances": [{"data": {"features": {"keys": [0.5], "values": [1]}}}]})",
        R"({"instances": [{"data": {"features": {"keys": [0, 1], "values": [1]}}}]})",
        R"({"instances": [{"data": {"features": {"keys": [0]}}}]})"}) {
    EXPECT_EQ(refusal(*regressor, "application/json", body).first, 400) << body;
  }
  EXPECT_EQ(refusal(*regressor, "application/json", Bytes(100, '[')).first, 400);
  const auto [status, message] =
      refusal(*regressor, "application/json",
              R"({"instances": [{"features": [0, 0, 0]}, {"features": [0]}]})");
  EXPECT_EQ(status, 400);
  EXPECT_NE(message.find("instance 2: the record is dense with 1 values, but feature_dim is 3"),
            std::string::npos)
      << message;
  EXPECT_EQ(refusal(*regressor, "application/jsonlines", "\n").first, 400);
  EXPECT_EQ(refusal(*regressor, "application/jsonlines", "nonsense").first, 400);
  EXPECT_EQ(refusal(*regressor, "application/x-recordio-protobuf", "nonsense").first, 400);
  EXPECT_EQ(refusal(*regressor, "application/json", Bytes((64 << 20) + 1, ' ')).first, 413);
}

TEST_F(Serving, RefusesScoresThatAreNotFinite) {
  const auto regressor = scorer(PredictorType::regressor);
  EXPECT_EQ(
      refusal(*regressor, "application/json", R"({"instances": [{"features": [0, 1e30, 1e30]}]})")
          .first,
      400);
}

TEST_F(Serving, RefusesMissingAndDamagedModels) {
  const Algorithm& algorithm = *find_algorithm("factorization-machines");
  const auto missing = Scorer::load(*disk, algorithm, folder.path());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  folder.write("model/model_algo-1", "not a zip file");
  const auto damaged = Scorer::load(*disk, algorithm, folder.path());
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace millrace::ml
