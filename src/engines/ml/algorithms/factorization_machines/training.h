// What every solver is given and what it tells back. A solver is a function
//   Result<void> solve_…(const Training& training, Model& model);
// that finds the parameters of `model`, which comes initialised (drawn, or from an earlier job).
//
// Solvers block, use up to `threads` threads, and give the same bytes for the same data, settings
// and seed however many. Errors: invalid (diverged: names the epoch), exhausted.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "engines/ml/algorithms/factorization_machines/measures.h"
#include "engines/ml/algorithms/factorization_machines/settings.h"
#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

// Examples that can be gone through again and again, as batches. Not thread-safe.
class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  virtual void rewind() = 0;
  // The next up to `rows` examples, valid until the next call; an empty batch at the end.
  virtual Result<const RowBatch*> read(size_t rows) = 0;
};

// What a solver tells while it works. Not thread-safe; calls come from the solving thread.
class Progress {
 public:
  virtual ~Progress() = default;
  // Measures of the first `batch`es of an epoch, for a line now and then.
  virtual void batch(uint64_t epoch, uint64_t batch, const Measures& so_far) = 0;
  // After each epoch. False: stop here (asked to, or no longer getting better); the solver then
  // returns, and the caller keeps the model that was best.
  virtual bool epoch(uint64_t epoch, const Measures& train, const Model& model) = 0;
  // Something worth a line in the log.
  virtual void note(std::string_view text) = 0;
};

struct Training {
  const Settings& settings;
  ExampleSource& source;                 // Of the channel `train`.
  const RowBatch* memory = nullptr;      // The same examples, shuffled, where they fit.
  const RowBatch* validation = nullptr;  // Of the channel `validation`, or held out.
  Progress& progress;
  std::stop_token stop;
  unsigned threads = 1;
  bool continued = false;    // The model comes from an earlier job.
  bool ranks_items = false;  // An item table comes with the model: it is to be a plain machine.
};

// The examples of a solver that needs all of them at once. Errors: exhausted.
Result<const RowBatch*> in_memory(const Training& training);

// The error of a training whose outputs are no longer finite.
std::unexpected<Error> diverged(uint64_t epoch, uint64_t batch);

}  // namespace millrace::ml::factorization_machines
