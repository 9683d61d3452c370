// The arithmetic of the solver `softmax` in vectors of the widest kind that the processor has.
//
// Pure apart from what they are given to write. Rows of tables are multiples of kDenseUnit floats.
#pragma once

#include <cstddef>

namespace millrace::ml::factorization_machines {

inline constexpr size_t kDenseUnit = 32;

// c += a b, of `rows` x `inner` and `inner` x `columns`; columns is a multiple of kDenseUnit. The
// element of row r and inner i of `a` is a[r * a_row + i * a_inner].
void multiply_add(const float* a, size_t a_row, size_t a_inner, const float* b, size_t b_row,
                  float* c, size_t c_row, size_t rows, size_t inner, size_t columns);

// Of `count` logits (a multiple of kDenseUnit) and one more, `own`: replaces them by their shares
// of the sum of all exponentials and answers `own`'s; `log_sum` is the logarithm of the sum.
float softmax_shares(float* logits, size_t count, float own, float* log_sum);

// AdaGrad: squares += g^2, values -= rate (g + decay v) / sqrt(squares), of any `count`.
void move_adagrad(float* values, float* squares, const float* gradients, size_t count, float rate,
                  float decay);

}  // namespace millrace::ml::factorization_machines
