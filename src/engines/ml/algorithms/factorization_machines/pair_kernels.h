// The inner loop of descent on rows of two ones: a user and an item. Of such a row the sum of
// interactions is one inner product, so that output, slope and move are one pass over two rows of
// factors, which stay in registers where those are enough (Highway, chosen at run time).
//
// Pure apart from what it is given to write. Threads may share tables where the features of their
// rows are not the same. Indices are below the tables' sizes: callers have checked.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engines/ml/algorithms/factorization_machines/tally.h"

namespace millrace::ml::factorization_machines {

struct PairRow {
  uint32_t first;  // Features, of which each is 1.
  uint32_t second;
  float label;
};

// Where the model lies, and for AdaGrad the sums of its squared gradients.
struct PairTables {
  float* factors = nullptr;
  size_t stride = 0;
  size_t width = 0;  // Factors of a row.
  float* linear = nullptr;
  float* squares = nullptr;  // Laid out as the factors; null for plain descent.
  float* linear_squares = nullptr;
  bool far = true;  // Too large for the cache nearby: rows are fetched early.
};

struct PairRates {
  float linear;
  float linear_decay;
  float factors;
  float factors_decay;
};

// Rows that are gone through in order. `importances` by row, or null where all are 1.
struct PairRows {
  const PairRow* rows = nullptr;
  const float* importances = nullptr;
  size_t count = 0;
};

// What rows have told.
struct PairSums {
  Tally tally;
  double slopes = 0;   // By the bias, which they leave as it is.
  double squares = 0;  // Of the slopes.
  double weights = 0;  // Importances.
};

// Moves the factors and the linear weights by one row after the other, and tells what the outputs
// were before. Goes to the end even where outputs are no longer finite.
PairSums descend_pairs(PredictorType type, const PairTables& tables, const PairRates& rates,
                       PairRows rows, float bias);

}  // namespace millrace::ml::factorization_machines
