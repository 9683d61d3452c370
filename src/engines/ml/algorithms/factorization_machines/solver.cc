#include "engines/ml/algorithms/factorization_machines/solver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/result.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint32_t kNone = 0xffffffff;
constexpr float kBeta1 = 0.9f;
constexpr float kBeta2 = 0.999f;

// xoshiro256** (Blackman and Vigna), seeded by SplitMix64: the same numbers in every build.
class Generator {
 public:
  explicit Generator(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15ull;
      uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
      word = z ^ (z >> 31);
    }
  }

  double uniform() {  // In [0, 1).
    return static_cast<double>(next() >> 11) * 0x1p-53;
  }

  double normal() {  // Box and Muller, both halves used.
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

 private:
  static uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }
  uint64_t next() {
    const uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  uint64_t state_[4] = {};
  std::optional<double> spare_;
};

float draw(const Initializer& initializer, Generator& generator) {
  switch (initializer.method) {
    case Initializer::Method::normal:
      return static_cast<float>(initializer.argument * generator.normal());
    case Initializer::Method::uniform:
      return static_cast<float>(initializer.argument * (2.0 * generator.uniform() - 1.0));
    case Initializer::Method::constant:
      return static_cast<float>(initializer.argument);
  }
  return 0;
}

}  // namespace

void initialize(Model& model, const SolverSettings& settings) {
  Generator generator(settings.seed);
  model.bias = draw(settings.bias.initializer, generator);
  for (uint64_t feature = 0; feature < model.feature_dim(); ++feature) {
    float* row = model.row(feature);
    for (uint32_t f = 0; f < model.num_factors(); ++f) {
      row[f] = draw(settings.factors.initializer, generator);
    }
    row[model.num_factors()] = draw(settings.linear.initializer, generator);
  }
}

Gradient::Gradient(const Model& model)
    : stride_(model.stride()),
      slots_(model.feature_dim(), kNone),
      sums_(model.num_factors()),
      squares_(model.num_factors()) {}

uint32_t Gradient::slot(uint32_t feature) {
  uint32_t& slot = slots_[feature];
  if (slot == kNone) {
    slot = static_cast<uint32_t>(touched_.size());
    touched_.push_back(feature);
    rows_.resize(rows_.size() + stride_, 0.0f);
  }
  return slot;
}

void Gradient::compute(const Model& model, const RowBatch& batch, std::vector<float>& raw) {
  for (const uint32_t feature : touched_) slots_[feature] = kNone;
  touched_.clear();
  rows_.clear();
  bias_ = 0;
  raw.resize(batch.size());
  const size_t factors = model.num_factors();
  for (size_t at = 0; at < batch.size(); ++at) {
    const RowView row = batch.row(at);
    raw[at] = model.predict(row, sums_, squares_);
    const float derivative = score_of(model.type(), raw[at]) - batch.label(at);
    bias_ += derivative;
    const float* __restrict sums = sums_.data();
    for (size_t i = 0; i < row.indices.size(); ++i) {
      const float x = row.values[i];
      const float slope = derivative * x;
      const size_t offset = slot(row.indices[i]) * stride_;
      float* __restrict gradient = rows_.data() + offset;
      const float* __restrict parameters = model.row(row.indices[i]);
      for (size_t f = 0; f < factors; ++f) {
        gradient[f] += slope * (sums[f] - parameters[f] * x);
      }
      gradient[factors] += slope;
    }
  }
}

Adam::Adam(const Model& model, const SolverSettings& settings)
    : settings_(settings),
      clip_(settings.clip_gradient ? static_cast<float>(*settings.clip_gradient)
                                   : std::numeric_limits<float>::infinity()),
      means_(model.feature_dim() * model.stride()),
      squares_(model.feature_dim() * model.stride()) {}

void Adam::move(Term term, const float* gradient, float* parameter, float* mean, float* square,
                size_t count) const {
  const float* __restrict g = gradient;
  float* __restrict p = parameter;
  float* __restrict m = mean;
  float* __restrict s = square;
  const float epsilon = static_cast<float>(settings_.epsilon);
  for (size_t i = 0; i < count; ++i) {
    // MXNet's order: decay joins the gradient before it is clipped.
    float slope = g[i] * scale_ + p[i] * term.decay;
    slope = slope > clip_ ? clip_ : slope;
    slope = slope < -clip_ ? -clip_ : slope;
    m[i] = kBeta1 * m[i] + (1 - kBeta1) * slope;
    s[i] = kBeta2 * s[i] + (1 - kBeta2) * slope * slope;
    p[i] -= term.rate * m[i] / (std::sqrt(s[i]) + epsilon);
  }
}

void Adam::move(Term term, float gradient, float& parameter, float& mean, float& square) const {
  move(term, &gradient, &parameter, &mean, &square, 1);
}

void Adam::step(Model& model, const Gradient& gradient, size_t rows) {
  ASSERT(rows > 0);
  ++steps_;
  const double t = static_cast<double>(steps_);
  const double correction =
      std::sqrt(1.0 - std::pow(double{kBeta2}, t)) / (1.0 - std::pow(double{kBeta1}, t));
  scale_ = static_cast<float>(settings_.rescale_gradient.value_or(1.0 / static_cast<double>(rows)));
  const auto term = [correction](const TermSettings& settings) {
    return Term{static_cast<float>(settings.learning_rate * correction),
                static_cast<float>(settings.weight_decay)};
  };
  const Term linear = term(settings_.linear);
  const Term factors = term(settings_.factors);
  const size_t count = model.num_factors();
  const auto features = gradient.features();
  for (size_t slot = 0; slot < features.size(); ++slot) {
    const float* g = gradient.row(slot);
    float* p = model.row(features[slot]);
    float* m = means_.data() + features[slot] * model.stride();
    float* s = squares_.data() + features[slot] * model.stride();
    move(factors, g, p, m, s, count);
    move(linear, g[count], p[count], m[count], s[count]);
  }
  move(term(settings_.bias), gradient.bias(), model.bias, bias_mean_, bias_square_);
}

}  // namespace millrace::ml::factorization_machines
