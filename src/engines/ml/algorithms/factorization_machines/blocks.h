// Solves for all parameters of one feature at once, its factors and its linear weight, given those
// of all others: the step that `als` repeats, and `mcmc` with draws in place of optima.
//
// The output is linear in the parameters p_i of one feature i: y = rest + h . p_i with
// h = x_i (sum_{j != i} x_j v_j, 1) (Rendle et al. 2011, "Fast context-aware recommendations with
// factorization machines", eq. 7). With e the errors, a normal prior of means m and precisions L,
// and a precision a of the noise, p_i moves by
//   (sum h h^T + L / a)^-1 (sum e h + L / a (m - p_i)),
// and, drawn, by noise whose covariance is that inverse / a. The paper moves one number at a time;
// a block is the optimum of all of them, so fewer sweeps are needed and draws are less correlated.
// A feature of fewer rows than parameters is solved for in the space of its rows (Bhattacharya,
// Chakraborty and Mallick 2016). A classifier's rows are weighted (polya_gamma.h), and all by their
// importance. (With an importance other than 1 a classifier's drawn weights have the right mean,
// not the right distribution.)
//
// With Options::keeps_variances a step knows how uncertain the other parameters are, and how
// uncertain it leaves its own: it is that of the variational posterior of independent parameters
// (Lim and Teh 2007, of matrices). The means solve the system above with, beside h h^T of the
// means, the variances of h on its diagonal, and with what h has in common with the rest, in rows
// of more than two features, taken from the right side; a parameter's variance is the inverse of
// its entry on the diagonal, over a.
//
// Up to kBlockFactorsMax factors: a step takes memory and time that grow with their square.
//
// One thread calls; `threads` work. The results depend neither on their number nor on their speed.
// Memory: beside the examples, their columns, 12 bytes a row, block_width(factors + 1) floats a
// feature (twice as many with variances), and as many a row where rows have many features
// (usually_short()).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "engines/ml/algorithms/factorization_machines/columns.h"
#include "engines/ml/algorithms/factorization_machines/model.h"

namespace millrace::ml::factorization_machines {

inline constexpr uint32_t kBlockFactorsMax = 2048;

// Refuses more factors. Errors: unsupported.
Result<void> check_block_factors(const Model& model);

// Normal priors by group: `factors` means and precisions of the factors, then one of the linear
// weight. Precisions of 0 say nothing.
struct BlockPriors {
  BlockPriors(size_t groups, size_t factors)
      : parameters(factors + 1), means(groups * parameters), precisions(groups * parameters) {}

  size_t parameters;
  std::vector<float> means;
  std::vector<float> precisions;
  float bias_precision = 0;
};

// Whether rows have so few features on average that nothing needs to be kept by row.
bool usually_short(const RowBatch& rows);

class Blocks {
 public:
  struct Options {
    size_t factors = 0;
    unsigned threads = 1;
    bool draws = false;  // Else each step goes to the optimum.
    bool keeps_variances =
        false;          // Not with `draws`. Of rows that are mostly short: usually_short().
    uint64_t seed = 0;  // Of the draws.
  };

  // `rows` and `columns`, which are made of them, outlive this. `targets`: what a regressor is to
  // predict, or a classifier's labels.
  Blocks(const RowBatch& rows, const Columns& columns, std::vector<float> targets,
         PredictorType type, const Options& options);
  ~Blocks();
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  // Takes the parameters of a model of as many factors.
  void take(const Model& model);
  // Gives them to a model. A feature that does not occur gets the means of its group, unless it is
  // to keep what it has.
  void give(const BlockPriors& priors, bool keep_others, Model& model) const;

  // After a sweep that `expects`, and give(): puts what they are expected to be, given all others,
  // in place of the draws of the last features that were drawn (columns.h: of the last set). No
  // parameter was drawn after them, and no row has two of them, so that the model's outputs are
  // expectations too: averages over samples come to rest sooner (Rao and Blackwell; Gelfand and
  // Smith 1990).
  void give_expected(Model& model) const;

  // The bias, then every feature once. `noise_precision` is 1 of a classifier. `number`: of the
  // sweep, so that every one draws anew.
  void sweep(const BlockPriors& priors, float noise_precision, uint64_t number,
             bool expects = false);

  // The model's output of each row, as of the end of the last sweep.
  std::span<const float> outputs() const;
  // The factors of a feature, and its linear weight.
  std::span<const float> parameters(uint64_t feature) const;
  // With keeps_variances, as of the end of the last sweep: of a feature's parameters, and of each
  // row's output.
  std::span<const float> variances(uint64_t feature) const;
  std::span<const float> output_variances() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::ml::factorization_machines
