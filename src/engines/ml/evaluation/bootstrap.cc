#include "engines/ml/evaluation/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/result.h"

namespace millrace::ml::evaluation {
namespace {

// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers in every build.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ull;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // Below `bound`; the excess of some values over others is below bound / 2^32 of their share.
  uint32_t below(uint32_t bound) {
    return static_cast<uint32_t>((next() >> 32) * uint64_t{bound} >> 32);
  }

 private:
  uint64_t state_;
};

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of sorted values, between the two nearest (type 7 of Hyndman and Fan, 1996).
double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Interval interval_of(double value, std::vector<double> rounds, double confidence) {
  std::sort(rounds.begin(), rounds.end());
  const double tail = (1 - confidence) / 2;
  return {.value = value, .low = quantile(rounds, tail), .high = quantile(rounds, 1 - tail)};
}

void check(const BootstrapSettings& settings, size_t units) {
  ASSERT(settings.rounds > 0);
  ASSERT(settings.confidence > 0);
  ASSERT(settings.confidence < 1);
  ASSERT(units <= UINT32_MAX);
}

double randomization_p_value(const std::vector<double>& differences,
                             const BootstrapSettings& settings) {
  const double observed = std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
  // Sums that differ by the order of additions only count as equal.
  double scale = 0;
  for (const double difference : differences) scale += std::abs(difference);
  const double bar = observed - 1e-12 * scale;
  Dice dice(settings.seed ^ 0x5bd1e995u);
  size_t as_large = 0;
  for (size_t round = 0; round < settings.rounds; ++round) {
    double sum = 0;
    uint64_t coins = 0;
    for (size_t i = 0; i < differences.size(); ++i) {
      if (i % 64 == 0) coins = dice.next();
      sum += (coins & 1) != 0 ? differences[i] : -differences[i];
      coins >>= 1;
    }
    as_large += std::abs(sum) >= bar ? 1 : 0;
  }
  return static_cast<double>(as_large + 1) / static_cast<double>(settings.rounds + 1);
}

}  // namespace

Interval bootstrap_mean(std::span<const double> values, const BootstrapSettings& settings) {
  check(settings, values.size());
  if (values.empty()) return {};
  Dice dice(settings.seed);
  std::vector<double> rounds(settings.rounds);
  for (double& round : rounds) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      sum += values[dice.below(static_cast<uint32_t>(values.size()))];
    }
    round = sum / static_cast<double>(values.size());
  }
  return interval_of(mean_of(values), std::move(rounds), settings.confidence);
}

Interval bootstrap(size_t units, const Statistic& statistic, const BootstrapSettings& settings) {
  check(settings, units);
  if (units == 0) return {};
  std::vector<uint32_t> drawn(units);
  std::iota(drawn.begin(), drawn.end(), 0u);
  const double value = statistic(drawn);
  Dice dice(settings.seed);
  std::vector<double> rounds(settings.rounds);
  for (double& round : rounds) {
    for (uint32_t& unit : drawn) unit = dice.below(static_cast<uint32_t>(units));
    round = statistic(drawn);
  }
  return interval_of(value, std::move(rounds), settings.confidence);
}

Difference compare(std::span<const double> a, std::span<const double> b,
                   const BootstrapSettings& settings) {
  ASSERT(a.size() == b.size());
  std::vector<double> differences(a.size());
  for (size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
  return {.mean = bootstrap_mean(differences, settings),
          .p_value = randomization_p_value(differences, settings)};
}

}  // namespace millrace::ml::evaluation
