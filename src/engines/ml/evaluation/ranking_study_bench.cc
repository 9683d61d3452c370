// engines_ml_ranking_study FILE [TEST_DAYS [new|all [SOLVER,…]]]
//
// FILE has a line `user,item,seconds` for each purchase (examples/recommender/interactions.js makes
// it). The last TEST_DAYS (30) days are the test; the same number before them choose the
// neighbours' settings, on a split of their own. Ranks what is new to each user, or with `all`
// everything, all items, and prints one table in Markdown: the baselines; factorization machines by
// the solvers for implicit feedback (ials, bpr, softmax), trained as a job trains them, on users
// and items alone and with nothing chosen but num_factors, ials also with what is best on the slice
// before; and `next`, the machine of two stages (next_purchase.h), whose rankers are the neighbours
// and ials and which learns from the kLessons slices before the test. What comes last is compared
// with every other line.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "engines/ml/algorithms.h"
#include "engines/ml/evaluation/next_purchase.h"
#include "engines/ml/evaluation/purchase_features.h"
#include "engines/ml/evaluation/ranking_study.h"
#include "engines/ml/program.h"
#include "engines/ml/test_data.h"

namespace millrace::ml::evaluation {
namespace {

constexpr int64_t kDaySeconds = 86'400;
constexpr uint32_t kFactors = 64;
constexpr int kLessons = 3;  // Moments before the test, which the second stage learns from.

struct Purchases {
  std::vector<Interaction> all;
  std::map<std::string, uint32_t, std::less<>> users;
  std::map<std::string, uint32_t, std::less<>> items;
};

uint32_t number_of(std::map<std::string, uint32_t, std::less<>>& names, std::string_view name) {
  const auto next = static_cast<uint32_t>(names.size());
  return names.try_emplace(std::string(name), next).first->second;
}

Result<Purchases> read_purchases(const char* path) {
  Purchases out;
  std::ifstream in(path);
  if (!in) return fail(ErrorKind::not_found, fmt::format("{} cannot be read", path));
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const size_t item = line.find(',');
    const size_t time = line.rfind(',');
    Interaction one;
    const char* const end = line.data() + line.size();
    if (item == std::string::npos || time == item ||
        std::from_chars(line.data() + time + 1, end, one.time).ptr != end) {
      return fail(ErrorKind::invalid,
                  fmt::format("{}, line {}: it is not user,item,seconds", path, number));
    }
    const std::string_view view(line);
    one.user = number_of(out.users, view.substr(0, item));
    one.item = number_of(out.items, view.substr(item + 1, time - item - 1));
    out.all.push_back(one);
  }
  if (out.all.empty()) return fail(ErrorKind::invalid, fmt::format("{} is empty", path));
  return out;
}

// The two sides of a cut, over the items that the training knows, renumbered.
struct Sides {
  TimeSplit split;
  InteractionMatrix train;
  InteractionMatrix test;
  size_t unknown;
};

Sides sides_of(const Purchases& purchases, int64_t cut, int64_t end) {
  std::vector<Interaction> until;
  for (const Interaction& one : purchases.all) {
    if (one.time < end) until.push_back(one);
  }
  TimeSplit split = split_at(until, cut);
  std::vector<uint32_t> numbers(purchases.items.size(), UINT32_MAX);
  uint32_t items = 0;
  for (std::vector<Interaction>* side : {&split.train, &split.test}) {
    for (Interaction& one : *side) {
      uint32_t& number = numbers[one.item];
      if (number == UINT32_MAX) number = items++;
      one.item = number;
    }
  }
  const size_t users = purchases.users.size();
  InteractionMatrix train(split.train, users, items);
  InteractionMatrix test(split.test, users, items);
  const size_t unknown = split.unknown;
  return {std::move(split), std::move(train), std::move(test), unknown};
}

// The best on the slice before the test.
ItemNeighbours choose_neighbours(const Sides& sides, bool new_items_only) {
  const RankingTask task{
      .train = sides.train, .test = sides.test, .new_items_only = new_items_only};
  ItemNeighbours best;
  double best_ndcg = -1;
  for (const size_t neighbours : {2, 5, 10, 20, 50, 100, 500}) {
    for (const double shrinkage : {0.0, 5.0, 20.0, 100.0, 500.0}) {
      const ItemNeighbours settings{.neighbours = neighbours, .shrinkage = shrinkage};
      const double ndcg = rank_for_all(*make_item_neighbours(sides.train, settings), task)
                              .mean(RankingMeasure::ndcg);
      if (ndcg <= best_ndcg) continue;
      best_ndcg = ndcg;
      best = settings;
    }
  }
  return best;
}

// A row of one user and one item.
void append_pair(const InteractionMatrix& train, uint32_t user, uint32_t item, RowBatch& rows) {
  for (const uint32_t feature : {user, static_cast<uint32_t>(train.users()) + item}) {
    rows.indices.push_back(feature);
    rows.values.push_back(1);
  }
  rows.end_row(1);
}

// A model that an algorithm has trained.
class Trained final : public Recommender {
 public:
  Trained(const InteractionMatrix& train, std::unique_ptr<Predictor> predictor)
      : train_(train), predictor_(std::move(predictor)) {}
  void score(uint32_t user, std::span<float> scores) const override {
    RowBatch rows;
    std::vector<Prediction> predictions;
    for (uint32_t item = 0; item < scores.size(); ++item) append_pair(train_, user, item, rows);
    predictor_->predict(rows, predictions);
    for (size_t item = 0; item < scores.size(); ++item) scores[item] = predictions[item].score;
  }

 private:
  const InteractionMatrix& train_;
  std::unique_ptr<Predictor> predictor_;
};

// As a regressor, whose scores are the model's own: a classifier's run into 1.
Result<std::unique_ptr<Recommender>> train_solver(const InteractionMatrix& train,
                                                  std::string_view solver,
                                                  std::string_view more = "") {
  const test::Folder folder;
  const uint64_t feature_dim = train.users() + train.items();
  Bytes records;
  for (uint32_t user = 0; user < train.users(); ++user) {
    for (const uint32_t item : train.row(user)) {
      RowBatch row;
      append_pair(train, user, item, row);
      append_recordio(records, encode_record(row.row(0), feature_dim, 1));
    }
  }
  folder.write("input/data/train/pairs", records);
  folder.write("input/config/hyperparameters.json",
               fmt::format(R"({{"feature_dim": "{}", "num_factors": "{}", "solver": "{}",
                               "predictor_type": "regressor", "fields": "0,{}"{}}})",
                           feature_dim, kFactors, solver, train.users(), more));
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_system_clock();
  const Algorithm& algorithm = *find_algorithm("factorization-machines");
  TRY(ml::train(
      algorithm,
      {.disk = *disk, .clock = *clock, .root = folder.path(), .out = [](std::string_view) {}}));
  TRY(auto predictor, algorithm.load(*disk, folder.path() / "model"));
  return std::make_unique<Trained>(train, std::move(predictor));
}

// The hyperparameters of ials that are the best on the slice before the test, as further members of
// a JSON object.
Result<std::string> choose_ials(const Sides& sides, bool new_items_only) {
  const RankingTask task{
      .train = sides.train, .test = sides.test, .new_items_only = new_items_only};
  std::string best;
  double best_ndcg = -1;
  for (const double unobserved : {0.03, 0.1, 0.3, 1.0}) {
    for (const double decay : {0.003, 0.01, 0.03}) {
      const std::string more =
          fmt::format(R"(, "unobserved_weight": "{}", "factors_wd": "{}")", unobserved, decay);
      TRY(const auto recommender, train_solver(sides.train, "ials", more));
      const double ndcg = rank_for_all(*recommender, task).mean(RankingMeasure::ndcg);
      if (ndcg <= best_ndcg) continue;
      best_ndcg = ndcg;
      best = more;
    }
  }
  return best;
}

// All that is known at a moment.
struct Moment {
  Moment(const Purchases& purchases, const ItemNeighbours& neighbours, int64_t cut, int64_t length)
      : sides(sides_of(purchases, cut, cut + length)),
        popularity(make_popularity(sides.train)),
        kin(make_item_neighbours(sides.train, neighbours)) {}

  Result<void> learn(int64_t cut, int64_t length, std::string_view ials) {
    TRY(factors, train_solver(sides.train, "ials", ials));
    features.emplace(PurchaseFeatures::Known{.history = sides.split.train,
                                             .users = sides.train.users(),
                                             .items = sides.train.items(),
                                             .now = cut,
                                             .window = length,
                                             .rankers = {kin.get(), factors.get()}});
    return ok;
  }

  Sides sides;
  std::unique_ptr<Recommender> popularity;
  std::unique_ptr<Recommender> kin;
  std::unique_ptr<Recommender> factors;
  std::optional<PurchaseFeatures> features;
};

struct Study {
  const Purchases& purchases;
  int64_t cut;
  int64_t length;
  bool new_items_only;
  ItemNeighbours neighbours;
  std::string ials;  // As of choose_ials().
};

// The machine over what is known of users and items, taught by the moments before the cut.
Result<RankingReport> rank_next_purchases(const Study& study, const RankingTask& task) {
  std::deque<Moment> past;
  std::vector<PastMoment> lessons;
  for (int back = 1; back <= kLessons; ++back) {
    const int64_t then = study.cut - back * study.length;
    const Moment& moment = past.emplace_back(study.purchases, study.neighbours, then, study.length);
    TRY(past.back().learn(then, study.length, study.ials));
    lessons.push_back({*moment.features, moment.sides.train, moment.sides.test});
  }
  Moment now(study.purchases, study.neighbours, study.cut, study.length);
  TRY(now.learn(study.cut, study.length, study.ials));
  TRY(const auto next,
      learn_next_purchases(lessons, *now.features, {.new_items_only = study.new_items_only}));
  return rank_for_all(*next, task);
}

Result<std::vector<StudyLine>> rank_all(Study study, const Sides& sides, const Sides& before,
                                        const RankingTask& task, std::string_view solvers) {
  std::vector<StudyLine> lines;
  const auto add = [&](std::string name, const Recommender& recommender) {
    lines.push_back({std::move(name), rank_for_all(recommender, task)});
  };
  add("popularity", *make_popularity(sides.train));
  if (!study.new_items_only) add("repetition, then popularity", *make_repetition(sides.train));
  add(fmt::format("item-kNN ({} neighbours, shrinkage {})", study.neighbours.neighbours,
                  study.neighbours.shrinkage),
      *make_item_neighbours(sides.train, study.neighbours));
  while (!solvers.empty()) {
    const std::string_view solver = solvers.substr(0, solvers.find(','));
    solvers.remove_prefix(std::min(solver.size() + 1, solvers.size()));
    if (solver == "next") {
      TRY(RankingReport report, rank_next_purchases(study, task));
      lines.push_back({"next purchase", std::move(report)});
      continue;
    }
    TRY(const auto recommender, train_solver(sides.train, solver));
    add(fmt::format("solver {}", solver), *recommender);
    if (solver != "ials") continue;
    TRY(study.ials, choose_ials(before, study.new_items_only));
    TRY(const auto chosen, train_solver(sides.train, solver, study.ials));
    std::string said = study.ials;
    std::erase(said, '"');
    std::erase(said, ':');
    add("solver ials" + said, *chosen);
  }
  return lines;
}

int64_t parse_days(const char* text) {
  int64_t days = 0;
  const std::string_view view(text);
  std::from_chars(view.data(), view.data() + view.size(), days);
  return days;
}

Result<void> run(const char* path, int64_t test_days, bool new_items_only,
                 std::string_view solvers) {
  TRY(const Purchases purchases, read_purchases(path));
  int64_t last = purchases.all.front().time;
  for (const Interaction& one : purchases.all) last = std::max(last, one.time);
  // Of whole days, as the example cuts.
  const int64_t end = (last / kDaySeconds + 1) * kDaySeconds;
  const int64_t cut = end - test_days * kDaySeconds;
  const Sides before = sides_of(purchases, cut - test_days * kDaySeconds, cut);
  const Study study{.purchases = purchases,
                    .cut = cut,
                    .length = test_days * kDaySeconds,
                    .new_items_only = new_items_only,
                    .neighbours = choose_neighbours(before, new_items_only),
                    .ials = {}};
  const Sides sides = sides_of(purchases, cut, end);
  const RankingTask task{
      .train = sides.train, .test = sides.test, .new_items_only = new_items_only};
  TRY(const std::vector<StudyLine> lines, rank_all(study, sides, before, task, solvers));
  fmt::print(
      "{} purchases; {} pairs of {} items train; {} users are ranked for, {} purchases of "
      "unknown users or items left out\n\n{}{}",
      purchases.all.size(), sides.train.size(), sides.train.items(), lines.front().report.users(),
      sides.unknown, study_table(lines), differences_of_last(lines));
  return ok;
}

}  // namespace
}  // namespace millrace::ml::evaluation

int main(int count, char** arguments) {
  using namespace millrace::ml::evaluation;
  const int64_t days = count > 2 ? parse_days(arguments[2]) : 30;
  if (count < 2 || days <= 0) {
    std::fputs("usage: engines_ml_ranking_study FILE [TEST_DAYS [new|all [SOLVER,…]]]\n", stderr);
    return 2;
  }
  const bool everything = count > 3 && std::string_view(arguments[3]) == "all";
  const std::string_view solvers = count > 4 ? arguments[4] : "ials,bpr,softmax,next";
  const auto result = run(arguments[1], days, !everything, solvers);
  if (!result) fmt::print(stderr, "{}\n", result.error().message);
  return result ? 0 : 1;
}
