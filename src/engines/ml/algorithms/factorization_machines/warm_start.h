// Incremental training: the channel `model` holds the artefact of an earlier job, from which the
// training goes on (AWS's "Use Incremental Training", incremental-training.html, which other
// algorithms of AWS's offer; here it is an extension).
//
// Functions block. Errors: invalid (no artefact, or one of another shape).
#pragma once

#include "engines/ml/algorithm.h"
#include "engines/ml/algorithms/factorization_machines/model.h"

namespace millrace::ml::factorization_machines {

inline constexpr std::string_view kModelChannel = "model";

// Puts the parameters of the artefact (`model.tar.gz` or `model_algo-1`) into `model`, which comes
// initialised. Features that the artefact does not know keep what they were drawn with.
Result<void> continue_from(const TrainingJob& job, Model& model);

}  // namespace millrace::ml::factorization_machines
