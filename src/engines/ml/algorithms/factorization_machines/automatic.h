// The solver `auto`: tries solvers and strengths of regularisation, and keeps what predicts best
// examples that were not learned from: those of the channel `validation`, or else a random fifth,
// which is learned from in the end. Compared are, from simple to complex,
//   linear weights only (als), linear_wd from 100 down to 0.1;
//   als with the best of these and up to 8 factors, factors_wd from 300 down to 1 (of a
//   classifier from 100 down to 0.3), then num_factors factors;
//   mcmc with up to 16 factors;
//   adagrad with num_factors factors,
// each for as many epochs as make it better. Paths of decays end after two that were no better, and
// something more complex is taken only where its rmse (a regressor's) or cross-entropy (a
// classifier's) is smaller by kBetter of it. What was tried and chosen is in the log. Of more than
// kSearchRows examples a random part is searched on, and all are learned from.
//
// The artefact has num_factors factors (mcmc's more), zeros where fewer were chosen. `epochs`,
// rates and decays play no part, but that an epoch of the log is 1 / epochs of the last training.
//
// Blocks. Errors: exhausted (examples beyond memory), unsupported (to go on from a model).
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

inline constexpr double kBetter = 0.001;
inline constexpr size_t kSearchRows = 2'000'000;

// Replaces `model`.
Result<void> solve_automatic(const Training& training, Model& model);

}  // namespace millrace::ml::factorization_machines
