// The solvers by their names.
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

// Finds the parameters of `model`, which comes initialised. Errors: the solver's.
Result<void> solve(const Training& training, Model& model);

// The solver goes through the examples one after another, and so may read them as a stream.
bool streams(Solver solver);

// The solver learns to rank items from implicit feedback, not to predict labels.
bool ranks(Solver solver);

}  // namespace millrace::ml::factorization_machines
