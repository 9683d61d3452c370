// engines_ml_ranking_study FILE [TEST_DAYS [all]]
//
// FILE has a line `user,item,seconds` for each purchase (examples/recommender/interactions.js makes
// it). The last TEST_DAYS (30) days are the test; the same number before them choose the
// neighbours' settings, on a split of their own. Ranks what is new to each user, or with `all`
// everything, all items, and prints one table in Markdown.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "base/result.h"
#include "engines/ml/evaluation/ranking_study.h"

namespace millrace::ml::evaluation {
namespace {

constexpr int64_t kDaySeconds = 86'400;

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
  return {.train = InteractionMatrix(split.train, users, items),
          .test = InteractionMatrix(split.test, users, items),
          .unknown = split.unknown};
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

int64_t parse_days(const char* text) {
  int64_t days = 0;
  const std::string_view view(text);
  std::from_chars(view.data(), view.data() + view.size(), days);
  return days;
}

Result<void> run(const char* path, int64_t test_days, bool new_items_only) {
  TRY(const Purchases purchases, read_purchases(path));
  int64_t last = purchases.all.front().time;
  for (const Interaction& one : purchases.all) last = std::max(last, one.time);
  // Of whole days, as the example cuts.
  const int64_t end = (last / kDaySeconds + 1) * kDaySeconds;
  const int64_t cut = end - test_days * kDaySeconds;
  const ItemNeighbours neighbours =
      choose_neighbours(sides_of(purchases, cut - test_days * kDaySeconds, cut), new_items_only);
  const Sides sides = sides_of(purchases, cut, end);
  const RankingTask task{
      .train = sides.train, .test = sides.test, .new_items_only = new_items_only};
  std::vector<StudyLine> lines;
  const auto add = [&](std::string name, const Recommender& recommender) {
    lines.push_back({std::move(name), rank_for_all(recommender, task)});
  };
  add("popularity", *make_popularity(sides.train));
  if (!new_items_only) add("repetition, then popularity", *make_repetition(sides.train));
  add(fmt::format("item-kNN ({} neighbours, shrinkage {})", neighbours.neighbours,
                  neighbours.shrinkage),
      *make_item_neighbours(sides.train, neighbours));
  fmt::print(
      "{} purchases; {} pairs of {} items train; {} users are ranked for, {} purchases of "
      "unknown users or items left out\n\n{}",
      purchases.all.size(), sides.train.size(), sides.train.items(), lines.front().report.users(),
      sides.unknown, study_table(lines));
  return ok;
}

}  // namespace
}  // namespace millrace::ml::evaluation

int main(int count, char** arguments) {
  using namespace millrace::ml::evaluation;
  const int64_t days = count > 2 ? parse_days(arguments[2]) : 30;
  if (count < 2 || days <= 0) {
    std::fputs("usage: engines_ml_ranking_study FILE [TEST_DAYS [all]]\n", stderr);
    return 2;
  }
  const bool everything = count > 3 && std::string_view(arguments[3]) == "all";
  const auto result = run(arguments[1], days, !everything);
  if (!result) fmt::print(stderr, "{}\n", result.error().message);
  return result ? 0 : 1;
}
