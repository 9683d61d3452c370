// What all solvers have in common, of each: early stopping, examples that count more, going on from
// a model.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <string>

#include "engines/ml/algorithms.h"
#include "engines/ml/algorithms/factorization_machines/examples.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/implicit_test_data.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"
#include "engines/ml/algorithms/factorization_machines/solvers.h"
#include "engines/ml/program.h"
#include "engines/ml/test_data.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint32_t kUsers = 40, kItems = 30;

using Given = std::map<std::string, std::string>;

// Labels of biases and much noise, or everybody's few favourites: what a model without a decay
// learns by heart.
RowBatch noisy_rows(bool ranks, size_t count, uint64_t seed) {
  Generator generator(seed);
  RowBatch rows;
  for (size_t at = 0; at < count; ++at) {
    const auto user = static_cast<uint32_t>(generator.below(kUsers));
    const double drawn = generator.uniform();
    const auto item = kUsers + static_cast<uint32_t>((ranks ? drawn * drawn : drawn) * kItems);
    rows.indices.insert(rows.indices.end(), {user, item});
    rows.values.insert(rows.values.end(), {1, 1});
    rows.end_row(ranks ? 1 : static_cast<float>(user % 3 + 2 * generator.normal()));
  }
  return rows;
}

struct Case {
  std::string name;
  Given given;
  bool ranks = false;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class EarlyStopping : public testing::TestWithParam<Case> {};

TEST_P(EarlyStopping, EndsTheTrainingAndKeepsTheBestModel) {
  const bool ranks = GetParam().ranks;
  const ml::test::Folder folder;
  const RowBatch held_out = noisy_rows(ranks, 300, 2);
  constexpr uint64_t kFeatures = kUsers + kItems;
  folder.write("input/data/train/a", ml::test::recordio(noisy_rows(ranks, 400, 1), kFeatures));
  for (const char* channel : {"validation", "test"}) {
    folder.write(std::string("input/data/") + channel + "/a",
                 ml::test::recordio(held_out, kFeatures));
  }
  std::string hyperparameters = R"({"feature_dim": "70", "num_factors": "8", "epochs": "400",
      "predictor_type": "regressor", "early_stopping": "4")";
  for (const auto& [name, value] : GetParam().given) {
    hyperparameters += ", \"" + name + "\": \"" + value + "\"";
  }
  folder.write("input/config/hyperparameters.json", hyperparameters + "}");
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_manual_clock(Time());
  std::string log;
  const Result<void> result =
      ml::train(*find_algorithm("factorization-machines"),
                {.disk = *disk, .clock = *clock, .root = folder.path(), .out = [&](auto line) {
                   log += std::string(line) + "\n";
                 }});
  ASSERT_TRUE(result) << result.error().message;
  const auto all = [&](const std::string& pattern) {
    std::vector<double> values;
    const std::regex regex(pattern + R"((\S+))");
    for (std::sregex_iterator at(log.begin(), log.end(), regex), end; at != end; ++at) {
      values.push_back(std::stod((*at)[1]));
    }
    return values;
  };
  std::vector<double> losses =
      all(ranks ? "validation ndcg@10 <score>=" : "epoch=[0-9]+, validation rmse <loss>=");
  if (ranks) {
    for (double& loss : losses) loss = -loss;
  }
  ASSERT_FALSE(losses.empty());
  const auto best = std::min_element(losses.begin(), losses.end());
  EXPECT_LT(losses.size(), 400u);
  EXPECT_EQ(losses.end() - best, 5) << log;
  const std::vector<double> kept =
      all(ranks ? "test model ndcg@10 <score>=" : "algo-1, test rmse <loss>=");
  ASSERT_FALSE(kept.empty()) << log;
  EXPECT_NEAR(ranks ? -kept.back() : kept.back(), *best, 1e-6);
}

const Given kNoDecay = {{"linear_wd", "0.0001"}, {"factors_wd", "0.0001"}};

Case learned_by_heart(const std::string& name, Given given, bool ranks = false) {
  given.insert(kNoDecay.begin(), kNoDecay.end());
  if (ranks) given.insert({"fields", "0,40"});
  return {name, std::move(given), ranks};
}

INSTANTIATE_TEST_SUITE_P(
    Solvers, EarlyStopping,
    testing::Values(learned_by_heart("adam", {{"solver", "adam"},
                                              {"factors_lr", "0.02"},
                                              {"linear_lr", "0.02"},
                                              {"mini_batch_size", "50"}}),
                    learned_by_heart("sgd", {{"solver", "sgd"}}),
                    learned_by_heart("adagrad", {{"solver", "adagrad"}}),
                    learned_by_heart("fields", {{"solver", "adagrad"}, {"fields", "0,40"}}),
                    learned_by_heart("als", {{"solver", "als"}}),
                    Case{"als_learning", {{"solver", "als"}}}, Case{"mcmc", {{"solver", "mcmc"}}},
                    learned_by_heart("bpr", {{"solver", "bpr"}}, true),
                    learned_by_heart("softmax", {{"solver", "softmax"}}, true),
                    learned_by_heart("ials", {{"solver", "ials"}}, true)),
    [](const auto& info) { return info.param.name; });

Settings settings_with(Given given, uint64_t features) {
  given.insert({{"feature_dim", std::to_string(features)},
                {"num_factors", "4"},
                {"predictor_type", "regressor"}});
  return *read_settings(*parse_hyperparameters(kTable, given));
}

Result<Model> trained(const Settings& settings, const RowBatch& rows, test::Listener& listener,
                      const Model* earlier = nullptr) {
  RowsSource source(rows);
  Model model(settings.type, settings.feature_dim, settings.num_factors);
  initialize(model, settings);
  for (uint64_t feature = 0; earlier != nullptr && feature < earlier->feature_dim(); ++feature) {
    std::copy_n(earlier->row(feature), earlier->num_factors(), model.row(feature));
    model.linear(feature) = earlier->linear(feature);
  }
  if (earlier != nullptr) model.bias = earlier->bias;
  TRY(solve({.settings = settings,
             .source = source,
             .memory = &rows,
             .progress = listener,
             .stop = {},
             .threads = 1,
             .continued = earlier != nullptr},
            model));
  return model;
}

class ImportanceOf : public testing::TestWithParam<Case> {};

// Exactly but for the order of sums. (Descents take an example of importance 2 in one step.)
TEST_P(ImportanceOf, IsAsManyExamples) {
  const RowBatch rows = noisy_rows(false, 400, 3);
  RowBatch weighted;
  RowBatch repeated;
  for (size_t at = 0; at < rows.size(); ++at) {
    const size_t times = at % 3 == 0 ? 2 : 1;
    for (size_t time = 0; time < times; ++time) {
      for (RowBatch* to : {&weighted, &repeated}) {
        if (to == &weighted && time > 0) continue;
        const RowView row = rows.row(at);
        to->indices.insert(to->indices.end(), row.indices.begin(), row.indices.end());
        to->values.insert(to->values.end(), row.values.begin(), row.values.end());
        to->end_row(rows.label(at));
      }
    }
    if (times > 1) weighted.weigh_last_row(static_cast<float>(times));
  }
  Given given = GetParam().given;
  given["epochs"] = "10";
  const Settings settings = settings_with(given, kUsers + kItems);
  test::Listener listener;
  const Result<Model> of_weighted = trained(settings, weighted, listener);
  const Result<Model> of_repeated = trained(settings, repeated, listener);
  const Result<Model> of_once = trained(settings, rows, listener);
  ASSERT_TRUE(of_weighted && of_repeated && of_once);
  double apart = 0;
  double without = 0;
  for (size_t at = 0; at < rows.size(); ++at) {
    const float output = predict(of_weighted->view(), rows.row(at));
    apart = std::max<double>(apart, std::abs(output - predict(of_repeated->view(), rows.row(at))));
    without = std::max<double>(without, std::abs(output - predict(of_once->view(), rows.row(at))));
  }
  EXPECT_LT(apart, 0.02);
  EXPECT_GT(without, 10 * apart);
}

// With decays for labels of deviation 1: that of weighted labels is not that of repeated ones.
INSTANTIATE_TEST_SUITE_P(Solvers, ImportanceOf,
                         testing::Values(Case{"als", {{"solver", "als"}, {"linear_wd", "3"}}},
                                         Case{"als_learning", {{"solver", "als"}}},
                                         Case{"mcmc", {{"solver", "mcmc"}}}),
                         [](const auto& info) { return info.param.name; });

class WarmStart : public testing::TestWithParam<Case> {};

// Going on with the same examples, and features that are new and do not occur.
TEST_P(WarmStart, KeepsWhatWasReachedAndBeginsNewFeaturesAfresh) {
  const bool ranks = GetParam().ranks;
  const RowBatch rows =
      ranks ? test::planted_interactions(kUsers, kItems, 5) : noisy_rows(false, 1000, 5);
  Given given = GetParam().given;
  if (ranks) given["fields"] = "0,40";
  const Settings settings = settings_with(given, kUsers + kItems);
  test::Listener first;
  std::vector<double> reached;
  const auto loss_of = [&](const Model& model) {
    if (!ranks) return test::loss_on(model, rows);
    const auto ranking = RankingValidation::make(rows, rows, settings);
    return -ValidationWatch::loss_of(ranking->measure(model));
  };
  const Result<Model> earlier = trained(settings, rows, first);
  ASSERT_TRUE(earlier) << earlier.error().message;
  constexpr uint64_t kMore = 2;
  Settings later = settings_with(given, kUsers + kItems + kMore);
  later.epochs = std::max<uint64_t>(settings.epochs / 4, 3);
  test::Listener second;
  const Result<Model> model = trained(later, rows, second, &*earlier);
  ASSERT_TRUE(model) << model.error().message;
  if (ranks) {
    EXPECT_GT(loss_of(*model), 0.97 * loss_of(*earlier));
  } else {
    EXPECT_LT(loss_of(*model), 1.02 * loss_of(*earlier));
  }
  Model drawn(later.type, later.feature_dim, later.num_factors);
  initialize(drawn, later);
  for (uint64_t feature = kUsers + kItems; feature < later.feature_dim; ++feature) {
    EXPECT_EQ(model->linear(feature), drawn.linear(feature));
    for (uint32_t f = 0; f < later.num_factors; ++f) {
      EXPECT_EQ(model->row(feature)[f], drawn.row(feature)[f]) << feature << ", " << f;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Solvers, WarmStart,
    testing::Values(
        Case{"adam", {{"solver", "adam"}, {"epochs", "20"}, {"mini_batch_size", "100"}}},
        Case{"sgd", {{"solver", "sgd"}}}, Case{"adagrad", {{"solver", "adagrad"}}},
        Case{"als", {{"solver", "als"}, {"factors_wd", "3"}}},
        Case{"als_learning", {{"solver", "als"}}}, Case{"bpr", {{"solver", "bpr"}}, true},
        Case{"softmax", {{"solver", "softmax"}}, true}, Case{"ials", {{"solver", "ials"}}, true}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace millrace::ml::factorization_machines
