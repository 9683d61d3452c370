// Aggregate: what a set of samples amounts to: count, sum, extremes, and how they are distributed.
//
// Values are counted exactly up to kExactValuesMax distinct ones; beyond that in buckets whose
// bounds grow by 2 %, then 10 %, then by the factor 2, whatever keeps their number bounded. So
// percentiles are exact, or within 1 % in the usual case; min and max are exact always. Merging is
// commutative and associative but for the rounding of floating point.
// Statistic: a way to make one number of it, by CloudWatch's names (the page "CloudWatch
// statistics definitions").
//
// Pure values; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::metrics {

struct Aggregate {
  double count = 0;
  double sum = 0;
  double min = 0;  // Of no meaning while count is 0.
  double max = 0;
  uint8_t coarseness = 0;       // 0: `values` are exact; else the step of aggregate.cc's ladder.
  std::vector<double> values;   // Ascending, distinct.
  std::vector<double> weights;  // How often each of `values` occurs.

  // `count` samples of the same value. Both are finite and count is positive.
  void add(double value, double count = 1);
  // A summary made elsewhere: its distribution is unknown unless all samples must be equal.
  void add_summary(double count, double sum, double min, double max);
  void merge(const Aggregate& other);
  // Whether every sample is in `values`: percentiles are known.
  bool distribution_known() const;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.count), v(2, self.sum), v(3, self.min), v(4, self.max), v(5, self.coarseness);
    v(6, self.values), v(7, self.weights);
  }
  bool operator==(const Aggregate&) const = default;
};

struct Statistic {
  enum class Kind : uint8_t {
    sample_count,
    average,
    sum,
    minimum,
    maximum,
    percentile,       // p99.9
    trimmed_mean,     // tm90, TM(10%:90%), TM(150:1000)
    winsorized_mean,  // wm90, WM(10%:90%)
    trimmed_count,    // tc90, TC(:150)
    trimmed_sum,      // ts90, TS(80%:)
    percentile_rank,  // PR(:300): the share of samples within the bounds, in percent
  };
  struct Bound {
    double at = 0;
    bool percent = false;
    bool operator==(const Bound&) const = default;
  };
  Kind kind = Kind::average;
  std::optional<Bound> low;   // None: from the smallest sample.
  std::optional<Bound> high;  // None: to the largest. A percentile: where it is.

  bool needs_distribution() const { return kind >= Kind::percentile; }
  friend bool operator==(const Statistic& a, const Statistic& b) {
    return a.kind == b.kind && a.low == b.low && a.high == b.high;
  }
};

// SampleCount, Average, Sum, Minimum, Maximum, IQM, p50, tm99, TM(2%:98%), … Errors: invalid.
Result<Statistic> parse_statistic(std::string_view text);

// Nothing where there are no samples, or the distribution is needed and not known.
std::optional<double> evaluate(const Statistic& statistic, const Aggregate& samples);

}  // namespace millrace::metrics
