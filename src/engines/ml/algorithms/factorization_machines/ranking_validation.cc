#include "engines/ml/algorithms/factorization_machines/ranking_validation.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>

#include "engines/ml/algorithms/factorization_machines/top_n_kernels.h"
#include "engines/ml/evaluation/ranking.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kRowUnit = 16;  // Of dot_rows().

void append(RowBatch& rows, RowView row) {
  rows.indices.insert(rows.indices.end(), row.indices.begin(), row.indices.end());
  rows.values.insert(rows.values.end(), row.values.begin(), row.values.end());
  rows.end_row(0);
}

void add_factors(const Model& model, RowView row, float* sums) {
  for (size_t i = 0; i < row.indices.size(); ++i) {
    const float* const factors = model.row(row.indices[i]);
    for (uint32_t f = 0; f < model.num_factors(); ++f) sums[f] += factors[f] * row.values[i];
  }
}

void sort_unique(std::vector<uint32_t>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

std::vector<float> count_buyers(const ImplicitData& known) {
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  for (const ImplicitExample& example : known.examples()) {
    if (example.positive) pairs.emplace_back(example.item, example.user);
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  std::vector<float> buyers(known.items().size());
  for (const auto& [item, user] : pairs) ++buyers[item];
  return buyers;
}

}  // namespace

Result<RankingValidation> RankingValidation::make(const RowBatch& train, const RowBatch& validation,
                                                  const Settings& settings) {
  TRY(const ImplicitData known, ImplicitData::make(train, settings));
  Result<ImplicitData> held_out = ImplicitData::make_like(validation, known);
  if (!held_out) {
    Error error = std::move(held_out).error();
    error.message = "Of the validation data: " + error.message;
    return fail(std::move(error));
  }
  RankingValidation ranking;
  for (size_t item = 0; item < known.items().size(); ++item) {
    append(ranking.item_rows_, known.item_row(item));
  }
  std::map<uint32_t, User> users;  // By feature.
  for (size_t at = 0; at < held_out->examples().size(); ++at) {
    const ImplicitExample& example = held_out->examples()[at];
    if (!example.positive) continue;
    const uint32_t feature = held_out->items()[example.item];
    const auto item = std::lower_bound(known.items().begin(), known.items().end(), feature);
    if (item == known.items().end() || *item != feature) continue;  // Nobody could rank it.
    const uint32_t user = held_out->users()[example.user];
    if (!users.contains(user) && users.size() >= kRankedUsersMax) continue;
    User& own = users[user];
    if (own.relevant.empty()) {
      own.context = static_cast<uint32_t>(ranking.contexts_.size());
      append(ranking.contexts_, held_out->context(at));
    }
    own.relevant.push_back(static_cast<uint32_t>(item - known.items().begin()));
  }
  ranking.buyers_ = count_buyers(known);
  for (const ImplicitExample& example : known.examples()) {
    const auto found = users.find(known.users()[example.user]);
    if (found != users.end() && example.positive) found->second.excluded.push_back(example.item);
  }
  for (auto& [feature, user] : users) {
    sort_unique(user.relevant);
    sort_unique(user.excluded);
    std::vector<uint32_t> excluded;
    std::set_difference(user.excluded.begin(), user.excluded.end(), user.relevant.begin(),
                        user.relevant.end(), std::back_inserter(excluded));
    user.excluded = std::move(excluded);
    ranking.users_.push_back(std::move(user));
  }
  if (ranking.users_.empty()) {
    return fail(
        ErrorKind::invalid,
        "The validation data has no positive example of an item that the training data has");
  }
  return ranking;
}

Measures RankingValidation::measure(const Model& model) const {
  const size_t width = (model.num_factors() + kRowUnit - 1) / kRowUnit * kRowUnit;
  const size_t items = item_rows_.size();
  std::vector<float> vectors(items * width);
  std::vector<float> biases(items);
  for (size_t item = 0; item < items; ++item) {
    add_factors(model, item_rows_.row(item), vectors.data() + item * width);
    biases[item] = predict(model.view(), item_rows_.row(item));
  }
  std::vector<float> context(width);
  return measure_by([&](const User& user, std::vector<float>& scores) {
    std::fill(context.begin(), context.end(), 0.0f);
    add_factors(model, contexts_.row(user.context), context.data());
    for (size_t item = 0; item < items; ++item) {
      scores[item] = dot_rows(context.data(), vectors.data() + item * width, width) + biases[item];
      if (std::isnan(scores[item])) scores[item] = -std::numeric_limits<float>::infinity();
    }
  });
}

Measures RankingValidation::measure_popularity() const {
  return measure_by([&](const User&, std::vector<float>& scores) { scores = buyers_; });
}

template <class ScoreItems>
Measures RankingValidation::measure_by(const ScoreItems& score_items) const {
  std::vector<float> scores(item_rows_.size());
  std::vector<uint32_t> best;
  double ndcg = 0;
  double recall = 0;
  for (const User& user : users_) {
    score_items(user, scores);
    evaluation::best_items(scores, user.excluded, kRankedItems, best);
    const auto values = evaluation::measure_ranking(best, user.relevant, kRankedItems);
    ndcg += values[static_cast<size_t>(evaluation::RankingMeasure::ndcg)];
    recall += values[static_cast<size_t>(evaluation::RankingMeasure::recall)];
  }
  const auto count = static_cast<double>(users_.size());
  return Measures(users_.size(),
                  {{"ndcg@10", "score", ndcg / count}, {"recall@10", "score", recall / count}});
}

}  // namespace millrace::ml::factorization_machines
