#include "engines/ml/algorithms/factorization_machines/solver.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint64_t kFeatures = 12;
constexpr uint32_t kFactors = 5;

// The textbook, in double precision and with every sum written out.
struct Reference {
  explicit Reference(const Model& model) : type(model.type()) {
    w0 = model.bias;
    for (uint64_t i = 0; i < kFeatures; ++i) {
      v.emplace_back(model.row(i), model.row(i) + kFactors);
      w.push_back(model.row(i)[kFactors]);
    }
  }

  double raw(const std::vector<double>& x) const {
    double y = w0;
    for (uint64_t i = 0; i < kFeatures; ++i) y += w[i] * x[i];
    for (uint64_t i = 0; i < kFeatures; ++i) {
      for (uint64_t j = i + 1; j < kFeatures; ++j) {
        double dot = 0;
        for (uint32_t f = 0; f < kFactors; ++f) dot += v[i][f] * v[j][f];
        y += dot * x[i] * x[j];
      }
    }
    return y;
  }

  double loss(const std::vector<double>& x, double label) const {
    const double y = raw(x);
    if (type == PredictorType::regressor) return 0.5 * (y - label) * (y - label);
    const double p = 1 / (1 + std::exp(-y));
    return -(label * std::log(p) + (1 - label) * std::log(1 - p));
  }

  PredictorType type;
  double w0 = 0;
  std::vector<double> w;
  std::vector<std::vector<double>> v;
};

SolverSettings settings(uint64_t seed) {
  SolverSettings s;
  s.bias = {{Initializer::Method::normal, 0.1}, 0.05, 0.01};
  s.linear = {{Initializer::Method::normal, 0.2}, 0.02, 0.001};
  s.factors = {{Initializer::Method::normal, 0.3}, 0.01, 0.003};
  s.seed = seed;
  return s;
}

RowBatch make_batch(size_t rows, bool classes, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  RowBatch batch;
  for (size_t at = 0; at < rows; ++at) {
    for (uint32_t i = 0; i < kFeatures; ++i) {
      if (uniform(generator) > 0.2f) continue;
      batch.indices.push_back(i);
      batch.values.push_back(uniform(generator));
    }
    const float label = uniform(generator);
    batch.end_row(classes ? (label > 0 ? 1.0f : 0.0f) : 3 * label);
  }
  return batch;
}

std::vector<double> dense(RowView row) {
  std::vector<double> x(kFeatures);
  for (size_t i = 0; i < row.indices.size(); ++i) x[row.indices[i]] = row.values[i];
  return x;
}

class Solver : public testing::TestWithParam<PredictorType> {
 protected:
  bool classes() const { return GetParam() == PredictorType::binary_classifier; }
};

TEST_P(Solver, PredictsAsTheDoubleSumOverPairs) {
  Model model(GetParam(), kFeatures, kFactors);
  initialize(model, settings(3));
  const Reference reference(model);
  const RowBatch batch = make_batch(50, classes(), 4);
  std::vector<float> sums(kFactors), squares(kFactors);
  for (size_t at = 0; at < batch.size(); ++at) {
    EXPECT_NEAR(model.predict(batch.row(at), sums, squares), reference.raw(dense(batch.row(at))),
                1e-5);
  }
}

TEST_P(Solver, GradientAgreesWithFiniteDifferences) {
  Model model(GetParam(), kFeatures, kFactors);
  initialize(model, settings(5));
  const RowBatch batch = make_batch(7, classes(), 6);
  Gradient gradient(model);
  std::vector<float> raw;
  gradient.compute(model, batch, raw);

  const auto loss = [&](const Reference& reference) {
    double total = 0;
    for (size_t at = 0; at < batch.size(); ++at) {
      total += reference.loss(dense(batch.row(at)), batch.label(at));
    }
    return total;
  };
  constexpr double kStep = 1e-5;
  const auto slope = [&](auto parameter) {
    Reference reference(model);
    double& value = parameter(reference);
    const double middle = value;
    value = middle + kStep;
    const double above = loss(reference);
    value = middle - kStep;
    return (above - loss(reference)) / (2 * kStep);
  };
  EXPECT_NEAR(gradient.bias(), slope([](Reference& r) -> double& { return r.w0; }), 1e-4);
  for (size_t slot = 0; slot < gradient.features().size(); ++slot) {
    const uint32_t i = gradient.features()[slot];
    EXPECT_NEAR(gradient.row(slot)[kFactors],
                slope([i](Reference& r) -> double& { return r.w[i]; }), 1e-4);
    for (uint32_t f = 0; f < kFactors; ++f) {
      EXPECT_NEAR(gradient.row(slot)[f],
                  slope([i, f](Reference& r) -> double& { return r.v[i][f]; }), 1e-4);
    }
  }
}

// Adam in double precision, on the features that occur, with decay and clipping.
struct ReferenceAdam {
  explicit ReferenceAdam(const SolverSettings& s) : settings(s) {}

  void step(Reference& r, const Gradient& gradient, size_t rows) {
    ++t;
    move(r.w0, gradient.bias() / static_cast<double>(rows), settings.bias, kFeatures, 0);
    for (size_t slot = 0; slot < gradient.features().size(); ++slot) {
      const uint32_t i = gradient.features()[slot];
      for (uint32_t f = 0; f < kFactors; ++f) {
        move(r.v[i][f], gradient.row(slot)[f] / static_cast<double>(rows), settings.factors, i, f);
      }
      move(r.w[i], gradient.row(slot)[kFactors] / static_cast<double>(rows), settings.linear, i,
           kFactors);
    }
  }
  void move(double& p, double g, const TermSettings& term, uint64_t i, uint32_t f) {
    g += term.weight_decay * p;
    const double clip = settings.clip_gradient.value_or(INFINITY);
    g = std::min(std::max(g, -clip), clip);
    double& m = mean[i][f];
    double& s = square[i][f];
    m = 0.9 * m + 0.1 * g;
    s = 0.999 * s + 0.001 * g * g;
    const double m_hat = m / (1 - std::pow(0.9, t));
    const double s_hat = s / (1 - std::pow(0.999, t));
    p -= term.learning_rate * m_hat / (std::sqrt(s_hat) + settings.epsilon);
  }

  SolverSettings settings;
  int t = 0;
  double mean[kFeatures + 1][kFactors + 1] = {};
  double square[kFeatures + 1][kFactors + 1] = {};
};

TEST_P(Solver, AdamAgreesWithADoublePrecisionReference) {
  SolverSettings s = settings(9);
  s.clip_gradient = 0.5;
  Model model(GetParam(), kFeatures, kFactors);
  initialize(model, s);
  Reference reference(model);
  ReferenceAdam reference_adam(s);
  Adam adam(model, s);
  Gradient gradient(model);
  std::vector<float> raw;
  for (unsigned step = 0; step < 40; ++step) {
    const RowBatch batch = make_batch(3, classes(), 100 + step);
    gradient.compute(model, batch, raw);
    reference_adam.step(reference, gradient, batch.size());
    adam.step(model, gradient, batch.size());
  }
  EXPECT_NEAR(model.bias, reference.w0, 2e-4);
  for (uint64_t i = 0; i < kFeatures; ++i) {
    EXPECT_NEAR(model.row(i)[kFactors], reference.w[i], 2e-4);
    for (uint32_t f = 0; f < kFactors; ++f) EXPECT_NEAR(model.row(i)[f], reference.v[i][f], 2e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, Solver,
                         testing::Values(PredictorType::regressor,
                                         PredictorType::binary_classifier));

TEST(Adam, LeavesFeaturesAloneThatDoNotOccur) {
  Model model(PredictorType::regressor, kFeatures, kFactors);
  initialize(model, settings(1));
  const Model before = model;
  RowBatch batch;
  batch.indices = {2};
  batch.values = {1};
  batch.end_row(5);
  Adam adam(model, settings(1));
  Gradient gradient(model);
  std::vector<float> raw;
  gradient.compute(model, batch, raw);
  adam.step(model, gradient, batch.size());
  for (uint64_t i = 0; i < kFeatures; ++i) {
    const bool same = std::equal(model.row(i), model.row(i) + kFactors + 1, before.row(i));
    EXPECT_EQ(same, i != 2) << i;
  }
}

TEST(Adam, RescalesTheSumWhereAsked) {
  SolverSettings s = settings(1);
  s.rescale_gradient = 0;  // Then only the decay moves, and it is off.
  s.bias.weight_decay = s.linear.weight_decay = s.factors.weight_decay = 0;
  Model model(PredictorType::regressor, kFeatures, kFactors);
  initialize(model, s);
  const Model before = model;
  Adam adam(model, s);
  Gradient gradient(model);
  std::vector<float> raw;
  gradient.compute(model, make_batch(5, false, 2), raw);
  adam.step(model, gradient, 5);
  EXPECT_EQ(model, before);
}

TEST(Initialize, DrawsWhatTheMethodSays) {
  SolverSettings s = settings(11);
  s.bias.initializer = {Initializer::Method::constant, -2.5};
  s.linear.initializer = {Initializer::Method::uniform, 0.5};
  s.factors.initializer = {Initializer::Method::normal, 0.1};
  Model model(PredictorType::regressor, 2000, 4);
  initialize(model, s);
  EXPECT_EQ(model.bias, -2.5f);
  double sum = 0, squares = 0, largest = 0, linear = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    for (int f = 0; f < 4; ++f) {
      sum += model.row(i)[f];
      squares += model.row(i)[f] * model.row(i)[f];
    }
    largest = std::max<double>(largest, std::abs(model.row(i)[4]));
    linear += model.row(i)[4];
  }
  EXPECT_NEAR(sum / 8000, 0, 0.005);
  EXPECT_NEAR(std::sqrt(squares / 8000), 0.1, 0.005);
  EXPECT_LE(largest, 0.5);
  EXPECT_GT(largest, 0.45);
  EXPECT_NEAR(linear / 2000, 0, 0.03);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
