// The solver that SageMaker's Factorization Machines uses by default: mini-batch Adam (Kingma and
// Ba 2015) over the mean gradient of a batch, lazy as MXNet's sparse Adam is: the moments and the
// weight decay of a feature move only in batches in which the feature occurs. One count of steps
// serves the bias correction of all parameters.
//
// Single-threaded and deterministic: the same settings and batches give the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

struct Initializer {
  enum class Method : uint8_t { normal, uniform, constant };
  Method method = Method::normal;
  double argument = 0;  // Sigma, scale or value.
};

// Of one of the three terms: bias, linear weights, factors.
struct TermSettings {
  Initializer initializer;
  double learning_rate = 0;
  double weight_decay = 0;
};

struct SolverSettings {
  TermSettings bias;
  TermSettings linear;
  TermSettings factors;
  double epsilon = 1e-8;
  std::optional<double> clip_gradient;
  std::optional<double> rescale_gradient;  // Of the sum; without it, 1 / rows of the batch.
  uint64_t seed = 0;
};

// Draws every parameter from its initializer; depends on the seed only.
void initialize(Model& model, const SolverSettings& settings);

// The gradient of the loss, summed over the rows of a batch, by feature that occurs in it. The
// loss is 1/2 (y - label)^2 or the cross-entropy; both have the derivative score - label.
class Gradient {
 public:
  explicit Gradient(const Model& model);

  // Replaces the gradient by that of `batch`, and `raw` by the outputs of the model for its rows.
  void compute(const Model& model, const RowBatch& batch, std::vector<float>& raw);

  float bias() const { return bias_; }
  std::span<const uint32_t> features() const { return touched_; }
  // Of features()[slot], laid out as Model::row().
  const float* row(size_t slot) const { return rows_.data() + slot * stride_; }

 private:
  uint32_t slot(uint32_t feature);

  size_t stride_;
  float bias_ = 0;
  std::vector<uint32_t> slots_;    // By feature; kNone where it has not occurred.
  std::vector<uint32_t> touched_;  // By slot.
  std::vector<float> rows_;        // By slot.
  std::vector<float> sums_;
  std::vector<float> squares_;
};

class Adam {
 public:
  Adam(const Model& model, const SolverSettings& settings);

  // Moves the parameters by one step along a gradient of `rows` rows.
  void step(Model& model, const Gradient& gradient, size_t rows);

 private:
  struct Term {
    float rate;  // With the bias correction of this step.
    float decay;
  };
  void move(Term term, float gradient, float& parameter, float& mean, float& square) const;
  void move(Term term, const float* gradient, float* parameter, float* mean, float* square,
            size_t count) const;

  SolverSettings settings_;
  uint64_t steps_ = 0;
  float scale_ = 1;
  float clip_;
  float bias_mean_ = 0;
  float bias_square_ = 0;
  std::vector<float> means_;    // First moments, laid out as the model's rows.
  std::vector<float> squares_;  // Second moments.
};

}  // namespace millrace::ml::factorization_machines
