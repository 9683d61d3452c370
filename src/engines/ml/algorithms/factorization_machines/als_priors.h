// What `als` takes for the decays that nobody gave: priors of the factors and the linear weights of
// each group of features, and the noise, learned from the examples with the parameters themselves
// (empirical Bayes). Parameters are known up to variances (blocks.h); after each sweep
//   noise precision = examples / sum (error^2 + variance of the output)
//   precision of a group's n-th parameters = features / sum ((value - mean)^2 + variance)
// each with one more example or feature of the square `scale` gives, the prior of the priors that
// mcmc.h has. A decay is the quotient of both: labels of little noise get small ones, factors for
// which there is no evidence large ones, by factor, so that num_factors may be too many.
//
// A value. What it is made from outlives it. One thread.
#pragma once

#include "engines/ml/algorithms/factorization_machines/blocks.h"

namespace millrace::ml::factorization_machines {

class AlsPriors {
 public:
  // `scale`: the standard deviation of the labels; 1 of classes. `first`: the decays of the first
  // sweep. Its bias_precision is a decay too, and stays.
  AlsPriors(PredictorType type, const RowBatch& rows, const Columns& columns, double scale,
            BlockPriors first);

  const BlockPriors& priors() const { return priors_; }
  float noise_precision() const { return static_cast<float>(noise_precision_); }

  // From the blocks' parameters and variances, after a sweep.
  void learn(const Blocks& blocks);

 private:
  void learn_noise(const Blocks& blocks);
  void learn_group(const Blocks& blocks, size_t group, size_t& column);

  const PredictorType type_;
  const RowBatch& rows_;
  const Columns& columns_;
  const double scale_;
  const double bias_decay_;
  double noise_precision_ = 1;
  BlockPriors priors_;
};

}  // namespace millrace::ml::factorization_machines
