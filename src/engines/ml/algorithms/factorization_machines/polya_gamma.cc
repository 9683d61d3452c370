#include "engines/ml/algorithms/factorization_machines/polya_gamma.h"

#include <cmath>
#include <numbers>

namespace millrace::ml::factorization_machines {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kCut = 0.64;  // Where the two halves of the proposal meet.

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

// How much of the proposal is its exponential tail.
double tail_share(double z) {
  const double rate = kPi * kPi / 8 + z * z / 2;
  const double root = std::sqrt(1 / kCut);
  const double begin = std::log(rate) + rate * kCut;
  const double below = std::exp(begin - z) * normal_cdf(root * (kCut * z - 1));
  // exp(begin + z) is large where the other factor is small: their logarithms are added.
  const double above = std::exp(begin + z + std::log(normal_cdf(-root * (kCut * z + 1))));
  return 1 / (1 + 4 / kPi * (below + above));
}

// An inverse normal of mean 1 / z that is below kCut.
double draw_head(double z, Generator& generator) {
  if (z < 1 / kCut) {
    for (;;) {
      double e = 0, other = 0;
      do {
        e = generator.exponential();
        other = generator.exponential();
      } while (e * e > 2 * other / kCut);
      const double x = kCut / ((1 + kCut * e) * (1 + kCut * e));
      if (generator.uniform() <= std::exp(-0.5 * z * z * x)) return x;
    }
  }
  const double mean = 1 / z;
  for (;;) {
    const double n = generator.normal();
    const double y = mean * n * n;
    double x = mean + 0.5 * mean * (y - std::sqrt(4 * y + y * y));
    if (generator.uniform() > mean / (mean + x)) x = mean * mean / x;
    if (x <= kCut) return x;
  }
}

// The terms of the density's alternating series.
double term(int n, double x) {
  const double k = (n + 0.5) * kPi;
  if (x > kCut) return k * std::exp(-0.5 * k * k * x);
  const double h = n + 0.5;
  return k * std::pow(2 / (kPi * x), 1.5) * std::exp(-2 * h * h / x);
}

bool accepted(double x, Generator& generator) {
  double sum = term(0, x);
  const double height = generator.uniform() * sum;
  for (int n = 1;; ++n) {
    if (n % 2 == 1) {
      sum -= term(n, x);
      if (height <= sum) return true;
    } else {
      sum += term(n, x);
      if (height > sum) return false;
    }
  }
}

}  // namespace

double polya_gamma_mean(double z) {
  z = std::abs(z);
  if (z < 1e-3) return 0.25 - z * z / 48;
  return std::tanh(z / 2) / (2 * z);
}

double polya_gamma(double z, Generator& generator) {
  z = std::abs(z) / 2;
  const double rate = kPi * kPi / 8 + z * z / 2;
  const double tail = tail_share(z);
  for (;;) {
    const double x = generator.uniform() < tail ? kCut + generator.exponential() / rate
                                                : draw_head(z, generator);
    if (accepted(x, generator)) return x / 4;
  }
}

}  // namespace millrace::ml::factorization_machines
