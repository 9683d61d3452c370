// The solver `auto` where the examples are implicit feedback: tries the solvers for it, and keeps
// what ranks best, by NDCG@10 (ranking_validation.h), items that were not learned from: those of
// the channel `validation`, or else of a random fifth, which is learned from in the end. Compared
// are
//   ials with unobserved_weight 0.3 and factors_wd from its default up and down by factors of 3, as
//   long as that is better, then unobserved_weight 1 and 0.1 with the same product of the two;
//   bpr and softmax with their own defaults,
// and another solver than the best of ials is taken only where its NDCG@10 is larger by
// kRanksBetter of it. What was tried and chosen is in the log. The search takes about as long as
// three trainings by each of the three solvers at most; where no channel `validation` is given, it
// looks at users of up to kRankingSearchExamples examples together.
//
// Blocks. Errors: those of the solver that is chosen.
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

inline constexpr double kRanksBetter = 0.01;
inline constexpr size_t kRankingSearchExamples = 500'000;

// Whether the examples say who took what and nothing else: each names one user and one item
// (implicit.h), and all have the same label, above 0. (There is nothing to predict of labels then.)
bool is_implicit_feedback(const RowBatch& rows, const Settings& settings);

// `rows` are all examples, in an order that was drawn.
Result<void> solve_automatic_ranking(const Training& training, const RowBatch& rows, Model& model);

}  // namespace millrace::ml::factorization_machines
