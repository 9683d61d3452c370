// How sure a measure is: bootstrap intervals (Efron and Tibshirani, 1993, "An introduction to the
// bootstrap", chapters 13 and 16), and the significance of the difference of two models by the
// paired randomization test (Smucker, Allan and Carterette, 2007, "A comparison of statistical
// significance tests for information retrieval evaluation").
//
// What is drawn, with replacement, is the unit that is independent of the others: users for
// rankings, rows for regressions and classifications. Pure and thread-safe: the same settings and
// values give the same numbers in every build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace millrace::ml::evaluation {

struct BootstrapSettings {
  size_t rounds = 2000;
  double confidence = 0.95;  // Of the percentile interval; above 0 and below 1.
  uint64_t seed = 1;
};

struct Interval {
  double value = 0;  // Of all units, as they are.
  double low = 0;
  double high = 0;
};

// Of the mean of `values`, one a unit. Of none: zeros.
Interval bootstrap_mean(std::span<const double> values, const BootstrapSettings& settings = {});

// Of any statistic of units that are numbered from 0: it gets the numbers of those that were drawn.
using Statistic = std::function<double(std::span<const uint32_t> drawn)>;
Interval bootstrap(size_t units, const Statistic& statistic,
                   const BootstrapSettings& settings = {});

struct Difference {
  Interval mean;  // Of a - b, pair by pair.
  // How often chance alone makes a mean difference at least as large, either way: the pairs change
  // sides at random. At least 1 / (rounds + 1).
  double p_value = 1;
  // The interval is on one side of 0.
  bool significant() const { return mean.low > 0 || mean.high < 0; }
};

// `a` and `b` are of the same units, in the same order.
Difference compare(std::span<const double> a, std::span<const double> b,
                   const BootstrapSettings& settings = {});

}  // namespace millrace::ml::evaluation
