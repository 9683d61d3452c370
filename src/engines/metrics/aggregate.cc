#include "engines/metrics/aggregate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engines/metrics/limits.h"

namespace millrace::metrics {
namespace {

// How much a bucket's upper bound is above its lower one, by Aggregate::coarseness - 1. The last
// one holds all doubles in some 4,200 buckets.
constexpr std::array<double, 3> kGrowth{1.02, 1.1, 2.0};
constexpr size_t kInsertMax = 8;  // So many values are inserted, more are merged in one pass.
constexpr double kWeightTolerance = 1e-6;  // Counts are doubles, and are summed in any order.

// The representative of the value's bucket: its geometric middle, which is in the bucket again.
double quantise(double value, uint8_t coarseness) {
  if (coarseness == 0 || value == 0) return value + 0.0;  // + 0.0: no negative zero.
  const double step = std::log(kGrowth.at(coarseness - 1U));
  const double middle = (std::floor(std::log(std::abs(value)) / step) + 0.5) * step;
  const double bounded = std::min(std::exp(middle), std::numeric_limits<double>::max());
  return std::copysign(bounded, value);
}

// Adds to ascending distinct values with their weights.
struct Histogram {
  std::vector<double> values;
  std::vector<double> weights;
  void append(double value, double weight) {
    if (!values.empty() && values.back() == value) {
      weights.back() += weight;
    } else {
      values.push_back(value);
      weights.push_back(weight);
    }
  }
};

void coarsen(Aggregate& a, uint8_t coarseness) {
  if (a.coarseness >= coarseness) return;
  Histogram coarser;
  for (size_t i = 0; i < a.values.size(); ++i) {
    coarser.append(quantise(a.values[i], coarseness), a.weights[i]);
  }
  a.values = std::move(coarser.values);
  a.weights = std::move(coarser.weights);
  a.coarseness = coarseness;
}

void bound(Aggregate& a) {
  while (a.values.size() > kExactValuesMax && a.coarseness < kGrowth.size()) {
    coarsen(a, static_cast<uint8_t>(a.coarseness + 1));
  }
}

void widen(Aggregate& a, double count, double sum, double min, double max) {
  a.min = a.count > 0 ? std::min(a.min, min) : min;
  a.max = a.count > 0 ? std::max(a.max, max) : max;
  a.count += count;
  a.sum += sum;
}

// Counts `value` in the histogram.
void insert(Aggregate& a, double value, double weight) {
  const double at = quantise(value, a.coarseness);
  const auto found = std::ranges::lower_bound(a.values, at);
  const auto index = found - a.values.begin();
  if (found != a.values.end() && *found == at) {
    a.weights[static_cast<size_t>(index)] += weight;
    return;
  }
  a.values.insert(found, at);
  a.weights.insert(a.weights.begin() + index, weight);
  bound(a);
}

}  // namespace

void Aggregate::add(double value, double weight) {
  widen(*this, weight, value * weight, value, value);
  insert(*this, value, weight);
}

void Aggregate::add_summary(double samples, double total, double smallest, double largest) {
  if (smallest == largest || samples == 1) {
    const double before = sum;
    add(samples == 1 ? total : smallest, samples);
    sum = before + total;
    min = std::min(min, smallest);
    max = std::max(max, largest);
    return;
  }
  widen(*this, samples, total, smallest, largest);
}

void Aggregate::merge(const Aggregate& other) {
  if (other.count == 0) return;
  widen(*this, other.count, other.sum, other.min, other.max);
  coarsen(*this, other.coarseness);
  if (other.values.size() <= kInsertMax) {
    for (size_t j = 0; j < other.values.size(); ++j) {
      insert(*this, other.values[j], other.weights[j]);
    }
    return;
  }
  Histogram both;
  size_t i = 0;
  for (size_t j = 0; j < other.values.size(); ++j) {
    const double theirs = quantise(other.values[j], coarseness);
    for (; i < values.size() && values[i] <= theirs; ++i) both.append(values[i], weights[i]);
    both.append(theirs, other.weights[j]);
  }
  for (; i < values.size(); ++i) both.append(values[i], weights[i]);
  values = std::move(both.values);
  weights = std::move(both.weights);
  bound(*this);
}

bool Aggregate::distribution_known() const {
  double known = 0;
  for (const double weight : weights) known += weight;
  return count > 0 && std::abs(known - count) <= kWeightTolerance * count;
}

}  // namespace millrace::metrics
