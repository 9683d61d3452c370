// Field-aware models: the solver `adagrad` where the hyperparameter `fields` is given, after Juan,
// Zhuang, Chin and Lin 2016 (libFFM): AdaGrad over examples in a drawn order, every example
// normalised to length 1, factors that start between 0 and 1 / sqrt(num_factors). Linear weights,
// which libFFM does not have, keep rows as they are, and take rates and decays that are scaled to
// their length, as descent.h does; all rates are scaled to the labels of a regressor.
//
// The factors of a feature are num_factors for each field, one field after the other.
#pragma once

#include <span>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/field_kernels.h"
#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

// `model` becomes field-aware: its factors are drawn anew.
Result<void> solve_field_aware(const Training& training, Model& model);

// The entries of a row with the field of each; `fields` as in Settings. Answers r of
// field_kernels.h; 0 for a row of zeros.
float find_fields(RowView row, std::span<const uint64_t> fields, std::vector<FieldEntry>& entries);

}  // namespace millrace::ml::factorization_machines
