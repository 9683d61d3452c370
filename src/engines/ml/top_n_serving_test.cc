// Requests for the best items, from the job that trains them to the answer.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

#include "engines/ml/algorithms.h"
#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/algorithms/factorization_machines/settings.h"
#include "engines/ml/program.h"
#include "engines/ml/serving.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

namespace json = boost::json;
using factorization_machines::Model;
using factorization_machines::PredictorType;

constexpr uint32_t kUsers = 4;
constexpr uint32_t kItems = 40;
constexpr uint64_t kFeatures = kUsers + kItems + 2;  // And two categories.

Bytes item_line(uint32_t item) {
  return fmt::format(
      R"({{"id": "i{}", "name": "Item \"{}\"", "category": "{}", "margin": {}, "in_stock": {}, )"
      R"("features": {{"keys": [{}, {}], "values": [1, 1]}}}})"
      "\n",
      item, item, item % 2 == 0 ? "even" : "odd", item, item % 3 != 0, kUsers + item,
      kUsers + kItems + item % 2);
}

class TopN : public testing::Test {
 protected:
  void SetUp() override {
    factorization_machines::Settings settings;
    settings.bias.initializer = settings.linear.initializer =
        settings.factors.initializer = {factorization_machines::Initializer::Method::normal, 1};
    model = Model(PredictorType::binary_classifier, kFeatures, 5);
    initialize(model, settings);
    folder.write("model/model_algo-1", *factorization_machines::encode_artefact(model, {}));
    Bytes items, users;
    for (uint32_t item = 0; item < kItems; ++item) items += item_line(item);
    for (uint32_t user = 0; user < kUsers; ++user) {
      users += fmt::format(
          R"({{"id": {}, "features": {{"keys": [{}], "values": [1]}}, "seen": ["i{}", "i7"]}})"
          "\n",
          user, user, user);
    }
    folder.write("model/items.jsonl", items);
    folder.write("model/users.jsonl", users);
    auto loaded = Scorer::load(*disk, *find_algorithm("factorization-machines"), folder.path());
    ASSERT_TRUE(loaded) << loaded.error().message;
    scorer = std::move(*loaded);
  }

  std::string ask(std::string_view instance, std::string_view type = "application/json") {
    const std::string body = type == "application/json"
                                 ? fmt::format(R"({{"instances": [{}]}})", instance)
                                 : std::string(instance);
    const auto answer = scorer->invoke(type, "", body);
    return answer ? answer->body : answer.error().message;
  }

  // Ids and scores of the only prediction.
  std::vector<std::pair<std::string, double>> items_of(std::string_view instance) {
    const std::string text = ask(instance);
    json::error_code error;
    const json::value answer = json::parse(text, error);
    std::vector<std::pair<std::string, double>> items;
    EXPECT_FALSE(error) << text;
    if (error) return items;
    for (const json::value& item :
         answer.at("predictions").as_array().at(0).at("items").as_array()) {
      items.emplace_back(std::string(item.at("id").as_string()),
                         item.at("score").to_number<double>());
    }
    return items;
  }

  // What an ordinary request answers for a user and an item.
  double score(uint32_t user, uint32_t item) {
    RowBatch row;
    row.indices = {user, kUsers + item, kUsers + kItems + item % 2};
    row.values = {1, 1, 1};
    row.end_row(0);
    return score_of(model.type(), predict(model.view(), row.row(0)));
  }

  template <class Keep>
  void expect_best(uint32_t user, std::string_view instance, size_t n, const Keep& keep) {
    std::vector<std::pair<double, std::string>> expected;
    for (uint32_t item = 0; item < kItems; ++item) {
      if (keep(item)) expected.emplace_back(-score(user, item), fmt::format("i{}", item));
    }
    std::sort(expected.begin(), expected.end());
    expected.resize(std::min(n, expected.size()));
    const auto found = items_of(instance);
    ASSERT_EQ(found.size(), expected.size()) << instance;
    for (size_t at = 0; at < found.size(); ++at) {
      EXPECT_EQ(found[at].first, expected[at].second) << instance;
      EXPECT_NEAR(found[at].second, -expected[at].first, 1e-5);
    }
  }

  test::Folder folder;
  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
  Model model;
  std::unique_ptr<Scorer> scorer;
};

TEST_F(TopN, AnswersTheBestAsOrdinaryRequestsScoreThem) {
  const auto all = [](uint32_t) { return true; };
  for (uint32_t user = 0; user < kUsers; ++user) {
    expect_best(user, fmt::format(R"({{"user": "{}", "top_n": 10}})", user), 10, all);
    expect_best(user, fmt::format(R"({{"user": {}, "top_n": 1000}})", user), kItems, all);
    // A user that is not in the table, by features.
    expect_best(user,
                fmt::format(R"({{"data": {{"features": {{"keys": [{}], "values": [1]}}}}, )"
                            R"("top_n": 3}})",
                            user),
                3, all);
  }
}

TEST_F(TopN, Filters) {
  expect_best(1, R"({"user": "1", "top_n": 50, "filter": {"category": "odd"}})", kItems,
              [](uint32_t item) { return item % 2 == 1; });
  expect_best(1, R"({"user": "1", "top_n": 50, "filter": {"category": ["odd", "even"]}})", kItems,
              [](uint32_t) { return true; });
  expect_best(2, R"({"user": "2", "top_n": 50, "filter": {"in_stock": true}})", kItems,
              [](uint32_t item) { return item % 3 != 0; });
  expect_best(3, R"({"user": "3", "top_n": 50, "filter": {"exclude_seen": true}})", kItems,
              [](uint32_t item) { return item != 3 && item != 7; });
  expect_best(3, R"({"user": "3", "top_n": 5, "filter": {"exclude": ["i1", "i2", "gone"]}})", 5,
              [](uint32_t item) { return item != 1 && item != 2; });
}

TEST_F(TopN, RanksByMarginWhereAsked) {
  // So heavy a weight leaves only the margins, which are the numbers of the items.
  const auto found = items_of(R"({"user": "1", "top_n": 3, "margin_weight": 1000})");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].first, "i39");
  EXPECT_EQ(found[1].first, "i38");
  EXPECT_NEAR(found[0].second, score(1, 39), 1e-5);  // The score stays the model's.
}

TEST_F(TopN, AnswersJsonLines) {
  const std::string line = R"({"user": 0, "top_n": 1})";
  const std::string both = ask(line + "\n" + line + "\n", "application/jsonlines");
  const std::string one = ask(line, "application/jsonlines");
  EXPECT_EQ(both, one + one);
  EXPECT_TRUE(one.starts_with(R"({"items": [{"id": "i)")) << one;
}

TEST_F(TopN, RefusesByName) {
  for (const auto& [instance, cause] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"user": "9", "top_n": 1})", "user '9' is not known"},
           {R"({"top_n": 1})", "neither 'user' nor 'features'"},
           {R"({"user": "1", "top_n": 0})", "'top_n'"},
           {R"({"user": "1", "top_n": 1001})", "'top_n'"},
           {R"({"user": "1", "top_n": 1.5})", "'top_n'"},
           {R"({"user": "1", "top_n": "1"})", "number"},
           {R"({"user": [], "top_n": 1})", "'user'"},
           {R"({"user": "1", "top_n": 1, "limit": 2})", "'limit' is not known"},
           {R"({"user": "1", "top_n": 1, "filter": {"colour": 2}})", "'colour'"},
           {R"({"user": "1", "top_n": 1, "filter": []})", "'filter'"},
           {R"({"user": "1", "top_n": 1, "filter": {"category": "none"}})", "category 'none'"},
           {R"({"user": "1", "top_n": 1, "filter": {"in_stock": 1}})", "'in_stock'"},
           {R"({"user": "1", "top_n": 1, "margin_weight": 1e300})", "'margin_weight'"},
           {R"({"features": {"keys": [0], "values": [1]}, "top_n": 1,
                "filter": {"exclude_seen": true}})",
            "needs 'user'"},
           {R"({"features": {"keys": [5], "values": [1]}, "top_n": 1})", "feature 5 is an item's"},
           {R"({"features": {"keys": [99], "values": [1]}, "top_n": 1})", "feature_dim"},
           {R"({"features": {"keys": [0], "values": [3e38]}, "top_n": 1})", "finite"},
           {R"({"user": "1", "top_n": 1}, {"user": "1"})", "instance 2: it has no 'top_n'"}}) {
    const std::string message = ask(instance);
    EXPECT_TRUE(message.starts_with("Unable to evaluate the payload provided")) << message;
    EXPECT_NE(message.find(cause), std::string::npos) << message;
  }
  EXPECT_EQ(scorer
                ->invoke("application/json", "application/x-recordio-protobuf",
                         R"({"instances": [{"user": 1, "top_n": 1}]})")
                .error()
                .kind,
            ErrorKind::precondition_failed);
}

TEST_F(TopN, NeedsAnItemTable) {
  std::filesystem::remove(folder.path() / "model/items.jsonl");
  const auto plain = Scorer::load(*disk, *find_algorithm("factorization-machines"), folder.path());
  const auto answer =
      (*plain)->invoke("application/json", "", R"({"instances": [{"user": 1, "top_n": 1}]})");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("no item table"), std::string::npos);
  folder.write("model/items.jsonl", "nonsense");
  const auto damaged =
      Scorer::load(*disk, *find_algorithm("factorization-machines"), folder.path());
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().message.find("items.jsonl: line 1"), std::string::npos);
}

// From the channels of a training job to the answer.
TEST(TopNJob, TrainsWithTablesBeside) {
  test::Folder folder;
  Bytes text, items, users;
  for (uint32_t user = 0; user < 6; ++user) {
    users += fmt::format(R"({{"id": "u{}", "features": {{"keys": [{}], "values": [1]}}}})"
                         "\n",
                         user, user);
    for (uint32_t item = 0; item < 8; ++item) {
      if (item % 2 == user % 2 && item != user)
        text += fmt::format("1 {}:1 {}:1\n", user, 6 + item);
    }
  }
  for (uint32_t item = 0; item < 8; ++item) {
    items += fmt::format(R"({{"id": "i{}", "features": {{"keys": [{}], "values": [1]}}}})"
                         "\n",
                         item, 6 + item);
  }
  folder.write("input/data/train/part", test::recordio_of(text, 14));
  folder.write("input/data/items/items.jsonl", items);
  folder.write("input/data/users/users.jsonl", users);
  folder.write("input/config/hyperparameters.json",
               R"({"feature_dim": "14", "num_factors": "4", "predictor_type": "regressor",
                   "solver": "ials"})");
  folder.write("input/config/inputdataconfig.json",
               R"({"train": {"ContentType": "application/x-recordio-protobuf"},
                   "items": {"ContentType": "application/jsonlines"},
                   "users": {"ContentType": "application/jsonlines"}})");
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_manual_clock(Time());
  std::string log;
  const TrainContext context{
      .disk = *disk, .clock = *clock, .root = folder.path(), .out = [&](std::string_view line) {
        log += std::string(line) + "\n";
      }};
  const Algorithm& algorithm = *find_algorithm("factorization-machines");
  const Result<void> trained = train(algorithm, context);
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_NE(log.find("epoch=15, train implicit_squared_error <loss>="), std::string::npos) << log;
  const auto scorer = Scorer::load(*disk, algorithm, folder.path());
  ASSERT_TRUE(scorer) << scorer.error().message;
  // The item that was left out is of the user's kind.
  const auto answer =
      (*scorer)->invoke("application/json", "", R"({"instances": [{"user": "u3", "top_n": 4}]})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NE(answer->body.find(R"("id": "i3")"), std::string::npos) << answer->body;
  EXPECT_EQ(answer->body.find(R"("id": "i2")"), std::string::npos) << answer->body;

  folder.write("input/data/items/items.jsonl", "{}");
  const Result<void> refused = train(algorithm, context);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("The channel 'items': line 1"), std::string::npos)
      << refused.error().message;
}

}  // namespace
}  // namespace millrace::ml
