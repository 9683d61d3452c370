#include "engines/ml/algorithms/factorization_machines/mcmc.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/als.h"
#include "engines/ml/algorithms/factorization_machines/blocks.h"
#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint64_t kFactorsServed = 1024;                // That samples share, if they can.
constexpr uint64_t kServedBytesMax = uint64_t{1} << 30;  // Of all samples' factors.
constexpr uint64_t kHyperDraws = uint64_t{1} << 41;      // Parts of draws that are of groups.
// The prior of the priors, in units of scaled labels: as if each group had one more parameter, of
// this square.
constexpr double kPriorSquare = 1;
constexpr double kPriorCount = 1;

uint64_t samples_to_keep(const Settings& settings, uint64_t factors) {
  uint64_t samples =
      std::clamp(kFactorsServed / std::max<uint64_t>(factors, 1), kSamplesMin, kSamplesMax);
  const uint64_t bytes = settings.feature_dim * std::max<uint64_t>(factors, 1) * sizeof(float);
  samples = std::min(samples, std::max<uint64_t>(kServedBytesMax / bytes, 1));
  const uint64_t after = settings.epochs - static_cast<uint64_t>(kBurnIn * settings.epochs);
  return std::min(samples, std::max<uint64_t>(after, 1));
}

// Labels as the sampler sees them.
struct Scale {
  double mean = 0;
  double deviation = 1;
};

Scale scale_of(PredictorType type, const RowBatch& rows) {
  Scale scale;
  if (type == PredictorType::binary_classifier) return scale;
  double count = 0;
  for (size_t at = 0; at < rows.size(); ++at) {
    scale.mean += double{rows.importance(at)} * rows.label(at);
    count += rows.importance(at);
  }
  scale.mean /= count;
  double squares = 0;
  for (size_t at = 0; at < rows.size(); ++at) {
    const double apart = rows.label(at) - scale.mean;
    squares += rows.importance(at) * apart * apart;
  }
  const double deviation = std::sqrt(squares / count);
  if (deviation > 1e-6 * std::abs(scale.mean)) scale.deviation = deviation;
  return scale;
}

// The samples so far, as one model.
class Average {
 public:
  Average(const Model& first, const Scale& scale, uint64_t samples, size_t rows)
      : scale_(scale),
        factors_(first.num_factors()),

        total_(first.type(), first.feature_dim(),
               static_cast<uint32_t>(first.num_factors() * samples)),
        outputs_(rows) {}

  void add(const Model& sample, std::span<const float> outputs) {
    const float root = static_cast<float>(std::sqrt(scale_.deviation));
    for (uint64_t feature = 0; feature < sample.feature_dim(); ++feature) {
      float* to = total_.row(feature) + count_ * factors_;
      const float* from = sample.row(feature);
      for (size_t f = 0; f < factors_; ++f) to[f] = from[f] * root;
      total_.linear(feature) += sample.linear(feature);
    }
    bias_ += sample.bias;
    for (size_t at = 0; at < outputs.size(); ++at) outputs_[at] += outputs[at];
    ++count_;
  }

  uint64_t count() const { return count_; }

  Model model() const {
    ASSERT(count_ > 0);
    Model model(total_.type(), total_.feature_dim(), static_cast<uint32_t>(factors_ * count_));
    const double parts = static_cast<double>(count_);
    model.bias = static_cast<float>(scale_.mean + scale_.deviation * bias_ / parts);
    const float by = static_cast<float>(1 / std::sqrt(parts));
    const float linear_by = static_cast<float>(scale_.deviation / parts);
    for (uint64_t feature = 0; feature < model.feature_dim(); ++feature) {
      const float* from = total_.row(feature);
      float* to = model.row(feature);
      for (size_t f = 0; f < model.num_factors(); ++f) to[f] = from[f] * by;
      model.linear(feature) = total_.linear(feature) * linear_by;
    }
    return model;
  }

  // Of the rows that were learned from, in units of the labels.
  std::vector<float> outputs() const {
    std::vector<float> outputs(outputs_.size());
    for (size_t at = 0; at < outputs.size(); ++at) outputs[at] = unscaled(outputs_[at] / count_);
    return outputs;
  }
  float unscaled(double output) const {
    return static_cast<float>(scale_.mean + scale_.deviation * output);
  }

 private:
  const Scale scale_;
  const size_t factors_;
  Model total_;
  double bias_ = 0;
  std::vector<double> outputs_;
  uint64_t count_ = 0;
};

class Sampler {
 public:
  Sampler(const Training& training, const RowBatch& rows, Model& model)
      : settings_(training.settings),
        continued_(training.continued),
        rows_(rows),
        labels_(labels_of(rows)),
        scale_(scale_of(settings_.type, rows)),
        columns_(rows, settings_.feature_dim, settings_.fields),
        priors_(columns_.groups().size(), model.num_factors()),
        blocks_(rows, columns_, scaled_labels(), settings_.type,
                {.factors = model.num_factors(),
                 .threads = training.threads,
                 .draws = true,
                 .seed = settings_.seed}),
        keep_(samples_to_keep(settings_, model.num_factors())),
        average_(model, scale_, keep_, rows.size()),
        expected_(rows.size()) {
    priors_.bias_precision = static_cast<float>(kPriorSquare);
    if (continued_) {
      to_scale(model);
    } else {
      model.bias =
          settings_.type == PredictorType::regressor ? 0 : constant_output(settings_.type, rows);
    }
    blocks_.take(model);
  }

  // False: an output is not finite.
  bool sweep(uint64_t epoch, Model& sample) {
    Generator generator(settings_.seed, epoch, kHyperDraws);
    draw_priors(generator);
    // As many of the epochs after the first as there is room for, evenly.
    const auto burnt = static_cast<uint64_t>(kBurnIn * static_cast<double>(settings_.epochs));
    const uint64_t left = settings_.epochs - burnt;
    const bool keeps =
        epoch >= burnt && (epoch - burnt + 1) * keep_ / left > (epoch - burnt) * keep_ / left;
    blocks_.sweep(priors_, static_cast<float>(draw_noise_precision(generator)), epoch, keeps);
    blocks_.give(priors_, continued_, sample);
    for (const float output : blocks_.outputs()) {
      if (!std::isfinite(output)) return false;
    }
    if (keeps) {
      blocks_.give_expected(sample);
      for (size_t at = 0; at < rows_.size(); ++at) {
        expected_[at] = predict(sample.view(), rows_.row(at));
      }
      average_.add(sample, expected_);
    }
    return true;
  }

  const Average& average() const { return average_; }

  Measures measures() const {
    if (average_.count() > 0) return measures_of(settings_.type, rows_, average_.outputs());
    std::vector<float> outputs(blocks_.outputs().begin(), blocks_.outputs().end());
    for (float& output : outputs) output = average_.unscaled(output);
    return measures_of(settings_.type, rows_, outputs);
  }

  // The samples so far; of the last one where there is no other.
  Model model(const Model& sample) const {
    if (average_.count() > 0) return average_.model();
    Average one(sample, scale_, 1, 0);
    one.add(sample, {});
    return one.model();
  }

 private:
  std::vector<float> scaled_labels() const {
    std::vector<float> scaled = labels_;
    for (float& label : scaled) {
      label = static_cast<float>((label - scale_.mean) / scale_.deviation);
    }
    return scaled;
  }

  // The parameters of a model that predicts labels, for scaled ones.
  void to_scale(Model& model) const {
    const auto by = static_cast<float>(1 / scale_.deviation);
    const float by_root = std::sqrt(by);
    model.bias = (model.bias - static_cast<float>(scale_.mean)) * by;
    for (uint64_t feature = 0; feature < model.feature_dim(); ++feature) {
      model.linear(feature) *= by;
      for (uint32_t f = 0; f < model.num_factors(); ++f) model.row(feature)[f] *= by_root;
    }
  }

  double draw_noise_precision(Generator& generator) const {
    if (settings_.type == PredictorType::binary_classifier) return 1;
    double squares = kPriorSquare;
    double count = kPriorCount;
    const std::span<const float> outputs = blocks_.outputs();
    for (size_t at = 0; at < outputs.size(); ++at) {
      const double error = (labels_[at] - scale_.mean) / scale_.deviation - outputs[at];
      squares += rows_.importance(at) * error * error;
      count += rows_.importance(at);
    }
    return generator.gamma(count / 2) / (squares / 2);
  }

  // Of each group, from the parameters of its features.
  void draw_priors(Generator& generator) {
    const size_t parameters = priors_.parameters;
    size_t next = 0;
    for (size_t group = 0; group < columns_.groups().size(); ++group) {
      std::vector<double> sums(parameters);
      std::vector<double> squares(parameters);
      double count = 0;
      for (; next < columns_.size() && columns_.column(next).group == group; ++next) {
        const std::span<const float> values = blocks_.parameters(columns_.column(next).feature);
        for (size_t at = 0; at < parameters; ++at) {
          sums[at] += values[at];
          squares[at] += double{values[at]} * values[at];
        }
        ++count;
      }
      for (size_t at = 0; at < parameters; ++at) {
        draw_prior(generator, count, sums[at], squares[at], group * parameters + at);
      }
    }
  }

  void draw_prior(Generator& generator, double count, double sum, double square, size_t at) {
    // The mean's own prior is as one more parameter of value 0.
    const double mean = sum / (count + 1);
    const double spread = std::max(square - (count + 1) * mean * mean, 0.0);
    const double precision =
        generator.gamma((kPriorCount + count) / 2) / ((kPriorSquare + spread) / 2);
    priors_.precisions[at] = static_cast<float>(precision);
    priors_.means[at] =
        static_cast<float>(mean + generator.normal() / std::sqrt((count + 1) * precision));
  }

  const Settings& settings_;
  const bool continued_;
  const RowBatch& rows_;
  const std::vector<float> labels_;
  const Scale scale_;
  const Columns columns_;
  BlockPriors priors_;
  Blocks blocks_;
  const uint64_t keep_;
  Average average_;
  std::vector<float> expected_;  // Outputs of the sample that is kept.
};

}  // namespace

Result<void> solve_mcmc(const Training& training, Model& model) {
  TRY(check_block_factors(model));
  TRY(const RowBatch* rows, in_memory(training));
  if (rows->empty()) return ok;
  Sampler sampler(training, *rows, model);
  Model sample = model;
  for (uint64_t epoch = 0; epoch < training.settings.epochs; ++epoch) {
    if (!sampler.sweep(epoch, sample)) return diverged(epoch, 0);
    // Made only where somebody looks at it, and for the last time.
    if (training.validation != nullptr) model = sampler.model(sample);
    if (!training.progress.epoch(epoch, sampler.measures(), model)) break;
  }
  model = sampler.model(sample);
  return ok;
}

}  // namespace millrace::ml::factorization_machines
