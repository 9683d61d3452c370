#include "engines/ml/algorithms/factorization_machines/als_priors.h"

#include <algorithm>

namespace millrace::ml::factorization_machines {

AlsPriors::AlsPriors(PredictorType type, const RowBatch& rows, const Columns& columns, double scale,
                     BlockPriors first)
    : type_(type),
      rows_(rows),
      columns_(columns),
      scale_(scale),
      bias_decay_(first.bias_precision),
      priors_(std::move(first)) {
  if (type_ == PredictorType::regressor) noise_precision_ = 1 / (scale_ * scale_);
  for (float& precision : priors_.precisions) precision *= noise_precision();
  priors_.bias_precision *= noise_precision();
}

void AlsPriors::learn(const Blocks& blocks) {
  if (type_ == PredictorType::regressor) learn_noise(blocks);
  size_t column = 0;
  for (size_t group = 0; group < columns_.groups().size(); ++group) {
    learn_group(blocks, group, column);
  }
}

void AlsPriors::learn_noise(const Blocks& blocks) {
  double squares = scale_ * scale_;
  double count = 1;
  for (size_t at = 0; at < rows_.size(); ++at) {
    const double error = double{rows_.label(at)} - blocks.outputs()[at];
    squares += rows_.importance(at) * (error * error + blocks.output_variances()[at]);
    count += rows_.importance(at);
  }
  noise_precision_ = count / squares;
  priors_.bias_precision = static_cast<float>(bias_decay_ * noise_precision_);
}

void AlsPriors::learn_group(const Blocks& blocks, size_t group, size_t& column) {
  const size_t parameters = priors_.parameters;
  std::vector<double> sums(parameters);
  std::vector<double> squares(parameters);
  double count = 1;
  for (; column < columns_.size() && columns_.column(column).group == group; ++column) {
    const uint32_t feature = columns_.column(column).feature;
    const std::span<const float> values = blocks.parameters(feature);
    const std::span<const float> variances = blocks.variances(feature);
    for (size_t at = 0; at < parameters; ++at) {
      sums[at] += values[at];
      squares[at] += double{values[at]} * values[at] + variances[at];
    }
    ++count;
  }
  for (size_t at = 0; at < parameters; ++at) {
    const bool linear = at + 1 == parameters;
    const double mean = sums[at] / count;
    const double spread = std::max(squares[at] - count * mean * mean, 0.0);
    // Factors are multiplied by one another: their square has the labels' unit.
    const double prior = linear ? scale_ * scale_ : scale_;
    priors_.means[group * parameters + at] = static_cast<float>(mean);
    priors_.precisions[group * parameters + at] = static_cast<float>(count / (spread + prior));
  }
}

}  // namespace millrace::ml::factorization_machines
