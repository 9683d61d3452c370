// What a solver that goes from example to example has seen of its outputs. A value.
#pragma once

#include <cstdint>

#include "engines/ml/algorithms/factorization_machines/measures.h"
#include "engines/ml/algorithms/factorization_machines/model.h"

namespace millrace::ml::factorization_machines {

// What a sweep saw, of the outputs before each example moved the model.
struct Tally {
  uint64_t rows = 0;
  double loss = 0;       // Squared errors, or cross-entropies.
  double absolutes = 0;  // Of a regressor.
  uint64_t right = 0;    // Of a classifier.
  uint64_t true_positives = 0;
  uint64_t false_positives = 0;
  uint64_t false_negatives = 0;
  bool finite = true;  // False: the sweep stopped where an output was not finite.

  void add(const Tally& other);
};

// Of one output and its label, as the sums of a tally.
void add_to(Tally& tally, PredictorType type, float output, float label);

Measures measures_of(PredictorType type, const Tally& tally);

}  // namespace millrace::ml::factorization_machines
