// The solver `mcmc`: Bayesian factorization machines (Freudenthaler, Schmidt-Thieme and Rendle
// 2011, "Bayesian Factorization Machines"). Nothing is to be tuned: the strength of regularisation
// is drawn with everything else, for each group of features (`fields`, or those found: columns.h)
// and each factor.
//
// Every epoch is one sweep of a Gibbs sampler: the noise of the labels, then the mean and precision
// of each group's parameters from their normal-gamma distributions, then the bias, then each
// feature's parameters together (blocks.h). A regressor's labels are scaled to variance 1, so that
// the priors suit any target. A classifier's likelihood is the logistic one, the same that the
// endpoint answers by: its latent variables are Polya-Gamma's (polya_gamma.h).
//
// The prediction is the mean over samples. A mean of factorization machines is one of more factors
// (each sample's divided by the root of their number), so that is what is stored and served: the
// artefact has num_factors x samples factors, and what is reported was measured of it. The first
// kBurnIn of the epochs are left out; of the others up to kSamplesMax are kept, as few as
// kSamplesMin where num_factors is large.
//
// Rows that know little of a feature make its draws wide, and few samples of them a noisy mean: of
// the largest set of features that meet in no row (the items, say) a sample holds what they are
// expected to be, given all others, in place of the draw (blocks.h, give_expected()).
//
// The chain begins at factors_init_sigma 0.1, as libFM's does: from larger factors it may stay for
// long where many of them say what few would. Defaults: epochs 100; learning rates and decays play
// no part.
//
// A training that goes on from a model begins at it, as one sample; num_factors must be that of the
// model, so one of `mcmc` itself, whose artefact has more factors, is not gone on from.
//
// Blocks. Errors: exhausted (examples beyond memory), invalid (diverged), unsupported (more than
// kBlockFactorsMax factors).
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

inline constexpr double kBurnIn = 0.2;
inline constexpr uint64_t kSamplesMin = 8;
inline constexpr uint64_t kSamplesMax = 32;

// Replaces `model` by one of more factors.
Result<void> solve_mcmc(const Training& training, Model& model);

}  // namespace millrace::ml::factorization_machines
