// The arithmetic of solving for all parameters of one feature at once, in vectors. A feature's
// parameters lie as `width` floats: its factors, its linear weight, and zeros up to a multiple of
// kBlockLanes.
//
// Functions; thread-safe where what they write is not shared. The order of additions is fixed.
#pragma once

#include <cstddef>

#include "engines/ml/algorithms/factorization_machines/columns.h"

namespace millrace::ml::factorization_machines {

inline constexpr size_t kBlockLanes = 8;

constexpr size_t block_width(size_t parameters) {
  return (parameters + kBlockLanes - 1) / kBlockLanes * kBlockLanes;
}

// What the derivatives of the output by a feature's parameters are made from.
struct BlockSource {
  const RowBatch* rows = nullptr;
  const float* parameters = nullptr;  // `width` floats a feature.
  size_t factors = 0;
  size_t width = 0;
  const float* sums = nullptr;   // `width` floats a row, sum_j x_j v_j; null: taken anew.
  const float* roots = nullptr;  // By row, roots of weights; null: 1.
};

// Of each row of the column: root x (sum_{j != i} x_j v_j), and root x as the last parameter's.
void block_derivatives(const BlockSource& source, const Column& column, float* derivatives);

// What the uncertainty of the other features adds to a column's system, given its derivatives
// (block_derivatives()) and the variances of all parameters, laid out as they are:
//   diagonal += sum (root x)^2 sum_{j != i} x_j^2 s_j
//   shared += sum root^2 x sum_{j != i} x_j^2 s_j sum_{l != i, j} x_l v_l
// of the factors; other places of the two are left undefined.
void add_uncertainty(const BlockSource& source, const Column& column, const float* variances,
                     const float* derivatives, float* diagonal, float* shared);

// The variances of the model's outputs, where parameters are independent. results[row] is of that
// row.
void block_output_variances(const BlockSource& source, const float* variances, size_t first,
                            size_t count, float* results);

// sums[row] += x change, of each row of the column.
void add_to_sums(const Column& column, const float* change, size_t width, float* sums);

// products += rows^T rows, of `count` rows of `width` floats; only what is at or right of the
// diagonal is meant.
void add_products(const float* rows, size_t count, size_t width, float* products);

// total += sum_r factors[r] rows[r].
void add_scaled(const float* rows, const float* factors, size_t count, size_t width, float* total);

// products[r] = rows[r] . vector
void multiply(const float* rows, const float* vector, size_t count, size_t width, float* products);

// matrix = U^T U in place, at or right of the diagonal (Cholesky). A direction of which the matrix
// knows nothing is given an infinite weight: what is solved for does not move along it.
void factorise(float* matrix, size_t size, size_t width);

// U^T y = y, then U x = x, in place.
void solve_lower(const float* upper, size_t size, size_t width, float* y);
void solve_upper(const float* upper, size_t size, size_t width, float* x);

// The model's outputs of rows: bias + w x + interactions. outputs[row] is of that row.
void block_outputs(const BlockSource& source, float bias, size_t first, size_t count,
                   float* outputs);

}  // namespace millrace::ml::factorization_machines
