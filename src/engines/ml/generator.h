// Pseudo-random numbers that are the same in every build: xoshiro256** (Blackman and Vigna 2021),
// seeded by SplitMix64, and draws from it. Not for secrets.
//
// A value; not thread-safe.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>

namespace millrace::ml {

class Generator {
 public:
  explicit Generator(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += kGolden;
      word = scramble(seed);
    }
  }

  // Of one part of the work of one step, so that parts may be done in any order.
  Generator(uint64_t seed, uint64_t step, uint64_t part)
      : Generator(scramble(scramble(seed + kGolden) + step * kGolden) ^ scramble(part + kGolden)) {}

  uint64_t next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  // In [0, count); `count` > 0. Lemire's multiplication; the bias is below count / 2^64.
  uint64_t below(uint64_t count) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * count) >> 64);
  }

  // Of mean 0 and variance 1 (Box and Muller, both halves used).
  double normal() {
    if (spare_) {
      const double value = *spare_;
      spare_.reset();
      return value;
    }
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    const double angle = 2.0 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    return radius * std::cos(angle);
  }

  // Of mean 1.
  double exponential() { return -std::log(1.0 - uniform()); }

  // Of mean and variance `shape` > 0 (Marsaglia and Tsang 2000).
  double gamma(double shape) {
    if (shape < 1) {
      const double power = std::pow(1.0 - uniform(), 1 / shape);
      return gamma(shape + 1) * power;
    }
    const double d = shape - 1.0 / 3;
    const double c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal();
      const double root = 1 + c * x;
      if (root <= 0) continue;
      const double v = root * root * root;
      if (std::log(1.0 - uniform()) < 0.5 * x * x + d * (1 - v + std::log(v))) return d * v;
    }
  }

 private:
  static constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ull;

  static uint64_t scramble(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  uint64_t state_[4] = {};
  std::optional<double> spare_;
};

}  // namespace millrace::ml
