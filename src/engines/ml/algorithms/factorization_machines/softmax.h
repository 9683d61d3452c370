// The solver `softmax`: each positive example is a choice of its item among all items, given its
// context; minimises the cross-entropy of that choice, -log(e^y(c, i) / sum over items j e^y(c,
// j)). The sum is estimated from sampled items, each counted for as many as it stands for: the
// logarithm of the expected number of its draws is taken off its output (Bengio and Senecal 2008,
// "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language Model";
// Yi et al. 2019, "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations",
// RecSys). A draw of the positive's own item does not count.
//
// Examples are taken in blocks that share their draws: `negatives` items by negative_sampling
// (uniform, popularity), or the items of the block (in_batch). Moves all factors of contexts and
// items and the items' linear weights by AdaGrad. Unless something is said of how they begin,
// linear weights of items begin at the logarithm of their popularity, where a model without factors
// has its optimum, and decay towards it. A
// default factors_wd is for users of kUsualPositives examples (negatives.h); where they have fewer
// it grows with the root, where they have more it falls in proportion. What ranks no item
// (the bias, linear weights of contexts) becomes 0. Known negatives (label 0) are no choices, and
// are not learnt from.
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

Result<void> solve_softmax(const Training& training, Model& model);

}  // namespace millrace::ml::factorization_machines
