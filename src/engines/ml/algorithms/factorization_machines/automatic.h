// The solver `auto`: tries solvers and strengths of regularisation, and keeps what predicts best
// examples that were not learned from: those of the channel `validation`, or else a random fifth,
// which is learned from in the end. Compared are, from simple to complex,
//   linear weights only (als), linear_wd from 100 down to 0.1;
//   als with the best of these and up to 8 factors, factors_wd from 300 down to 0.3 (of a
//   classifier from 100 down to 0.3), then num_factors factors;
//   mcmc with up to 16 factors, where rows have up to kSampledWidth features on average and there
//   are up to kSampledEntries non-zeros (beyond, it would take many times as long as the others);
//   adagrad, then sgd, with num_factors factors and their own defaults, and with `fields` a
//   field-aware model, unless items are to be ranked,
// each for as many epochs as make it better. Decays are those for rows of two ones and fitted to
// longer ones (als.h). Paths of them end after two that were no better, and something more complex
// is taken only where its rmse (a regressor's) or cross-entropy (a classifier's) is smaller by
// kBetter of it; by kLittleBetter of a classifier, whose losses lie close to each other, and of
// mcmc beside a model with factors. Factors are taken only where the mean difference of the two
// losses of a row is more than its standard error, too: a few labels far out are not to decide.
// What was tried and chosen is in the log. Of more than kSearchRows examples or kSearchEntries
// non-zeros a random part is searched on, and all are learned from.
//
// Implicit feedback is recognised, and ranked: automatic_ranking.h.
//
// The artefact has num_factors factors (mcmc's more), zeros where fewer were chosen. `epochs`,
// rates and decays play no part, but that an epoch of the log is 1 / epochs of the last training.
//
// Blocks. Errors: exhausted (examples beyond memory), unsupported (to go on from a model).
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

inline constexpr double kBetter = 0.001;
inline constexpr double kLittleBetter = 0.0005;
inline constexpr size_t kSearchRows = 1'000'000;
inline constexpr size_t kSearchEntries = 8'000'000;
inline constexpr size_t kSampledWidth = 12;
inline constexpr size_t kSampledEntries = 24'000'000;

// Replaces `model`.
Result<void> solve_automatic(const Training& training, Model& model);

}  // namespace millrace::ml::factorization_machines
