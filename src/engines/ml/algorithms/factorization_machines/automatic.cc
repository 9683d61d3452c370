#include "engines/ml/algorithms/factorization_machines/automatic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/als.h"
#include "engines/ml/algorithms/factorization_machines/automatic_ranking.h"
#include "engines/ml/algorithms/factorization_machines/examples.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/retold.h"
#include "engines/ml/algorithms/factorization_machines/solvers.h"
#include "engines/ml/algorithms/factorization_machines/tally.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kHeldOutPart = 5;  // One row of so many is held out.
constexpr size_t kRowsMin = 20;     // Below it there is nothing to compare by.
constexpr uint32_t kFewFactors = 8;
constexpr uint32_t kSampledFactors = 16;
constexpr uint64_t kSampledEpochs = 100;  // Of mcmc, in the end.
constexpr size_t kPathPatience = 2;       // Decays in a row that are no better.
constexpr std::array kLinearDecays = {100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1};
constexpr std::array kFactorDecays = {300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3};
constexpr std::array kClassFactorDecays = {100.0, 30.0, 10.0, 3.0, 1.0, 0.3};

// What may be chosen, and how well it did.
struct Candidate {
  Settings settings;
  uint64_t patience = 2;  // Epochs that are no better, after which a trial ends; 0: it does not.
  double loss = std::numeric_limits<double>::infinity();
  std::vector<float> row_losses;  // Of the rows that are held out.
  uint64_t best_epochs = 1;

  std::string name() const {
    const std::string_view solver = kSolvers[static_cast<size_t>(settings.solver)];
    if (!settings.fields.empty() && settings.solver == Solver::adagrad) {
      return fmt::format("a field-aware model of {} factors", settings.num_factors);
    }
    if (settings.solver != Solver::als) {
      return fmt::format("{} of {} factors", solver, settings.num_factors);
    }
    if (settings.num_factors == 0) {
      return fmt::format("linear weights, linear_wd {:g}", settings.linear.weight_decay);
    }
    return fmt::format("{} of {} factors, linear_wd {:g}, factors_wd {:g}", solver,
                       settings.num_factors, settings.linear.weight_decay,
                       settings.factors.weight_decay);
  }
};

// What a model gets wrong of each row: squared errors of a regressor, cross-entropies of a
// classifier.
std::vector<float> row_losses(const Model& model, const RowBatch& rows) {
  std::vector<float> losses(rows.size());
  for (size_t at = 0; at < rows.size(); ++at) {
    Tally one;
    add_to(one, model.type(), predict(model.view(), rows.row(at)), rows.label(at));
    losses[at] = static_cast<float>(one.loss);
  }
  return losses;
}

// rmse of a regressor, cross-entropy of a classifier.
double loss_of(PredictorType type, std::span<const float> row_losses) {
  double sum = 0;
  for (const float loss : row_losses) sum += loss;
  const double mean = sum / static_cast<double>(row_losses.size());
  return type == PredictorType::regressor ? std::sqrt(mean) : mean;
}

// Whether the mean difference of two models' losses on the same rows is beyond its standard error.
bool beyond_chance(std::span<const float> worse, std::span<const float> better) {
  double sum = 0;
  double squares = 0;
  for (size_t at = 0; at < worse.size(); ++at) {
    const double difference = double{worse[at]} - better[at];
    sum += difference;
    squares += difference * difference;
  }
  const auto count = static_cast<double>(worse.size());
  const double mean = sum / count;
  return mean > std::sqrt(std::max(0.0, squares / count - mean * mean) / count);
}

// Follows one trial on the rows that are held out; of one without patience only the end is seen.
class Trial final : public Progress {
 public:
  Trial(const RowBatch& held, const std::stop_token& stop, Candidate& candidate)
      : held_(held), stop_(stop), candidate_(candidate) {}

  void batch(uint64_t, uint64_t, const Measures&) override {}
  bool epoch(uint64_t epoch, const Measures&, const Model& model) override {
    if (candidate_.patience == 0) return !stop_.stop_requested();
    constexpr double kLittle = 1e-4;  // Of the loss; less is not worth an epoch.
    const double before = candidate_.loss;
    measure(model, epoch + 1);
    if (candidate_.loss < before * (1 - kLittle)) better_ = epoch;
    return !stop_.stop_requested() && epoch - better_ < candidate_.patience;
  }
  void note(std::string_view) override {}
  void end(const Model& model) {
    if (candidate_.patience == 0) measure(model, candidate_.settings.epochs);
  }

 private:
  void measure(const Model& model, uint64_t epochs) {
    std::vector<float> losses = row_losses(model, held_);
    const double loss = loss_of(model.type(), losses);
    if (!(loss < candidate_.loss)) return;
    candidate_.loss = loss;
    candidate_.row_losses = std::move(losses);
    candidate_.best_epochs = epochs;
  }

  const RowBatch& held_;
  const std::stop_token stop_;
  Candidate& candidate_;
  uint64_t better_ = 0;
};

class Search {
 public:
  Search(const Training& training, const RowBatch& fit, const RowBatch& held)
      : training_(training), fit_(fit), held_(held), fitted_(fitted_decays(fit)) {}

  Candidate run() {
    compare_with_constant();
    walk(kLinearDecays, fitted_.linear, linear(0), &Settings::linear);
    walk(classes() ? std::span<const double>(kClassFactorDecays)
                   : std::span<const double>(kFactorDecays),
         fitted_.factors, factors(std::min(num_factors(), kFewFactors)), &Settings::factors);
    if (best_.settings.num_factors > 0 && num_factors() > kFewFactors) {
      Candidate wide = best_;
      wide.settings.num_factors = num_factors();
      take_if_better(tried(wide));
    }
    if (worth_sampling()) take_if_better(tried(sampled()));
    take_if_better(tried(descent(Solver::adagrad, {})));
    take_if_better(tried(descent(Solver::sgd, {})));
    const std::vector<uint64_t>& fields = training_.settings.fields;
    if (fields.size() > 1 && !training_.ranks_items) {
      take_if_better(tried(descent(Solver::adagrad, fields)));
    }
    return best_;
  }

 private:
  bool classes() const { return training_.settings.type == PredictorType::binary_classifier; }
  uint32_t num_factors() const { return training_.settings.num_factors; }

  Candidate als(uint32_t factors, uint64_t epochs) const {
    Candidate candidate{training_.settings};
    Settings& s = candidate.settings;
    s.solver = Solver::als;
    s.num_factors = factors;
    s.epochs = epochs;
    s.bias = s.linear = {};
    s.factors = {{Initializer::Method::normal, 0.1}, 0, 0};
    s.bias_from_data = true;
    s.early_stopping.reset();
    return candidate;
  }
  Candidate linear(uint32_t factors) const { return als(factors, 12); }
  Candidate factors(uint32_t factors) const {
    Candidate candidate = als(factors, 30);
    candidate.settings.linear.weight_decay = best_.settings.linear.weight_decay;
    candidate.patience = 3;
    return candidate;
  }
  bool worth_sampling() const {
    return training_.memory->indices.size() <= kSampledEntries &&
           fit_.indices.size() <= kSampledWidth * fit_.size();
  }
  // As long as in the end: a chain that has not come to rest says nothing about one that has.
  Candidate sampled() const {
    Candidate candidate = als(std::min(num_factors(), kSampledFactors), kSampledEpochs);
    candidate.settings.solver = Solver::mcmc;
    candidate.patience = 0;
    return candidate;
  }
  // With its own defaults (settings.cc).
  Candidate descent(Solver solver, std::vector<uint64_t> fields) const {
    Candidate candidate = als(num_factors(), 0);
    Settings& s = candidate.settings;
    s.solver = solver;
    s.fields = std::move(fields);
    apply_solver_defaults(s);
    s.epochs = 30;
    candidate.patience = 4;
    return candidate;
  }

  void compare_with_constant() {
    Model constant(training_.settings.type, training_.settings.feature_dim, 0);
    constant.bias = constant_output(training_.settings.type, fit_);
    const double loss = loss_of(constant.type(), row_losses(constant, held_));
    training_.progress.note(
        fmt::format("auto: a constant has the loss {:.6g} on {} examples held "
                    "out, {} are learned from",
                    loss, held_.size(), fit_.size()));
  }

  // From strong decays to weak ones, until they are no better.
  void walk(std::span<const double> decays, double fitted, Candidate candidate,
            TermSettings Settings::* term) {
    Candidate here;
    size_t worse = 0;
    for (const double decay : decays) {
      (candidate.settings.*term).weight_decay = decay * fitted;
      const Candidate now = tried(candidate);
      worse = now.loss < here.loss ? 0 : worse + 1;
      if (now.loss < here.loss) here = now;
      if (worse == kPathPatience || training_.stop.stop_requested()) break;
    }
    take_if_better(here);
  }

  Candidate tried(Candidate candidate) const {
    candidate.loss = std::numeric_limits<double>::infinity();
    if (training_.stop.stop_requested()) return candidate;
    Trial trial(held_, training_.stop, candidate);
    RowsSource source(fit_);
    const Settings settings = candidate.settings;
    Model model(settings.type, settings.feature_dim, settings.num_factors);
    initialize(model, settings);
    const Result<void> solved = solve({.settings = settings,
                                       .source = source,
                                       .memory = &fit_,
                                       .validation = candidate.patience > 0 ? &held_ : nullptr,
                                       .progress = trial,
                                       .stop = training_.stop,
                                       .threads = training_.threads},
                                      model);
    if (solved) trial.end(model);
    if (!solved) candidate.loss = std::numeric_limits<double>::infinity();
    training_.progress.note(fmt::format("auto: {}: loss {:.6g} after {} epochs", candidate.name(),
                                        candidate.loss, candidate.best_epochs));
    return candidate;
  }

  void take_if_better(const Candidate& candidate) {
    const bool first = !std::isfinite(best_.loss);
    const bool little =
        classes() || (candidate.settings.solver == Solver::mcmc && best_.settings.num_factors > 0);
    const double better = little ? kLittleBetter : kBetter;
    if (!first && candidate.loss >= best_.loss * (1 - better)) return;
    const bool was_linear = !first && best_.settings.num_factors == 0;
    if (was_linear && !beyond_chance(best_.row_losses, candidate.row_losses)) return;
    best_ = candidate;
  }

  const Training& training_;
  const RowBatch& fit_;
  const RowBatch& held_;
  const FittedDecays fitted_;  // Decays are tried in units of rows of two ones.
  Candidate best_;
};

// So many that the search takes a time that is bounded, however long rows are.
size_t search_rows(const RowBatch& rows) {
  const size_t width = std::max<size_t>(rows.indices.size() / rows.size(), 1);
  return std::min(kSearchRows, kSearchEntries / width);
}

RowBatch first_rows(const RowBatch& rows, size_t count) {
  RowBatch out;
  RowsSource source(rows);
  if (const auto read = source.read(count)) out = **read;
  return out;
}

// The same model with more factors, of zeros.
Model widened(const Model& model, uint32_t num_factors) {
  Model wide(model.type(), model.feature_dim(), num_factors);
  wide.bias = model.bias;
  for (uint64_t feature = 0; feature < model.feature_dim(); ++feature) {
    std::copy_n(model.row(feature), model.num_factors(), wide.row(feature));
    wide.linear(feature) = model.linear(feature);
  }
  return wide;
}

Result<void> train_chosen(const Training& training, const RowBatch& rows, Candidate chosen,
                          Model& model) {
  Settings& settings = chosen.settings;
  settings.epochs = settings.solver == Solver::mcmc ? kSampledEpochs : chosen.best_epochs;
  training.progress.note(fmt::format("auto: chosen is {}, for {} epochs on {} examples",
                                     chosen.name(), settings.epochs, rows.size()));
  RowsSource source(rows);
  Retold progress(training, settings.epochs);
  model = Model(settings.type, settings.feature_dim, settings.num_factors);
  initialize(model, settings);
  TRY(solve({.settings = settings,
             .source = source,
             .memory = &rows,
             .validation = training.validation,
             .progress = progress,
             .stop = training.stop,
             .threads = training.threads},
            model));
  const uint32_t asked = training.settings.num_factors;
  if (model.num_factors() < asked) model = widened(model, asked);
  return ok;
}

}  // namespace

Result<void> solve_automatic(const Training& training, Model& model) {
  if (training.continued) {
    return fail(ErrorKind::unsupported,
                "The solver 'auto' begins anew; name another solver to go on from a model");
  }
  TRY(const RowBatch* memory, in_memory(training));
  if (memory->empty()) return ok;
  const RowBatch rows = shuffled(*memory, training.settings.seed);
  if (is_implicit_feedback(rows, training.settings)) {
    return solve_automatic_ranking(training, rows, model);
  }
  RowBatch fit = first_rows(rows, search_rows(rows));
  RowBatch held;
  if (training.validation == nullptr && fit.size() >= kRowsMin) held = hold_out(fit, kHeldOutPart);
  const RowBatch& judges = training.validation != nullptr ? *training.validation : held;
  Candidate chosen;
  if (!judges.empty()) {
    chosen = Search(training, fit, judges).run();
  }
  if (!std::isfinite(chosen.loss)) {  // Too little to choose by: the shortest description.
    chosen.settings = training.settings;
    chosen.settings.solver = Solver::als;
    apply_solver_defaults(chosen.settings);
    chosen.best_epochs = 20;
  }
  return train_chosen(training, rows, std::move(chosen), model);
}

}  // namespace millrace::ml::factorization_machines
