// How far predictions are from numbers, over weighted rows, in one pass and constant memory.
//   rmse = sqrt(sum w (p - y)^2 / sum w)      mae = sum w |p - y| / sum w
//   bias = sum w (p - y) / sum w              r2  = 1 - sum w (p - y)^2 / sum w (y - mean y)^2
// The variance of the labels is that of West (1979), "Updating mean and variance estimates: an
// improved method", which does not cancel where the mean is large.
//
// A value; not thread-safe. Parts of the rows may be added to several, which merge() joins.
#pragma once

#include <cstddef>
#include <optional>

namespace millrace::ml::evaluation {

class RegressionErrors {
 public:
  // `weight` is positive.
  void add(double prediction, double label, double weight = 1);
  void merge(const RegressionErrors& other);

  size_t rows() const { return rows_; }
  // Of no rows: 0.
  double rmse() const;
  double mae() const;
  double bias() const;
  // Nothing where the labels are all the same: there is nothing to explain.
  std::optional<double> r2() const;

 private:
  size_t rows_ = 0;
  double weight_ = 0;
  double squares_ = 0;
  double absolutes_ = 0;
  double differences_ = 0;
  double label_mean_ = 0;
  double label_squares_ = 0;  // sum w (y - mean y)^2
};

}  // namespace millrace::ml::evaluation
