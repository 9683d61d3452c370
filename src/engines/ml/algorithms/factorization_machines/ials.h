// The solver `ials`: implicit alternating least squares (Hu, Koren and Volinsky 2008,
// "Collaborative Filtering for Implicit Feedback Datasets") with the frequency-scaled
// regularisation and the tuned weight of what was not observed of Rendle, Krichene, Zhang and Koren
// 2022, "Revisiting the Performance of iALS on Item Recommendation Benchmarks" (RecSys,
// arXiv:2110.14037). Minimises
//   sum over examples c (<w_u, h_i> - t)^2 + a0 sum over all u, i <w_u, h_i>^2
//     + lambda (sum_u (C_u + a0 I)^nu |w_u|^2 + sum_i (C_i + a0 U)^nu |h_i|^2)
// with t = 1 and c = the label of a positive example, t = 0 and c = 1 of a known negative; C_u the
// sum of the c of a user, I the number of items; lambda is factors_wd, a0 unobserved_weight and nu
// frequency_exponent.
//
// It learns from users and items only. The model's factors of a user and an item are w_u and h_i,
// everything else becomes 0, so that the output of a row of both is <w_u, h_i>. A training that
// goes on from a model keeps the factors of users and items that its examples do not name.
//
// Rows of few entries, of the long tail of both sides, are solved in the space of their entries:
// the matrix that those of one ridge have in common is factorised once (ials_kernels.h).
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

Result<void> solve_ials(const Training& training, Model& model);

}  // namespace millrace::ml::factorization_machines
