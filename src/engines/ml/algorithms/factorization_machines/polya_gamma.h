// The Polya-Gamma distribution PG(1, z) (Polson, Scott and Windle 2013, "Bayesian Inference for
// Logistic Models Using Polya-Gamma Latent Variables"): given a draw w for a row of output z, the
// logistic likelihood is that of a normal observation (label - 1/2) / w of precision w.
//
// Functions; thread-safe.
#pragma once

#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {

// tanh(z / 2) / (2 z). With it in place of a draw a step is one of expectation maximisation, and
// never makes the likelihood worse.
double polya_gamma_mean(double z);

// A draw, by Devroye's method of alternating series, as in the paper's supplement.
double polya_gamma(double z, Generator& generator);

}  // namespace millrace::ml::factorization_machines
