#include "engines/ml/algorithms/factorization_machines/als.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engines/ml/algorithms/factorization_machines/als_priors.h"
#include "engines/ml/algorithms/factorization_machines/blocks.h"
#include "engines/ml/algorithms/factorization_machines/descent.h"
#include "engines/ml/algorithms/factorization_machines/validation.h"

namespace millrace::ml::factorization_machines {
namespace {

// Of a classifier's bias at least, so that labels of one kind leave it finite.
constexpr double kBiasDecayMin = 0.01;

// Decays of factors are meant for labels of deviation 1. (Linear ones are the same for any.)
BlockPriors priors_of(const Settings& settings, const RowBatch& rows, size_t groups, size_t factors,
                      double scale) {
  const FittedDecays fitted = fitted_decays(rows);
  const double linear =
      settings.linear.weight_decay * (settings.linear.decay_fits_rows ? fitted.linear : 1);
  const double of_factors = settings.factors.weight_decay * scale *
                            (settings.factors.decay_fits_rows ? fitted.factors : 1);
  BlockPriors priors(groups, factors);
  for (size_t group = 0; group < groups; ++group) {
    float* precisions = priors.precisions.data() + group * priors.parameters;
    std::fill_n(precisions, factors, static_cast<float>(of_factors));
    precisions[factors] = static_cast<float>(linear);
  }
  const double least = settings.type == PredictorType::regressor ? 0 : kBiasDecayMin;
  priors.bias_precision = static_cast<float>(std::max(settings.bias.weight_decay, least));
  return priors;
}

// Nobody gave a decay, and rows are short enough to learn them.
bool learns_decays(const Settings& settings, const RowBatch& rows) {
  return settings.linear.decay_fits_rows && settings.factors.decay_fits_rows && usually_short(rows);
}

void enlarge(double by, Model& model) {
  for (uint64_t feature = 0; feature < model.feature_dim(); ++feature) {
    for (uint32_t f = 0; f < model.num_factors(); ++f) {
      model.row(feature)[f] *= static_cast<float>(by);
    }
  }
}

// Exact sweeps never make the penalised error larger. Where features of very different scales make
// a system too ill-conditioned for float, one does at last.
constexpr double kWorse = 1.05;

Result<void> sweep_given(const Training& training, const RowBatch& rows, Blocks& blocks,
                         const BlockPriors& priors, Model& model) {
  const Settings& settings = training.settings;
  double before = std::numeric_limits<double>::infinity();
  for (uint64_t epoch = 0; epoch < settings.epochs; ++epoch) {
    Model last = model;
    blocks.sweep(priors, 1, epoch);
    blocks.give(priors, training.continued, model);
    const Measures measures = measures_of(settings.type, rows, blocks.outputs());
    const double loss = ValidationWatch::loss_of(measures);
    if (!(loss <= kWorse * before)) {
      if (epoch == 0) return diverged(epoch, 0);
      model = std::move(last);
      training.progress.note(fmt::format(
          "Stopping at epoch {}: a sweep no longer makes the errors smaller in the precision of "
          "float; the model before it is kept. Larger decays or features of similar scales help",
          epoch));
      break;
    }
    before = loss;
    if (!training.progress.epoch(epoch, measures, model)) break;
  }
  return ok;
}

Result<void> sweep_learning(const Training& training, const RowBatch& rows, Blocks& blocks,
                            AlsPriors& learned, Model& model) {
  const Settings& settings = training.settings;
  for (uint64_t epoch = 0; epoch < settings.epochs; ++epoch) {
    blocks.sweep(learned.priors(), learned.noise_precision(), epoch);
    learned.learn(blocks);
    blocks.give(learned.priors(), training.continued, model);
    const Measures measures = measures_of(settings.type, rows, blocks.outputs());
    if (!std::isfinite(ValidationWatch::loss_of(measures))) return diverged(epoch, 0);
    if (!training.progress.epoch(epoch, measures, model)) break;
  }
  return ok;
}

}  // namespace

FittedDecays fitted_decays(const RowBatch& rows) {
  const double longer = row_lengths(rows).usual;  // Than two ones.
  // A row of less than two ones has less than a pair, or none: what is left is its scale.
  return {longer, longer > 1 ? std::sqrt(longer * (2 * longer - 1)) : longer};
}

float constant_output(PredictorType type, const RowBatch& rows) {
  double sum = 0;
  double count = 0;
  for (size_t at = 0; at < rows.size(); ++at) {
    sum += double{rows.importance(at)} * rows.label(at);
    count += rows.importance(at);
  }
  if (type == PredictorType::regressor) return static_cast<float>(sum / count);
  return static_cast<float>(std::log((sum + 1) / (count - sum + 1)));
}

std::vector<float> labels_of(const RowBatch& rows) {
  std::vector<float> labels(rows.size());
  for (size_t at = 0; at < rows.size(); ++at) labels[at] = rows.label(at);
  return labels;
}

Measures measures_of(PredictorType type, const RowBatch& rows, std::span<const float> outputs) {
  Measures measures(type);
  for (size_t at = 0; at < rows.size(); ++at) measures.add(outputs[at], rows.label(at));
  return measures;
}

Result<void> solve_als(const Training& training, Model& model) {
  TRY(check_block_factors(model));
  TRY(const RowBatch* rows, in_memory(training));
  if (rows->empty()) return ok;
  const Settings& settings = training.settings;
  const Columns columns(*rows, settings.feature_dim, settings.fields);
  const bool learns = learns_decays(settings, *rows);
  Blocks blocks(
      *rows, columns, labels_of(*rows), settings.type,
      {.factors = model.num_factors(), .threads = training.threads, .keeps_variances = learns});
  const double scale = label_scale(settings.type, *rows);
  const BlockPriors priors =
      priors_of(settings, *rows, columns.groups().size(), model.num_factors(), scale);
  if (!training.continued) enlarge(std::sqrt(scale), model);
  if (settings.bias_from_data && !training.continued) {
    model.bias = constant_output(settings.type, *rows);
  }
  blocks.take(model);
  if (learns) {
    AlsPriors learned(settings.type, *rows, columns, scale, priors);
    return sweep_learning(training, *rows, blocks, learned, model);
  }
  return sweep_given(training, *rows, blocks, priors, model);
}

}  // namespace millrace::ml::factorization_machines
