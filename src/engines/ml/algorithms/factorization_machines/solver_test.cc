#include "engines/ml/algorithms/factorization_machines/adam.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <deque>
#include <random>
#include <set>

#include "engines/ml/algorithms/factorization_machines/adam_kernels.h"
#include "engines/ml/algorithms/factorization_machines/descent.h"
#include "engines/ml/algorithms/factorization_machines/planted_data.h"

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
      w.push_back(model.linear(i));
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

Settings settings(uint64_t seed) {
  Settings s;
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

class SolverOf : public testing::TestWithParam<PredictorType> {
 protected:
  bool classes() const { return GetParam() == PredictorType::binary_classifier; }
};

TEST_P(SolverOf, PredictsAsTheDoubleSumOverPairs) {
  Model model(GetParam(), kFeatures, kFactors);
  initialize(model, settings(3));
  const Reference reference(model);
  const RowBatch batch = make_batch(50, classes(), 4);
  for (size_t at = 0; at < batch.size(); ++at) {
    EXPECT_NEAR(predict(model.view(), batch.row(at)), reference.raw(dense(batch.row(at))), 1e-5);
  }
}

// The slope of the summed loss of a batch along one parameter, by finite differences.
double slope_along(Reference reference, double& (*parameter)(Reference&, uint64_t, uint32_t),
                   uint64_t i, uint32_t f, const RowBatch& batch) {
  constexpr double kStep = 1e-5;
  const auto loss = [&](double by) {
    double& value = parameter(reference, i, f);
    const double middle = value;
    value = middle + by;
    double total = 0;
    for (size_t at = 0; at < batch.size(); ++at) {
      total += reference.loss(dense(batch.row(at)), batch.label(at));
    }
    parameter(reference, i, f) = middle;
    return total;
  };
  return (loss(kStep) - loss(-kStep)) / (2 * kStep);
}

double& bias_of(Reference& r, uint64_t, uint32_t) { return r.w0; }
double& linear_of(Reference& r, uint64_t i, uint32_t) { return r.w[i]; }
double& factor_of(Reference& r, uint64_t i, uint32_t f) { return r.v[i][f]; }

// Adam in double precision on gradients by finite differences, with decay and clipping; features
// that do not occur stay.
struct ReferenceAdam {
  explicit ReferenceAdam(const Settings& s) : settings(s) {}

  void step(Reference& r, const RowBatch& batch) {
    ++t;
    const Reference before = r;
    const double rows = static_cast<double>(batch.size());
    move(r.w0, slope_along(before, bias_of, 0, 0, batch) / rows, settings.bias, kFeatures, 0);
    const std::set<uint32_t> features(batch.indices.begin(), batch.indices.end());
    for (const uint32_t i : features) {
      for (uint32_t f = 0; f < kFactors; ++f) {
        move(r.v[i][f], slope_along(before, factor_of, i, f, batch) / rows, settings.factors, i, f);
      }
      move(r.w[i], slope_along(before, linear_of, i, 0, batch) / rows, settings.linear, i,
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

  Settings settings;
  int t = 0;
  double mean[kFeatures + 1][kFactors + 1] = {};
  double square[kFeatures + 1][kFactors + 1] = {};
};

void expect_near(const Model& model, const Reference& reference, double tolerance) {
  EXPECT_NEAR(model.bias, reference.w0, tolerance);
  for (uint64_t i = 0; i < kFeatures; ++i) {
    EXPECT_NEAR(model.linear(i), reference.w[i], tolerance) << i;
    for (uint32_t f = 0; f < kFactors; ++f) {
      EXPECT_NEAR(model.row(i)[f], reference.v[i][f], tolerance) << i << ", " << f;
    }
  }
}

TEST_P(SolverOf, AdamAgreesWithADoublePrecisionReference) {
  Settings s = settings(9);
  s.clip_gradient = 0.5;
  Model model(GetParam(), kFeatures, kFactors);
  initialize(model, s);
  Reference reference(model);
  ReferenceAdam reference_adam(s);
  Adam adam(model, s, 1);
  for (unsigned step = 0; step < 40; ++step) {
    const RowBatch batch = make_batch(3, classes(), 100 + step);
    reference_adam.step(reference, batch);
    adam.step(batch);
  }
  expect_near(model, reference, 3e-4);
}

// Example after example, the outputs of a block computed with the weights and factors as they were
// when the kDelay blocks before it had not moved them yet.
struct ReferenceDescent {
  void sweep(Reference& r, const RowBatch& batch) {
    std::deque<std::pair<size_t, Reference>> blocks;
    for (size_t first = 0; first < batch.size(); first += block_rows(batch, first, batch.size())) {
      blocks.emplace_back(first, r);
      if (blocks.size() > kDelay) {
        use(r, batch, blocks.front().first, blocks.front().second);
        blocks.pop_front();
      }
    }
    for (const auto& [first, old] : blocks) use(r, batch, first, old);
  }

  void use(Reference& r, const RowBatch& batch, size_t first, const Reference& old) {
    for (size_t at = first; at < first + block_rows(batch, first, batch.size()); ++at) {
      const std::vector<double> x = dense(batch.row(at));
      Reference mixed = old;
      mixed.w0 = r.w0;
      double slope = mixed.raw(x) - batch.label(at);
      if (r.type == PredictorType::binary_classifier) {
        slope = 1 / (1 + std::exp(-mixed.raw(x))) - batch.label(at);
      }
      move(r.w0, slope, settings.bias, kFeatures, 0);
      for (const uint32_t i : batch.row(at).indices) {
        move(r.w[i], slope * x[i], settings.linear, i, kFactors);
        for (uint32_t f = 0; f < kFactors; ++f) {
          double sum = 0;
          for (uint64_t j = 0; j < kFeatures; ++j) sum += old.v[j][f] * x[j];
          move(r.v[i][f], slope * x[i] * (sum - r.v[i][f] * x[i]), settings.factors, i, f);
        }
      }
    }
  }

  void move(double& parameter, double slope, const TermSettings& term, uint64_t i, uint32_t f) {
    slope += term.weight_decay * parameter;
    double divisor = 1;
    if (settings.solver == Solver::adagrad) {
      squares[i][f] += slope * slope;
      divisor = std::sqrt(1 + squares[i][f]);
    }
    parameter -= term.learning_rate * slope / divisor;
  }

  Settings settings;
  double squares[kFeatures + 1][kFactors + 1] = {};
};

TEST_P(SolverOf, DescentAgreesWithADoublePrecisionReference) {
  for (const Solver solver : {Solver::sgd, Solver::adagrad}) {
    Settings s = settings(9);
    s.solver = solver;
    Model model(GetParam(), kFeatures, kFactors);
    initialize(model, s);
    Reference reference(model);
    ReferenceDescent reference_descent{s};
    const RowBatch batch = make_batch(5 * kBlockRows + 5, classes(), 21);
    Descent descent(model, s, 1);
    constexpr std::array<uint32_t, 1> kAll = {0};
    for (int epoch = 0; epoch < 3; ++epoch) {
      const Tally tally = descent.sweep(batch, kAll, batch.size());
      EXPECT_EQ(tally.rows, batch.size());
      EXPECT_TRUE(tally.finite);
      reference_descent.sweep(reference, batch);
    }
    expect_near(model, reference, 2e-4);
  }
}

// Rows of many features, so that the units differ and the threads have something to share.
RowBatch wide_batch(size_t rows, uint32_t features, bool classes) {
  std::mt19937 generator(5);
  RowBatch batch;
  for (size_t at = 0; at < rows; ++at) {
    for (int i = 0; i < 6; ++i) {
      batch.indices.push_back(static_cast<uint32_t>(generator() % features));
      batch.values.push_back(static_cast<float>(generator() % 100) / 100);
    }
    batch.order_open_row();
    batch.end_row(static_cast<float>(generator() % 2) * (classes ? 1 : 3));
  }
  return batch;
}

// As many steps as it takes to work alone and together both.
void step_by_adam(Model& model, const Settings& s, unsigned threads,
                  const std::vector<RowBatch>& batches) {
  Adam adam(model, s, threads);
  for (size_t step = 0; step < 12; ++step) adam.step(batches[step % batches.size()]);
}

// Of features that occur often enough for each thread to work on a copy of its factors, and of
// others; for as many sweeps as it takes to try both ways, alone and together.
TEST_P(SolverOf, DescentDoesNotDependOnTheNumberOfThreads) {
  constexpr int kSweeps = 12;
  for (const uint64_t features : {60u, 500u}) {
    const RowBatch batch = wide_batch(240, static_cast<uint32_t>(features), classes());
    for (const uint32_t factors : {5u, 16u, 64u, 100u}) {
      for (const Solver solver : {Solver::sgd, Solver::adagrad}) {
        std::optional<Model> first;
        for (const unsigned threads : {1u, 2u, 3u, 4u}) {
          Settings s = settings(2);
          s.solver = solver;
          Model model(GetParam(), features, factors);
          initialize(model, s);
          constexpr std::array<uint32_t, 3> kStarts = {80, 0, 160};
          Descent descent(model, s, threads);
          for (int sweep = 0; sweep < kSweeps; ++sweep) descent.sweep(batch, kStarts, 80);
          if (!first) first = model;
          EXPECT_TRUE(model == *first) << factors << " factors, " << threads << " threads";
        }
      }
    }
  }
}

// Rows of ones as many as of other values, of few features and of more than a cache nearby holds
// the linear weights of, in batches that grow.
TEST_P(SolverOf, AdamDoesNotDependOnTheNumberOfThreads) {
  for (const uint32_t features : {40u, 3000u, 70000u}) {
    const Settings s = settings(2);
    Model drawn(GetParam(), features, 52);
    initialize(drawn, s);
    for (const bool ones : {false, true}) {
      std::vector<RowBatch> batches;
      for (const size_t rows : {50, 51, 57, 300}) {
        batches.push_back(wide_batch(rows, features, classes()));
        if (ones) std::fill(batches.back().values.begin(), batches.back().values.end(), 1.0f);
      }
      std::optional<Model> first;
      for (const unsigned threads : {1u, 2u, 3u, 4u}) {
        Model model = drawn;
        step_by_adam(model, s, threads, batches);
        if (!first) first = model;
        EXPECT_TRUE(model == *first) << features << " features, " << threads << " threads";
      }
    }
  }
}

// The model after five sweeps over the batch, with rates and starts scaled to it.
Model swept(const Settings& settings, double scale, const RowBatch& batch) {
  Starts starts;
  const Settings own = scaled(settings, scale, row_lengths(batch), starts);
  Model model(PredictorType::regressor, kFeatures, kFactors);
  initialize(model, settings);
  model.bias = 0;
  for (uint64_t i = 0; i < kFeatures; ++i) {
    model.linear(i) = 0;
    for (uint32_t f = 0; f < kFactors; ++f) model.row(i)[f] *= starts.factors_enlarged;
  }
  Descent descent(model, own, 1, starts);
  constexpr std::array<uint32_t, 1> kAll = {0};
  for (int epoch = 0; epoch < 5; ++epoch) descent.sweep(batch, kAll, batch.size());
  return model;
}

// Labels in another unit give the same model in that unit.
TEST(Descent, DoesNotDependOnTheUnitOfTheLabels) {
  constexpr float kUnit = 64;
  const RowBatch small = make_batch(400, false, 3);
  RowBatch large;
  for (size_t at = 0; at < small.size(); ++at) {
    const RowView row = small.row(at);
    large.indices.insert(large.indices.end(), row.indices.begin(), row.indices.end());
    large.values.insert(large.values.end(), row.values.begin(), row.values.end());
    large.end_row(small.label(at) * kUnit);
  }
  for (const Solver solver : {Solver::sgd, Solver::adagrad}) {
    Settings s = settings(1);
    s.solver = solver;
    std::vector<Model> models;
    for (const RowBatch* batch : {&small, static_cast<const RowBatch*>(&large)}) {
      models.push_back(swept(s, label_scale(PredictorType::regressor, *batch), *batch));
    }
    for (size_t at = 0; at < small.size(); ++at) {
      EXPECT_NEAR(predict(models[0].view(), small.row(at)),
                  predict(models[1].view(), small.row(at)) / kUnit, 2e-4);
    }
  }
}

// Rows of features that are c times as large give the same model of features that are.
TEST(Descent, DoesNotDependOnTheLengthOfTheRows) {
  constexpr float kUnit = 4;
  RowBatch long_rows = make_batch(400, false, 3);
  for (float& value : long_rows.values) value *= kUnit;
  const RowBatch short_rows = make_batch(400, false, 3);
  for (const Solver solver : {Solver::sgd, Solver::adagrad}) {
    Settings s = settings(1);
    s.solver = solver;
    std::vector<Model> models;
    for (const RowBatch* batch : {&short_rows, static_cast<const RowBatch*>(&long_rows)}) {
      models.push_back(swept(s, 1, *batch));
    }
    for (size_t at = 0; at < short_rows.size(); ++at) {
      EXPECT_NEAR(predict(models[0].view(), short_rows.row(at)),
                  predict(models[1].view(), long_rows.row(at)), 2e-4);
    }
  }
}

// A price of 40,000 among ones moves its weight and its factors no further than is of use.
TEST(Descent, BearsRowsThatAreVeryMuchLongerThanOthers) {
  RowBatch rows;
  Generator generator(6);
  for (uint32_t at = 0; at < 3000; ++at) {
    const double price = at % 500 == 7 ? 40000 : 1 + generator.uniform();
    rows.indices.insert(rows.indices.end(), {at % 20, 20 + at % 30, 50});
    rows.values.insert(rows.values.end(), {1, 1, static_cast<float>(price)});
    rows.end_row(static_cast<float>((at % 20) * 0.1 + generator.normal() * 0.1));
  }
  Settings s = test::settings_of(Solver::sgd, PredictorType::regressor, 51, 8, 20);
  s.linear.learning_rate = s.factors.learning_rate = s.bias.learning_rate = 0.01;
  s.linear.weight_decay = 0.02;
  s.factors.weight_decay = 0.05;
  test::Listener listener;
  const Result<Model> model = test::run(solve_descent, s, rows, listener);
  ASSERT_TRUE(model) << model.error().message;
  RowBatch usual;  // Nobody can say what so large a price will do.
  for (size_t at = 0; at < rows.size(); ++at) {
    const RowView row = rows.row(at);
    if (row.values.back() > 2) continue;
    usual.indices.insert(usual.indices.end(), row.indices.begin(), row.indices.end());
    usual.values.insert(usual.values.end(), row.values.begin(), row.values.end());
    usual.end_row(rows.label(at));
  }
  EXPECT_LT(test::loss_on(*model, usual), 0.2);
  EXPECT_TRUE(listener.notes.empty());
}

TEST(Descent, BeginsAnewWithSmallerRatesWhereTheyAreTooLarge) {
  const test::Planted planted(PredictorType::regressor, 40, 4000, 3);
  Settings s = test::settings_of(Solver::sgd, PredictorType::regressor, 40, 4, 60);
  s.linear.learning_rate = s.factors.learning_rate = s.bias.learning_rate = 0.5;
  s.linear.weight_decay = s.factors.weight_decay = 0.001;
  test::Listener listener;
  const Result<Model> model = test::run(solve_descent, s, planted.split.train, listener);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_FALSE(listener.notes.empty());
  EXPECT_LT(test::loss_on(*model, planted.split.test), 2 * test::Planted::kNoise);
  s.linear.learning_rate = 1e30;
  EXPECT_FALSE(test::run(solve_descent, s, planted.split.train, listener));
}

TEST(Descent, SaysWhereItDiverges) {
  RowBatch batch = make_batch(200, false, 3);
  Settings s = settings(1);
  s.solver = Solver::sgd;
  s.linear.learning_rate = 1e30;
  for (const unsigned threads : {1u, 2u}) {
    Model model(PredictorType::regressor, kFeatures, 40);
    initialize(model, s);
    Descent descent(model, s, threads);
    constexpr std::array<uint32_t, 1> kAll = {0};
    EXPECT_FALSE(descent.sweep(batch, kAll, batch.size()).finite);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, SolverOf,
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
  const Settings s = settings(1);
  Adam adam(model, s, 1);
  adam.step(batch);
  for (uint64_t i = 0; i < kFeatures; ++i) {
    const bool same = std::equal(model.row(i), model.row(i) + kFactors, before.row(i)) &&
                      model.linear(i) == before.linear(i);
    EXPECT_EQ(same, i != 2) << i;
  }
}

TEST(Adam, RescalesTheSumWhereAsked) {
  Settings s = settings(1);
  s.rescale_gradient = 0;  // Then only the decay moves, and it is off.
  s.bias.weight_decay = s.linear.weight_decay = s.factors.weight_decay = 0;
  Model model(PredictorType::regressor, kFeatures, kFactors);
  initialize(model, s);
  const Model before = model;
  Adam adam(model, s, 1);
  adam.step(make_batch(5, false, 2));
  EXPECT_EQ(model, before);
}

// Where features have more numbers than a vector of places has room for, they move one by one.
TEST(Adam, MovesLinearWeightsOfAnyNumberOfFeaturesAlike) {
  constexpr std::array<uint32_t, 37> kPlaces = [] {
    std::array<uint32_t, 37> places{};
    for (uint32_t at = 0; at < places.size(); ++at) places[at] = at * 5 % 37;
    return places;
  }();
  const AdamStep step{0.1f, 0.01f, 1, 1e-8f, 0.9f, 0.999f};
  std::vector<std::vector<float>> all;
  for (const uint64_t count : {uint64_t{37}, uint64_t{1} << 31}) {
    std::vector<float> weights(37, 0.5f);
    std::vector<float> moments(74);
    std::vector<float> gradients(37);
    for (size_t at = 0; at < gradients.size(); ++at) gradients[at] = static_cast<float>(at) - 9;
    for (int round = 0; round < 3; ++round) {
      step_adam_linear({weights.data(), moments.data(), count}, kPlaces, gradients.data(), step);
    }
    weights.insert(weights.end(), moments.begin(), moments.end());
    all.push_back(weights);
  }
  EXPECT_NE(all[0][0], 0.5f);
  EXPECT_EQ(all[0], all[1]);
}

TEST(Initialize, DrawsWhatTheMethodSays) {
  Settings s = settings(11);
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
    largest = std::max<double>(largest, std::abs(model.linear(i)));
    linear += model.linear(i);
  }
  EXPECT_NEAR(sum / 8000, 0, 0.005);
  EXPECT_NEAR(std::sqrt(squares / 8000), 0.1, 0.005);
  EXPECT_LE(largest, 0.5);
  EXPECT_GT(largest, 0.45);
  EXPECT_NEAR(linear / 2000, 0, 0.03);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
