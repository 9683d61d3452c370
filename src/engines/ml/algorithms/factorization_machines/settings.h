// What the hyperparameters of a job ask for, as the solvers take it.
//
// Values. Errors: invalid, worded as SageMaker's algorithms word it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/hyperparameters.h"

namespace millrace::ml::factorization_machines {

// What the examples that are no positives are drawn from.
enum class NegativeSampling : uint8_t { uniform, popularity, in_batch };

// How the parameters are found. `adam` is AWS's; the others are extensions.
enum class Solver : uint8_t { adam, automatic, sgd, adagrad, als, mcmc, bpr, softmax, ials };

struct Initializer {
  enum class Method : uint8_t { normal, uniform, constant };
  Method method = Method::normal;
  double argument = 0;  // Sigma, scale or value.
};

// Of one of the three terms: bias, linear weights, factors.
struct TermSettings {
  Initializer initializer;
  double learning_rate = 0;
  double weight_decay = 0;
  // It is the solver's own, which fits it to the examples, and not what was asked (als, bpr,
  // softmax).
  bool decay_fits_rows = false;
};

struct Settings {
  Solver solver = Solver::adam;
  PredictorType type = PredictorType::regressor;
  uint64_t feature_dim = 0;
  uint32_t num_factors = 0;
  uint64_t epochs = 1;
  size_t mini_batch_size = 1000;
  TermSettings bias;
  TermSettings linear;
  TermSettings factors;
  double epsilon = 1e-8;
  std::optional<double> clip_gradient;
  std::optional<double> rescale_gradient;  // Of the sum; without it, 1 / rows of the batch.
  uint64_t seed = 0;
  bool bias_from_data = false;  // The bias starts at what predicts best without features.
  // The first feature of each field (a group of features of which an example has one or a few:
  // users, items, countries), ascending from 0; empty where none are given.
  std::vector<uint64_t> fields;
  // Of the solvers for implicit feedback.
  double unobserved_weight = 0.3;  // Of a user and an item that no example names (ials).
  double frequency_exponent = 1;   // Of the regularisation's weights (ials).
  size_t negatives = 0;            // Items drawn for a step (softmax), or for a positive (bpr).
  NegativeSampling sampling = NegativeSampling::uniform;
  // Epochs without a better measure on the validation data after which the training ends, and the
  // best model so far is kept; none: all epochs are run.
  std::optional<uint64_t> early_stopping;
};

Result<Settings> read_settings(const HyperparameterValues& values);

// Sets what a solver of ours takes for what is not said, all but the initialisers' methods.
void apply_solver_defaults(Settings& settings);

// Draws every parameter from its initializer; depends on the seed only.
void initialize(Model& model, const Settings& settings);

}  // namespace millrace::ml::factorization_machines
