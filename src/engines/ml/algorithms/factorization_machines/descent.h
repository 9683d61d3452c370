// The solvers `sgd` and `adagrad`: one example after another moves the parameters of its features.
// Rates, decays and first factors are meant for labels of standard deviation 1, and are scaled to
// those of the data, so that the defaults do for stars and for pounds.
//
// Rows are taken in blocks of up to kBlockRows rows and kBlockEntries non-zeros, whose factors stay
// in the cache next to the core until they are moved. The outputs of a block are computed before
// the kDelay blocks before it have moved the factors, so that threads, each with some units of all
// factors, need to exchange only sums of interactions, and long before they are used. Factors are
// therefore up to (kDelay + 1) kBlockRows - 1 examples old when an output is computed (a delay that
// is bounded, and short beside 1 / rate, leaves the convergence of stochastic descent as it is:
// Langford, Smola and Zinkevich 2009, "Slow Learners are Fast"); the bias and the linear weights,
// of which each thread keeps a copy, never are. Results do not depend on the number of threads.
#pragma once

#include <memory>
#include <span>

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

inline constexpr size_t kBlockRows = 15;     // Whose sums and one number make a line of the cache.
inline constexpr size_t kBlockEntries = 32;  // A row with more is a block of its own.
inline constexpr size_t kDelay = 2;          // Blocks.

// The rows from `first` up to `end` that make a block.
size_t block_rows(const RowBatch& batch, size_t first, size_t end);

Result<void> solve_descent(const Training& training, Model& model);

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

// The mean label, or its log-odds: where the bias starts unless it is said.
float first_bias(PredictorType type, const RowBatch& batch);

// The standard deviation of a regressor's labels; 1 of classes, and where all labels are the same.
double label_scale(PredictorType type, const RowBatch& batch);

// Rates and decays for labels of a standard deviation, from those for labels of 1: learning then
// goes as it would on labels divided by it. `squares` receives where AdaGrad's sums begin.
struct FirstSquares {
  float linear = 1;  // As in libFFM.
  float factors = 1;
};
Settings scaled(const Settings& settings, double scale, FirstSquares& squares);

// The parameters and what the solver knows of each. One sweep moves them by all rows of a batch.
class Descent {
 public:
  Descent(Model& model, const Settings& settings, unsigned threads, FirstSquares squares = {});
  ~Descent();
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;

  // The rows from each of `starts` on, up to `length` each, in the order of `starts`.
  Tally sweep(const RowBatch& batch, std::span<const uint32_t> starts, size_t length);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::ml::factorization_machines
