#include "engines/ml/algorithms/factorization_machines/solvers.h"

#include <fmt/format.h>

#include "engines/ml/algorithms/factorization_machines/adam.h"
#include "engines/ml/algorithms/factorization_machines/als.h"
#include "engines/ml/algorithms/factorization_machines/automatic.h"
#include "engines/ml/algorithms/factorization_machines/bpr.h"
#include "engines/ml/algorithms/factorization_machines/descent.h"
#include "engines/ml/algorithms/factorization_machines/field_aware.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/ials.h"
#include "engines/ml/algorithms/factorization_machines/mcmc.h"
#include "engines/ml/algorithms/factorization_machines/softmax.h"

namespace millrace::ml::factorization_machines {

Result<void> solve(const Training& training, Model& model) {
  const Solver solver = training.settings.solver;
  switch (solver) {
    case Solver::adam:
      return solve_adam(training, model);
    case Solver::adagrad:
      if (!training.settings.fields.empty()) return solve_field_aware(training, model);
      return solve_descent(training, model);
    case Solver::sgd:
      return solve_descent(training, model);
    case Solver::als:
      return solve_als(training, model);
    case Solver::mcmc:
      return solve_mcmc(training, model);
    case Solver::automatic:
      return solve_automatic(training, model);
    case Solver::bpr:
      return solve_bpr(training, model);
    case Solver::softmax:
      return solve_softmax(training, model);
    case Solver::ials:
      return solve_ials(training, model);
    default:
      return fail(ErrorKind::unsupported, fmt::format("The solver '{}' is not implemented",
                                                      kSolvers[static_cast<size_t>(solver)]));
  }
}

bool ranks(Solver solver) {
  return solver == Solver::bpr || solver == Solver::softmax || solver == Solver::ials;
}

bool streams(Solver solver) {
  return solver == Solver::adam || solver == Solver::sgd || solver == Solver::adagrad;
}

}  // namespace millrace::ml::factorization_machines
