// The solver `als`: alternating least squares (Rendle et al. 2011, "Fast context-aware
// recommendations with factorization machines"), all parameters of a feature at a time (blocks.h).
// It has no learning rate, and minimises
//   1/2 sum (y - label)^2 + 1/2 (bias_wd w0^2 + linear_wd |w|^2 + factors_wd |v|^2)
// of a regressor, as libFM's and fastFM's do, factors_wd being meant for labels of standard
// deviation 1 (theirs is ours times the deviation, in which the best one does not depend on labels'
// units), and of a classifier the same penalty beside the summed cross-entropy, whose quadratic
// bound (Jaakkola and Jordan 2000) every epoch takes anew. An example of importance c counts as c
// examples. Decays belong to sums over all examples: they do not grow with the data.
//
// Where neither linear_wd nor factors_wd is given, both are learned with the parameters, by group
// of features and by factor, from what the examples show of their noise (als_priors.h): on made-up
// ratings of a noise of 0.3 the rmse is 0.336 in place of 0.599 with fixed decays, on ratings in
// MovieLens 1M's shape 0.824 in place of 0.835.
//
// Defaults: epochs 30, factors_init_sigma 0.1. Of what follows the learned decays begin with it,
// and it is taken as it is where one of the two decays is given, or rows are long
// (usually_short()): for rows of two ones (a user, an item) linear_wd 3 and factors_wd 18, of a
// classifier 2 and 20. Rows of n ones have n linear weights and n (n - 1) / 2 pairs that add up:
// with defaults, not with decays that are given, the linear decay is n / 2, that of factors the
// root of n (n - 1) / 2 times as large, so that a priori the outputs vary as much
// (fitted_decays()). The bias begins at the mean label or its log-odds. Features that do not occur
// get weights of 0, with learned decays the means of their group, or keep those of the model that
// the training goes on from.
//
// Blocks. Errors: exhausted (examples beyond memory), invalid (diverged), unsupported (more than
// kBlockFactorsMax factors).
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

Result<void> solve_als(const Training& training, Model& model);

// By what the default decays of linear weights and of factors are multiplied.
struct FittedDecays {
  double linear = 1;
  double factors = 1;
};
FittedDecays fitted_decays(const RowBatch& rows);

// The mean label, or its log-odds: the best output without features.
float constant_output(PredictorType type, const RowBatch& rows);

// The label of each row.
std::vector<float> labels_of(const RowBatch& rows);

// The measures of outputs, one a row.
Measures measures_of(PredictorType type, const RowBatch& rows, std::span<const float> outputs);

}  // namespace millrace::ml::factorization_machines
