// The solver `bpr`: Bayesian personalised ranking (Rendle, Freudenthaler, Gantner and
// Schmidt-Thieme 2009, "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI) with the
// whole factorization machine as the scorer. Each step takes a positive example and an item that
// its user is not known to want, and moves the model by stochastic gradient descent on
//   log(1 + e^-(y(context, item) - y(context, other item)))
// with all features: those of the context, and those that belong to either item (implicit.h).
//
// Positives are drawn in a new order each epoch; where their weights differ, by weight. Other items
// are drawn by negative_sampling (uniform; popularity and in_batch: those of other examples) until
// one is found that the user has not taken; half of the time, one that an example of label 0 names,
// where the user has such. Rows are taken in blocks: an output may be as old as the block before.
// A default factors_wd is for users of kUsualPositives examples (negatives.h); where they have
// fewer, it is up to twice as large. The bias stays 0: it ranks nothing. In the second half of
// `epochs` the rates fall to 0, epoch by epoch and evenly.
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

Result<void> solve_bpr(const Training& training, Model& model);

}  // namespace millrace::ml::factorization_machines
