// The solver that SageMaker's Factorization Machines uses: mini-batch Adam (Kingma and Ba 2015)
// over the mean gradient of a batch, lazy as MXNet's sparse Adam is: the moments and the weight
// decay of a feature move only in batches in which the feature occurs. One count of steps serves
// the bias correction of all parameters. The loss is 1/2 (y - label)^2 or the cross-entropy; both
// have the derivative score - label.
//
// A batch is brought into order by feature (batch_by_feature.h): the gradient of a feature is
// summed over its rows in registers, and its parameters move at once. Threads share the factors by
// units, so that none waits for what another one has changed; they share the order by ranges of
// features, outputs by rows, and linear weights only where those lie further off than the other
// core. They meet twice a batch.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

Result<void> solve_adam(const Training& training, Model& model);

// One batch after another, for tests and for those who bring their own loop.
class Adam {
 public:
  Adam(Model& model, const Settings& settings, unsigned threads);
  ~Adam();
  Adam(const Adam&) = delete;
  Adam& operator=(const Adam&) = delete;

  // Moves the model by one step; answers its outputs before, valid until the next call.
  std::span<const float> step(const RowBatch& batch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::ml::factorization_machines
