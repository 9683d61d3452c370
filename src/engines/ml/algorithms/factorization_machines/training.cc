#include "engines/ml/algorithms/factorization_machines/training.h"

#include <fmt/format.h>

#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {

Result<const RowBatch*> in_memory(const Training& training) {
  if (training.memory != nullptr) return training.memory;
  return fail(ErrorKind::exhausted,
              fmt::format("This solver needs all examples in memory, and they take more than {} "
                          "bytes; adam, sgd and adagrad read them as a stream",
                          kMemoryBytesMax));
}

std::unexpected<Error> diverged(uint64_t epoch, uint64_t batch) {
  return fail(ErrorKind::invalid,
              fmt::format("The training diverged in epoch {}, batch {}: the model's output is no "
                          "longer a finite number. Lower bias_lr, linear_lr and factors_lr, set "
                          "clip_gradient, or scale the features and labels down",
                          epoch, batch));
}

}  // namespace millrace::ml::factorization_machines
