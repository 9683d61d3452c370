// The solvers `sgd` and `adagrad`: one example after another moves the parameters of its features.
// Rates, decays and first factors are meant for labels of standard deviation 1 and rows of two ones
// (a user, an item), and are scaled to those of the data, so that the defaults do for stars and for
// pounds, for pairs and for impressions of forty features. Where they are too large all the same,
// the training begins anew with kLowerRates of them, up to kAttempts times, and says so in the log.
//
// Rows are taken in blocks of up to kBlockRows rows and kBlockEntries non-zeros, whose factors stay
// in the cache next to the core until they are moved. The outputs of a block are computed before
// the kDelay blocks before it have moved the model, so that threads, each with some units of all
// factors, and two of them with a half of the linear weights each, need to exchange only a number a
// row, and long before it is used. Parameters are therefore up to (kDelay + 1) kBlockRows - 1
// examples old when an output is computed (a delay that is bounded, and short beside 1 / rate,
// leaves the convergence of stochastic descent as it is: Langford, Smola and Zinkevich 2009, "Slow
// Learners are Fast"); the bias, of which each thread keeps a copy, never is. Where the caches of
// the cores hold the model and features occur often, each thread works on a copy of its part of the
// factors while a sweep lasts (slice_table.h). Rows in memory that are pairs of ones go another way
// (pair_descent.h). Results do not depend on the number of threads.
#pragma once

#include <limits>
#include <memory>
#include <span>

#include "engines/ml/algorithms/factorization_machines/tally.h"
#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

inline constexpr double kLowerRates = 0.25;
inline constexpr int kAttempts = 4;
inline constexpr size_t kBlockRows = 15;     // Whose sums and one number make a line of the cache.
inline constexpr size_t kBlockEntries = 32;  // A row with more is a block of its own.
inline constexpr size_t kDelay = 2;          // Blocks.

// The rows from `first` up to `end` that make a block.
size_t block_rows(const RowBatch& batch, size_t first, size_t end);

Result<void> solve_descent(const Training& training, Model& model);

// The mean label, or its log-odds: where the bias starts unless it is said.
float first_bias(PredictorType type, const RowBatch& batch);

// The standard deviation of a regressor's labels; 1 of classes, and where all labels are the same.
double label_scale(PredictorType type, const RowBatch& batch);

// How long rows are: libFFM and xLearn divide each by its length, so that rates do not depend on
// how many features it has. A model of SageMaker's predicts of rows as they are, so the parameters
// are divided in place of the rows, all alike.
struct RowLengths {
  double usual = 1;   // The median of the sums of squared values, in units of a row of two ones.
  bool alike = true;  // None is beyond kLongRow medians.
};
RowLengths row_lengths(const RowBatch& batch);
inline constexpr double kLongRow = 8;

// Rates and decays for labels of a standard deviation and rows of a length, from those for labels
// of deviation 1 and rows of two ones: learning then goes as it would on labels divided by it.
// `starts` receives what belongs to them.
struct Starts {
  float bias_square = 1;  // Of AdaGrad's sums; as in libFFM.
  float linear_square = 1;
  float factors_square = 1;
  // A row whose squares sum up to more moves the model by as much less as it is longer: one step
  // along it would else overshoot. sgd's only.
  float long_row = std::numeric_limits<float>::infinity();
  double factors_enlarged = 1;  // The first factors are to be so much larger.
};
Settings scaled(const Settings& settings, double scale, const RowLengths& lengths, Starts& starts);

// The parameters and what the solver knows of each. One sweep moves them by all rows of a batch.
class Descent {
 public:
  Descent(Model& model, const Settings& settings, unsigned threads, Starts starts = {});
  ~Descent();
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;

  // The rows from each of `starts` on, up to `length` each, in the order of `starts`.
  Tally sweep(const RowBatch& batch, std::span<const uint32_t> starts, size_t length);

  // All rows, in an order drawn from `seed`: segment by segment, or cell by cell (pair_descent.h)
  // where they are pairs. The batch is the same in every call, and outlives the last.
  Tally epoch(const RowBatch& batch, uint64_t seed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::ml::factorization_machines
