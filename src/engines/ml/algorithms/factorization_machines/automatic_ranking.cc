#include "engines/ml/algorithms/factorization_machines/automatic_ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "engines/ml/algorithms/factorization_machines/examples.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/implicit.h"
#include "engines/ml/algorithms/factorization_machines/ranking_validation.h"
#include "engines/ml/algorithms/factorization_machines/retold.h"
#include "engines/ml/algorithms/factorization_machines/solvers.h"
#include "engines/ml/algorithms/factorization_machines/validation.h"
#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kHeldOutPart = 5;    // One row of so many is held out.
constexpr uint64_t kTrialEpochs = 8;  // Of ials, half of its own: enough to compare by.
constexpr double kStep = 3;           // Between two decays.
constexpr int kStepsMax = 3;          // Up, and down.

struct Candidate {
  Settings settings;
  double ndcg = -1;

  std::string name() const {
    const std::string_view solver = kSolvers[static_cast<size_t>(settings.solver)];
    if (settings.solver == Solver::softmax && !settings.factors.decay_fits_rows) {
      return fmt::format("softmax, factors_wd {:.3g}", settings.factors.weight_decay);
    }
    if (settings.solver != Solver::ials) return std::string(solver);
    return fmt::format("ials, unobserved_weight {:.3g}, factors_wd {:.3g}",
                       settings.unobserved_weight, settings.factors.weight_decay);
  }
};

// Asks only whether to go on.
class Quiet final : public Progress {
 public:
  explicit Quiet(const std::stop_token& stop) : stop_(stop) {}
  void batch(uint64_t, uint64_t, const Measures&) override {}
  bool epoch(uint64_t, const Measures&, const Model&) override { return !stop_.stop_requested(); }
  void note(std::string_view) override {}

 private:
  const std::stop_token stop_;
};

Settings settings_for(const Training& training, Solver solver) {
  Settings settings = training.settings;
  settings.solver = solver;
  settings.linear.initializer = settings.factors.initializer = {};
  settings.early_stopping.reset();
  apply_solver_defaults(settings);
  return settings;
}

class Search {
 public:
  Search(const Training& training, const RowBatch& fit, const RankingValidation& judge)
      : training_(training), fit_(fit), judge_(judge) {}

  Candidate run() {
    note("popularity", ndcg_of(judge_.measure_popularity()));
    Candidate best = best_decay();
    const double product = best.settings.unobserved_weight * best.settings.factors.weight_decay;
    for (const double weight : {1.0, 0.1}) {
      Candidate other = best;
      other.settings.unobserved_weight = weight;
      other.settings.factors.weight_decay = product / weight;
      try_it(other);
      if (other.ndcg > best.ndcg) best = other;
    }
    best.settings.epochs = settings_for(training_, Solver::ials).epochs;
    // What softmax fits to how little is known of each user is too much where tastes are plain.
    Settings plain = settings_for(training_, Solver::softmax);
    plain.factors.decay_fits_rows = false;
    for (const Settings& settings :
         {settings_for(training_, Solver::bpr), settings_for(training_, Solver::softmax), plain}) {
      Candidate other{settings};
      try_it(other);
      if (other.ndcg > best.ndcg * (1 + kRanksBetter)) best = other;
    }
    return best;
  }

 private:
  static double ndcg_of(const Measures& measures) { return -ValidationWatch::loss_of(measures); }

  // Goes up from the default as long as that is better; if it never was, down.
  Candidate best_decay() {
    Candidate first{settings_for(training_, Solver::ials)};
    first.settings.epochs = kTrialEpochs;
    try_it(first);
    Candidate best = first;
    for (const double step : {kStep, 1 / kStep}) {
      Candidate next = first;
      for (int at = 0; at < kStepsMax; ++at) {
        next.settings.factors.weight_decay *= step;
        try_it(next);
        if (!(next.ndcg > best.ndcg)) break;
        best = next;
      }
      if (best.settings.factors.weight_decay > first.settings.factors.weight_decay) break;
    }
    return best;
  }

  void try_it(Candidate& candidate) {
    candidate.ndcg = -1;
    if (training_.stop.stop_requested()) return;
    const Settings& settings = candidate.settings;
    Model model(settings.type, settings.feature_dim, settings.num_factors);
    initialize(model, settings);
    RowsSource source(fit_);
    Quiet progress(training_.stop);
    const Result<void> solved = solve({.settings = settings,
                                       .source = source,
                                       .memory = &fit_,
                                       .progress = progress,
                                       .stop = training_.stop,
                                       .threads = training_.threads},
                                      model);
    if (solved) candidate.ndcg = ndcg_of(judge_.measure(model));
    note(candidate.name(), candidate.ndcg);
  }

  void note(std::string_view what, double ndcg) {
    training_.progress.note(fmt::format("auto: {}: ndcg@10 {:.6g}", what, ndcg));
  }

  const Training& training_;
  const RowBatch& fit_;
  const RankingValidation& judge_;
};

// All rows of as many users as have no more than `most` together; users are drawn.
RowBatch rows_of_some_users(const RowBatch& rows, const ImplicitData& data, size_t most,
                            uint64_t seed) {
  std::vector<size_t> counts(data.users().size());
  for (const ImplicitExample& example : data.examples()) ++counts[example.user];
  std::vector<uint32_t> order(counts.size());
  for (uint32_t user = 0; user < order.size(); ++user) order[user] = user;
  Generator generator(seed);
  for (size_t at = order.size(); at > 1; --at) {
    std::swap(order[at - 1], order[generator.below(at)]);
  }
  std::vector<bool> taken(counts.size());
  size_t total = 0;
  for (const uint32_t user : order) {
    if (total > 0 && total + counts[user] > most) continue;
    taken[user] = true;
    total += counts[user];
  }
  RowBatch out;
  for (size_t at = 0; at < rows.size(); ++at) {
    if (!taken[data.examples()[at].user]) continue;
    const RowView row = rows.row(at);
    out.indices.insert(out.indices.end(), row.indices.begin(), row.indices.end());
    out.values.insert(out.values.end(), row.values.begin(), row.values.end());
    out.end_row(rows.label(at));
    if (rows.weighted()) out.weigh_last_row(rows.importance(at));
  }
  return out;
}

Result<Candidate> choose(const Training& training, const RowBatch& rows) {
  RowBatch fit;
  RowBatch held;
  if (training.validation == nullptr) {
    TRY(const ImplicitData data, ImplicitData::make(rows, training.settings));
    fit = rows_of_some_users(rows, data, kRankingSearchExamples, training.settings.seed);
    held = hold_out(fit, kHeldOutPart);
  }
  const RowBatch& learned = training.validation == nullptr ? fit : rows;
  const RowBatch& judges = training.validation == nullptr ? held : *training.validation;
  const auto judge = RankingValidation::make(learned, judges, training.settings);
  if (!judge) {  // Too little to choose by.
    training.progress.note("auto: nothing to choose by: " + judge.error().message);
    return Candidate{settings_for(training, Solver::ials)};
  }
  return Search(training, learned, *judge).run();
}

}  // namespace

bool is_implicit_feedback(const RowBatch& rows, const Settings& settings) {
  if (rows.empty() || !(rows.label(0) > 0)) return false;
  for (size_t at = 1; at < rows.size(); ++at) {
    if (rows.label(at) != rows.label(0)) return false;
  }
  const auto data = ImplicitData::make(rows, settings);
  return data && data->users().size() > 1 && data->items().size() > 1;
}

Result<void> solve_automatic_ranking(const Training& training, const RowBatch& rows, Model& model) {
  training.progress.note(
      "auto: all examples have the same label and name a user and an item: items are ranked");
  TRY(const Candidate chosen, choose(training, rows));
  const Settings& settings = chosen.settings;
  training.progress.note(fmt::format("auto: chosen is {}, for {} epochs on {} examples",
                                     chosen.name(), settings.epochs, rows.size()));
  RowsSource source(rows);
  Retold progress(training, settings.epochs);
  initialize(model, settings);
  return solve({.settings = settings,
                .source = source,
                .memory = &rows,
                .validation = training.validation,
                .progress = progress,
                .stop = training.stop,
                .threads = training.threads},
               model);
}

}  // namespace millrace::ml::factorization_machines
